"""Where results live: immutable files, verified when they are read.

``atomic`` makes files appear whole or not at all; ``formats`` says how each type is written;
``artifacts`` names, hashes and verifies.
"""
