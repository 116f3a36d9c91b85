"""Logistic regression as sums over rows.

Read ``loss``, ``kernel``, ``sums``, ``objective`` and ``penalties``; docs/notation.md has the
symbols. ``fast_kernel`` is ``kernel`` once more, arranged for speed.
"""
