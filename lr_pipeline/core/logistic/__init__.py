"""Logistic regression as sums over rows.

docs/notation.md defines the symbols. Read the files in this order:

- ``loss``: the log loss of one row as a function of its log odds z, and its derivatives.
- ``textbook_kernel``: loss, gradient and Hessian summed over a block, one equation each.
- ``kernel``: the protocol that every kernel implements.
- ``fast_kernel``: the kernel of ordinary fits; it computes the same sums faster.
- ``sums``: the kernel's sums over all rows of a table, in standardized columns.
- ``penalties``: maximum likelihood, ridge, log-F and Firth, one file each.
- ``objective``: the penalised mean log loss that solvers minimise.

``row_scores`` is for predictions: equal rows get scores of the same bits.
"""
