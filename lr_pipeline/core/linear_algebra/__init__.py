"""Cholesky and triangular factors, conjugate gradients, products of twice the precision."""
