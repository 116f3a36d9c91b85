"""The mathematics: likelihoods, solvers, existence, certificates, inference.

numpy and scipy alone; no I/O, no logging, no clock, nothing of the other rooms.
"""
