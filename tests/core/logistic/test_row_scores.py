"""Scores of rows: they are right, and have the same bits for equal rows."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from lr_pipeline.core.logistic.loss import log_loss, sigmoid
from lr_pipeline.core.logistic.row_scores import RowForms, score_rows

EPSILON = 2.0**-52
seeds = st.integers(0, 2**32 - 1)
widths = st.integers(0, 40) | st.just(130)


def different_rows(rng, n, d):
    """Rows of several magnitudes and signs, with some entries 0 or whole."""
    X = rng.standard_normal((n, d)) * 10.0 ** rng.integers(-6, 7, (1, d))
    return np.where(rng.random((n, d)) < 0.2, np.round(X), X)


def covariance(rng, p, rank):
    """A covariance (p, p) of this rank, with a different unit for each column."""
    root = rng.standard_normal((max(rank, 1), p)) * 10.0 ** rng.integers(-3, 4, p)
    return root.T @ root


def bits(values):
    """The bits of the numbers, which distinguish 0 from −0."""
    return np.asarray(values).view(np.uint64)


def layouts(X):
    """The same rows stored by rows, by columns, strided, unaligned, and in reverse order."""
    n, d = X.shape
    spread = np.full((3 * n, d + 2), np.nan)
    spread[::3, 1:-1] = X
    buffer = np.empty(8 * n * d + 1, np.uint8)[1:].view(np.float64).reshape(n, d)
    buffer[:] = X
    backwards = np.ascontiguousarray(X[::-1])[::-1]
    return np.ascontiguousarray(X), np.asfortranarray(X), spread[::3, 1:-1], buffer, backwards


def scorers(rng, d):
    """Functions for a model of d columns: scores z of rows, and the roots of their forms."""
    center, scale = rng.standard_normal(d), 10.0 ** rng.uniform(-2, 2, d)
    w = rng.standard_normal(d + 1)
    forms = RowForms(covariance(rng, d + 1, int(rng.integers(0, d + 2))), center, scale)
    return [
        lambda X: score_rows(X, center, w),
        lambda X: sigmoid(score_rows(X, center, w)),
        lambda X: log_loss(score_rows(X, center, w), np.ones(len(X))),
        forms.of,
    ]


@given(seeds, widths, st.integers(1, 12), st.integers(1, 300))
def test_rows_that_are_alike_have_the_same_bits_anywhere(seed, d, kinds, n):
    """Order, block, layout and the other rows do not change a row's score."""
    rng = np.random.default_rng(seed)
    different = different_rows(rng, kinds, d)
    kind_of = rng.integers(0, kinds, n)
    for score in scorers(rng, d):
        alone = np.concatenate([score(different[k : k + 1]) for k in range(kinds)])
        expected = bits(alone[kind_of])
        for X in layouts(different[kind_of]):
            np.testing.assert_array_equal(bits(score(X)), expected)
        start, stop = sorted(rng.integers(0, n + 1, 2))
        part = different[kind_of][start:stop]
        np.testing.assert_array_equal(bits(score(part)), expected[start:stop])


@pytest.mark.parametrize("d", [3, 100])
def test_no_number_of_threads_changes_a_bit(d):
    """The test has so many rows that the BLAS starts threads."""
    rng = np.random.default_rng(d)
    X = different_rows(rng, 12_000, d)
    for score in scorers(rng, d):
        found = []
        for threads in (1, 2, 4):
            with threadpool_limits(threads, "blas"):
                found.append(bits(score(X)))
        np.testing.assert_array_equal(found[0], found[1])
        np.testing.assert_array_equal(found[0], found[2])


@given(seeds, st.integers(0, 12))
def test_scores_are_those_of_exact_arithmetic_to_their_roundings(seed, d):
    """|z − exact| ≤ (d + 2) ε Σ |terms|, with exact fractions."""
    rng = np.random.default_rng(seed)
    X, w, center = different_rows(rng, 4, d), rng.standard_normal(d + 1), rng.standard_normal(d)
    for x, z in zip(X, score_rows(X, center, w), strict=True):
        terms = [Fraction(w[0])] + [
            (Fraction(a) - Fraction(m)) * Fraction(b)
            for a, m, b in zip(x, center, w[1:], strict=True)
        ]
        size = sum(map(abs, terms))
        assert abs(Fraction(z) - sum(terms)) <= (d + 2) * Fraction(EPSILON) * size


@given(seeds, st.integers(0, 10), st.integers(0, 11))
def test_forms_are_those_of_exact_arithmetic(seed, d, rank):
    """Forms are right to 2⁻⁴⁰ of Σ C_jj x̃_j², for covariances of full rank or less."""
    rng = np.random.default_rng(seed)
    C = covariance(rng, d + 1, min(rank, d + 1))
    X = rng.standard_normal((3, d))
    found = RowForms(C, np.zeros(d), np.ones(d)).of(X)
    for x, form in zip(X, found, strict=True):
        v = [Fraction(1), *map(Fraction, x.tolist())]
        exact = sum(v[i] * v[j] * Fraction(C[i, j]) for i in range(d + 1) for j in range(d + 1))
        size = max(abs(one) for one in v) ** 2 * sum(Fraction(one) for one in np.diag(C))
        assert form >= 0.0
        assert abs(Fraction(form) - exact) <= Fraction(2.0**-40) * size


def test_minus_zero_scores_like_zero():
    """It holds for all signs of the coefficients, and for an intercept of −0."""
    X = np.array([[0.0, 0.0], [-0.0, 0.0], [0.0, -0.0], [-0.0, -0.0]])
    for intercept in (0.0, -0.0):
        for w in ([1.0, 2.0], [-1.0, 2.0], [-1.0, -2.0]):
            z = score_rows(X, np.zeros(2), np.array([intercept, *w]))
            np.testing.assert_array_equal(bits(z), bits(np.zeros(4)))


@given(seeds, st.integers(1, 70), st.integers(0, 7))
def test_transcendental_functions_do_not_depend_on_the_place(seed, n, shift):
    """The numbers stand next to huge and tiny ones, after the last whole vector, and strided."""
    rng = np.random.default_rng(seed)
    extreme = np.array([0.0, -0.0, 800.0, -800.0, 5e-324, 36.9, -745.2, 1e300])
    z = np.where(rng.random(n) < 0.3, rng.choice(extreme, n), 10.0 * rng.standard_normal(n))
    expected = np.concatenate([sigmoid(np.array([one])) for one in z])
    moved = np.concatenate([np.full(shift, 3.0), z])[shift:]
    strided = np.repeat(z, 3)[::3]
    for values in (z, moved, strided):
        np.testing.assert_array_equal(bits(sigmoid(values)), bits(expected))
