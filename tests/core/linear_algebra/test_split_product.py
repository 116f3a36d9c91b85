"""Products of matrices, compared with exact rational arithmetic."""

from fractions import Fraction

import numpy as np
import pytest

from lr_pipeline.core.linear_algebra.split_product import split_product


def exact_product(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """A B, rounded once."""
    rows, columns = A.tolist(), B.T.tolist()
    return np.array(
        [
            [
                float(sum(Fraction(a) * Fraction(b) for a, b in zip(r, c, strict=True)))
                for c in columns
            ]
            for r in rows
        ]
    )


@pytest.mark.parametrize("bits", [53, 80, 110])
def test_the_error_is_that_of_the_bits_asked_for(bits: int) -> None:
    """It is 2^−bits of the largest terms and one rounding, for entries of different magnitudes."""
    rng = np.random.default_rng(3)
    A = rng.standard_normal((30, 7)) * 10.0 ** rng.uniform(-4, 0, (30, 7))
    B = rng.standard_normal((7, 5)) * 10.0 ** rng.uniform(-4, 0, (7, 5))
    expected = exact_product(A, B)
    largest = np.abs(A).max(axis=1)[:, None] * np.abs(B).max(axis=0)
    bound = 16 * 7 * 2.0**-bits * largest + 2.0**-53 * np.abs(expected)
    assert (np.abs(split_product(A, B, bits) - expected) <= bound).all()


def test_cancellation_costs_no_digit() -> None:
    """A table of condition 1e10 times the inverse of its factor is orthonormal to rounding."""
    rng = np.random.default_rng(4)
    U, _, Vt = np.linalg.svd(rng.standard_normal((40, 6)), full_matrices=False)
    A = U * 10.0 ** -np.linspace(0, 10, 6) @ Vt
    W = np.linalg.inv(np.linalg.qr(A, mode="r"))
    expected = exact_product(A, W)
    assert np.abs(split_product(A, W, 53 + 34 + 8) - expected).max() < 1e-15
    assert np.abs(A @ W - expected).max() > 1e-8  # the error of an ordinary product


def test_rows_of_zeros_and_no_rows_are_ordinary() -> None:
    """Zeros stay zeros."""
    A, B = np.array([[0.0, 0.0], [1.0, 2.0]]), np.array([[3.0], [4.0]])
    assert split_product(A, B, 90).tolist() == [[0.0], [11.0]]
    assert split_product(np.zeros((0, 2)), B, 90).shape == (0, 1)
