"""Matrix products without cancellation, at the speed of ordinary ones (Ozaki et al., 2012)."""

from math import ceil, log2

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.limits import PRECISION
from lr_pipeline.core.linear_algebra.double_double import two_sum


def split_product(
    A: Float64[np.ndarray, "n k"], B: Float64[np.ndarray, "k m"], bits: int
) -> Float64[np.ndarray, "n m"]:
    """Return A B, each entry to about 2^−bits max|row of A| max|column of B|, then rounded.

    Both matrices are cut into slices with few enough bits that the products of slices are exact in
    float64 arithmetic, in any order of its sums; the exact products are then added with their
    rounding errors. More than 53 ``bits`` therefore give more right digits where entries of A B are
    much smaller than the terms of their sums.
    """
    count, slice_bits = _slicing(bits, A.shape[1])
    B_slices = [part.T for part in _slices(B.T, slice_bits, count)]
    right = [np.vstack(B_slices[level::-1]) for level in range(count)]
    left = np.hstack(_slices(A, slice_bits, count))
    total, error = np.zeros((len(A), B.shape[1])), np.zeros((len(A), B.shape[1]))
    for factor in right:
        total, rounding = two_sum(total, left[:, : len(factor)] @ factor)
        error += rounding
    return np.asarray(total + error)


def _slicing(bits: int, length: int) -> tuple[int, int]:
    """How many slices of how many bits make up ``bits``, for exact inner products."""
    count = 1
    while True:
        slice_bits = (PRECISION - ceil(log2(max(count * length, 2)))) // 2
        if count * slice_bits >= bits:
            return count, slice_bits
        count += 1


def _slices(
    A: Float64[np.ndarray, "n k"], slice_bits: int, count: int
) -> list[Float64[np.ndarray, "n k"]]:
    """Matrices whose sum is A, of at most ``slice_bits`` bits below a row's largest entry each."""
    slices = []
    for _ in range(count):
        largest = np.max(np.abs(A), axis=1, keepdims=True, initial=0.0)
        anchor = np.ldexp(1.0, np.frexp(largest)[1] + (PRECISION - slice_bits))
        part = (A + anchor) - anchor
        slices.append(part)
        A = A - part
    return slices
