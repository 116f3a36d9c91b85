"""The mathematics: likelihoods, solvers, existence, certificates, inference.

It imports numpy and scipy only: no I/O, no logging, no clock, no other folder of the package.
"""
