"""Location, scale and linear dependence of columns."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import make_classification

from lr_pipeline.core.columns.moments import moments_of
from lr_pipeline.core.columns.rank import ColumnAnalysis, analyse_by_information, analyse_columns
from lr_pipeline.core.linear_algebra.factors import Factors
from lr_pipeline.engines.memory import ArrayRows
from tests.core.any_order import ShuffledRows

UNIT_ROUNDOFF = 2.0**-53


def analyse(X: np.ndarray, weight: np.ndarray | None = None, **options: bool) -> ColumnAnalysis:
    """Analyse the columns of an array."""
    return analyse_columns(ArrayRows(X, np.zeros(len(X)), weight), **options)


def assert_null_space(X: np.ndarray, analysis: ColumnAnalysis) -> None:
    """Check that N is orthonormal and that (X − mean) N vanishes, to the rounding of its terms."""
    N = analysis.null_space
    assert N.shape == (X.shape[1], len(analysis.dependent))
    np.testing.assert_allclose(N.T @ N, np.eye(N.shape[1]), atol=1e-13)
    terms = np.abs(X).max(axis=0) @ np.abs(N)
    assert (np.abs((X - analysis.mean) @ N) <= 100 * UNIT_ROUNDOFF * terms).all()


@pytest.mark.parametrize("seed", range(30))
def test_redundant_columns_of_make_classification_are_found(seed: int) -> None:
    """Two of the default table's columns are combinations of two others, up to rounding."""
    X, _ = make_classification(n_samples=100, n_features=10, random_state=seed)
    analysis = analyse(X)
    assert len(analysis.dependent) == 2
    assert np.linalg.matrix_rank(X - X.mean(axis=0)) == 8
    assert_null_space(X, analysis)


def test_columns_are_named_from_left_to_right() -> None:
    """A constant is dependent, and of a sum and its terms the last column."""
    rng = np.random.default_rng(0)
    a, b, c = rng.standard_normal((3, 50))
    X = np.column_stack([a, np.full(50, 0.1), a + b, b, c, 3 * c - a + 7])
    analysis = analyse(X)
    assert analysis.dependent == (1, 3, 5)
    assert analysis.independent == (0, 2, 4)
    assert analysis.scale[1] == 1.0
    assert_null_space(X, analysis)


def test_every_dependence_among_many_columns_is_found() -> None:
    """Indicators of all of a hundred levels occur twice, among 150 other columns."""
    rng = np.random.default_rng(1)
    indicators = np.eye(100)[rng.integers(0, 100, 3000)]
    X = np.hstack([rng.standard_normal((3000, 150)), indicators, indicators[:, :30]])
    analysis = analyse(X)
    assert analysis.dependent == (249, *range(250, 280))
    assert_null_space(X, analysis)


@pytest.mark.parametrize("location", [0.0, 1.0, 1e9])
def test_scales_sixteen_orders_apart_hide_nothing_and_invent_nothing(location: float) -> None:
    """A combination of columns of scales 1e8 and 1e-8 is found, for every location."""
    rng = np.random.default_rng(2)
    scale = np.array([1e8, 1e-8, 1.0, 1e8])
    X = (rng.standard_normal((200, 4)) + location) * scale
    assert analyse(X).dependent == ()
    X[:, 3] = X[:, :3] @ (1 / scale[:3])
    analysis = analyse(X)
    assert analysis.dependent == (3,)
    assert_null_space(X, analysis)


@pytest.mark.parametrize("degree", [5, 9, 12])
def test_polynomials_are_of_full_rank(degree: int) -> None:
    """Powers of 1…30: the last one's correlation matrix has no right digit, but its factor has."""
    x = np.arange(1.0, 31.0)
    analysis = analyse(np.column_stack([x**k for k in range(1, degree + 1)]))
    assert analysis.dependent == ()
    if degree == 12:
        assert analysis.condition > 1e8


def test_a_column_that_differs_by_more_than_rounding_is_independent() -> None:
    """1e-12 of a deviation away from a duplicate is more than rounding; 1e-16 is not."""
    rng = np.random.default_rng(3)
    a, e = rng.standard_normal((2, 100))
    assert analyse(np.column_stack([a, a + 1e-12 * e])).dependent == ()
    assert analyse(np.column_stack([a, a + 1e-16 * e])).dependent == (1,)


def test_minimum_norm_is_the_pseudoinverse_solution_with_the_same_predictions() -> None:
    """It equals numpy's pinv solution of the centred table, and keeps all predictions."""
    X, _ = make_classification(n_samples=100, n_features=10, random_state=5)
    X = X * 10.0 ** np.arange(-2, 3).repeat(2) + 4.0
    rng = np.random.default_rng(5)
    coefficients = rng.standard_normal(10)
    intercept, smallest = analyse(X).minimum_norm(2.0, coefficients)
    np.testing.assert_allclose(intercept + X @ smallest, 2.0 + X @ coefficients, rtol=1e-10)
    centred = X - X.mean(axis=0)
    expected = np.linalg.pinv(centred, rcond=1e-12) @ (centred @ coefficients)
    np.testing.assert_allclose(smallest, expected, atol=1e-10)
    assert np.linalg.norm(smallest) < np.linalg.norm(coefficients)


def test_rows_of_zero_weight_do_not_count() -> None:
    """A dependence that only rows of zero weight break is found."""
    rng = np.random.default_rng(6)
    X = rng.standard_normal((60, 3))
    X[:50, 2] = X[:50, 0] + X[:50, 1]
    weight = np.r_[rng.uniform(1e-6, 1, 50), np.zeros(10)]
    assert analyse(X).dependent == ()
    analysis = analyse(X, weight)
    assert analysis.dependent == (2,)
    assert analysis.num_rows == 50
    np.testing.assert_allclose(analysis.mean, np.average(X, axis=0, weights=weight), rtol=1e-13)


