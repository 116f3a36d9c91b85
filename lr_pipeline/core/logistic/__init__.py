"""Logistic regression as sums over rows: the loss, its derivatives, kernels and penalties.

Read ``loss``, then ``fast_kernel``, ``sums`` and ``objective``; docs/notation.md has the symbols.
"""