@settings(deadline=None, max_examples=30)
@given(st.sets(st.integers(1, 39)), st.integers(0, 1000), st.booleans())
def test_no_split_and_no_order_of_the_rows_changes_the_analysis(
    cuts: set[int], seed: int, deficient: bool
) -> None:
    """Blocks of any length in any order give the same columns, moments and Gram matrix."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((40, 5)) @ rng.standard_normal((5, 5)) + 10
    if deficient:
        X[:, 3] = X[:, 0] - 2 * X[:, 1]
    whole = analyse(X)
    split = analyse_columns(ShuffledRows(X, np.zeros(40), None, tuple(cuts), seed))
    assert whole.dependent == split.dependent == ((3,) if deficient else ())
    np.testing.assert_allclose(split.mean, whole.mean, rtol=1e-14)
    np.testing.assert_allclose(split.scale, whole.scale, rtol=1e-13)
    gram = whole.factor.T @ whole.factor
    np.testing.assert_allclose(split.factor.T @ split.factor, gram, atol=1e-13)


def test_the_factor_is_that_of_the_correlation_matrix_of_the_independent_columns() -> None:
    """Cholesky finds the factor of a table of full rank, QR that of one of lower rank."""
    rng = np.random.default_rng(7)
    X = rng.standard_normal((80, 4)) @ rng.standard_normal((4, 4))
    for table in (X, np.column_stack([X[:, :2], X[:, 0], X[:, 2:]])):
        analysis = analyse(table)
        gram = analysis.factor.T @ analysis.factor
        np.testing.assert_allclose(gram, np.corrcoef(X.T), atol=1e-13)
        assert np.array_equal(analysis.factor, np.triu(analysis.factor))


def test_the_quick_way_and_the_careful_way_agree() -> None:
    """A dependent column needs the orthogonal factor; the others are as by their correlations."""
    rng = np.random.default_rng(8)
    X = rng.standard_normal((500, 6)) @ rng.standard_normal((6, 6)) + 3
    quick = analyse(X)
    careful = analyse(np.column_stack([X, X[:, 2]]))
    assert (quick.dependent, careful.dependent) == ((), (6,))
    assert quick.independent == careful.independent
    np.testing.assert_allclose(np.abs(quick.factor), np.abs(careful.factor), atol=1e-11)
    assert quick.condition == pytest.approx(careful.condition, rel=1e-9)


def test_fewer_rows_than_columns_leave_one_column_a_row_less_one() -> None:
    """Four rows, centred, have three independent columns; without an intercept four."""
    X = np.random.default_rng(9).standard_normal((4, 9))
    assert analyse(X).independent == (0, 1, 2)
    assert analyse(X, intercept=False).independent == (0, 1, 2, 3)
    assert analyse(X[:1]).independent == ()


def test_without_an_intercept_a_constant_column_is_like_any_other() -> None:
    """It is independent, no column is centred, and the null space is that of X itself."""
    rng = np.random.default_rng(10)
    a = rng.standard_normal(30)
    X = np.column_stack([np.full(30, 2.0), a, 5 + 3 * a])
    analysis = analyse(X, intercept=False)
    assert analysis.dependent == (2,)
    assert analysis.mean.tolist() == [0.0, 0.0, 0.0]
    assert np.abs(X @ analysis.null_space).max() < 1e-14
    assert analyse(X).dependent == (0, 2)


def test_a_table_without_columns_has_rank_zero() -> None:
    """Such a table has only an intercept to fit."""
    analysis = analyse(np.zeros((5, 0)))
    assert analysis.independent == analysis.dependent == ()
    assert analysis.minimum_norm(1.5, np.zeros(0))[0] == 1.5


def information_factors(X: np.ndarray) -> Factors:
    """Factors of Σ s x̃ x̃ᵀ / n for standardized columns, s between 0.01 and 1/4."""
    Z = np.column_stack([np.ones(len(X)), (X - X.mean(axis=0)) / X.std(axis=0)])
    s = np.random.default_rng(3).uniform(0.01, 0.25, len(X))
    factors = Factors.of((Z * s[:, None]).T @ Z / len(X) + 1e-14 * np.eye(Z.shape[1]))
    assert factors is not None
    return factors


def test_an_information_shows_independence_as_all_rows_do() -> None:
    """Columns, location and scale are the same; the factor is at most half the correlations'."""
    X = np.random.default_rng(0).standard_normal((500, 8)) * 10.0 ** np.arange(8) + 3.0
    found = analyse_by_information(moments_of(X), information_factors(X))
    assert found is not None
    expected = analyse(X)
    assert found.independent == expected.independent
    assert found.dependent == ()
    np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-14)
    np.testing.assert_allclose(found.scale, expected.scale, rtol=1e-12)
    assert (np.diag(found.factor) <= 0.5 * np.abs(np.diag(expected.factor)) + 1e-12).all()


@pytest.mark.parametrize("noise", [0.0, 1e-13, 1e-5])
def test_an_information_in_doubt_shows_nothing(noise: float) -> None:
    """A column that is, or nearly is, the sum of two others is left to the orthogonal factor."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((500, 8))
    X[:, 5] = X[:, 1] + X[:, 2] + noise * rng.standard_normal(500)
    assert analyse_by_information(moments_of(X), information_factors(X)) is None
