"""Whether the maximum-likelihood estimate exists: verdicts compared with exact geometry."""

from itertools import combinations
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import lr_pipeline
from lr_pipeline.core.columns.classes import count_classes
from lr_pipeline.core.columns.rank import analyse_columns
from lr_pipeline.core.columns.standardize import standardized
from lr_pipeline.core.existence.existence import (
    Existence,
    SeparationError,
    Verdict,
    assess_existence,
    search_separation,
)
from lr_pipeline.core.existence.rows_on_hyperplane import RowsOnHyperplane
from lr_pipeline.core.existence.separation import find_separation
from lr_pipeline.core.logistic.penalties.firth import Firth
from lr_pipeline.core.rows import Rows, gather, largest
from lr_pipeline.core.solvers.result import Status
from lr_pipeline.engines.memory import ArrayRows
from tests.core.tables import (
    breast_cancer,
    nearly_separated,
    one_positive,
    overlapping,
    spector,
    undamped_newton_diverges,
)


def assess(X, y, weight=None):
    """The verdict on arrays or lists."""
    return assess_existence(ArrayRows(np.ascontiguousarray(X, float), np.array(y, float), weight))


def margins(existence, X, y):
    """(2y − 1) (b₀ + xᵀb) of each row, and the sum of its terms' absolute values."""
    b = np.zeros(X.shape[1])
    b[list(existence.separating_columns)] = existence.separating_direction
    size = abs(existence.separating_intercept) + np.abs(X).max(axis=0) @ np.abs(b)
    return (2 * y - 1) * (existence.separating_intercept + X @ b), size


def exact_verdict(X, y):
    """The verdict for integers in a plane, by all lines through two points; None if degenerate."""
    A = [(2 * int(t) - 1) * np.array([1, int(a), int(b)]) for (a, b), t in zip(X, y, strict=True)]
    A = np.array(A, dtype=object)
    if np.linalg.matrix_rank(A.astype(float)) < 3:
        return None
    total = np.zeros(3, dtype=object)
    for i, j in combinations(range(len(A)), 2):
        u, v = A[i], A[j]
        normal = np.array(
            [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]]
        )
        for b in (normal, -normal):
            if b.any() and (A @ b >= 0).all():
                total = total + b
    if not total.any():
        return Verdict.UNIQUE
    if (A @ total > 0).all():
        return Verdict.COMPLETE_SEPARATION
    return Verdict.QUASI_COMPLETE_SEPARATION


points = st.lists(
    st.tuples(st.integers(-3, 3), st.integers(-3, 3), st.booleans()), min_size=4, max_size=14
)


@settings(max_examples=40)
@given(points)
def test_verdicts_agree_with_exact_geometry_in_the_plane(rows):
    """On tables of small integers all extreme lines can be tried in exact arithmetic."""
    X = np.array([(a, b) for a, b, _ in rows], dtype=float)
    y = np.array([float(t) for _, _, t in rows])
    expected = exact_verdict(X, y)
    assume(expected is not None and 0 < y.sum() < len(y))
    found = assess(X, y)
    assert found.verdict is expected
    if found.separated:
        margin, size = margins(found, X, y)
        assert (margin >= -1e-14 * size).all()
        assert np.sum(margin > 1e-13 * size) == found.separated_rows


@settings(max_examples=20)
@given(points)
def test_looking_at_few_rows_at_first_changes_no_verdict(rows):
    """Programs that start with three rows and add one at a time give the verdict of all rows."""
    X = np.array([(a, b) for a, b, _ in rows], dtype=float)
    y = np.array([float(t) for _, _, t in rows])
    expected = exact_verdict(X, y)
    assume(expected is not None and 0 < y.sum() < len(y))
    table = ArrayRows(X, y)
    with patch.multiple("lr_pipeline.core.existence.separation", FIRST_ROWS=3, MORE_ROWS=1):
        assert search_separation(table, analyse_columns(table)).verdict is expected


@settings(max_examples=8)
@given(points)
def test_newtons_proof_and_the_linear_program_agree(rows):
    """Both methods give the same verdict."""
    X = np.array([(a, b) for a, b, _ in rows], dtype=float)
    y = np.array([float(t) for _, _, t in rows])
    assume(0 < y.sum() < len(y))
    table = ArrayRows(X, y)
    assert (
        search_separation(table, analyse_columns(table)).verdict is assess_existence(table).verdict
    )


@pytest.mark.parametrize(
    "table",
    [overlapping, spector, one_positive, undamped_newton_diverges, nearly_separated],
    ids=lambda table: table.__name__,
)
def test_tables_with_a_finite_estimate_are_not_called_separated(table):
    """Ordinary, rare, outlying and narrowly overlapping labels all have an estimate."""
    assert assess(*table()) == Existence(Verdict.UNIQUE)


def test_all_columns_of_breast_cancer_separate_it_completely():
    """The direction found separates all 569 rows strictly, checked in the table's own units."""
    X, y = breast_cancer()
    found = assess(X, y)
    assert found.verdict is Verdict.COMPLETE_SEPARATION
    assert found.separated_rows == 569
    margin, size = margins(found, X, y)
    assert (margin > 1e-13 * size).all()


@pytest.mark.parametrize("gap", [1e-3, 1e-6, 1e-9])
def test_a_gap_is_told_from_an_overlap(gap):
    """Classes that are ``gap`` apart are separated, and classes that overlap by ``gap`` are not."""
    X, y = nearly_separated(gap)
    assert assess(X, y).verdict is Verdict.UNIQUE
    X[29], X[30] = -gap, gap
    found = assess(X, y)
    assert found.verdict is Verdict.COMPLETE_SEPARATION
    assert found.separating_columns == (0,)
    assert found.separating_direction[0] > 0


@pytest.mark.parametrize("gap", np.logspace(-14, -6, 9))
@pytest.mark.parametrize("apart", [True, False])
def test_what_rounding_leaves_in_doubt_is_neither_claimed_nor_denied(gap, apart):
    """For every gap or overlap, however narrow, the verdict is right or undecided."""
    X = np.random.default_rng(1).standard_normal((60, 1))
    y = (X[:, 0] > 0).astype(float)
    X[:, 0] += np.where(y > 0, 0.5, -0.5)
    low, high = int(np.argmin(y)), int(np.argmax(y))
    X[low], X[high] = (-gap / 2, gap / 2) if apart else (gap / 2, -gap / 2)
    verdict = assess(X, y).verdict
    if verdict is Verdict.UNDECIDED:
        assert gap < 1e-8
    else:
        assert verdict is (Verdict.COMPLETE_SEPARATION if apart else Verdict.UNIQUE)


def test_where_rounding_leaves_it_in_doubt_firth_stands_in_and_nothing_else_converges():
    """For classes 1e-12 apart, maximum likelihood does not converge, and ``auto`` uses Firth."""
    X, y = nearly_separated(0.0)
    X[29], X[30] = -5e-13, 5e-13
    assert assess(X, y) == Existence(Verdict.UNDECIDED)
    plain = lr_pipeline.fit_logistic(X, y)
    assert plain.existence == Existence(Verdict.UNDECIDED)
    assert plain.status is not Status.CONVERGED
    assert plain.certificate.standard_errors == np.inf
    stand_in = lr_pipeline.fit_logistic(X, y, penalty="auto")
    assert stand_in.existence == plain.existence
    assert stand_in.penalty == Firth()
    assert stand_in.status is Status.CONVERGED


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_a_dummy_of_one_class_separates_partly(scale):
    """Where all rows of a category have label 0, its coefficient goes to −∞; others stay finite."""
    X, y = overlapping()
    dummy = np.zeros(len(y))
    dummy[np.flatnonzero(y == 0)[:9]] = 1.0
    found = assess(np.column_stack([X, scale * dummy]), y)
    assert found.verdict is Verdict.QUASI_COMPLETE_SEPARATION
    assert found.separating_columns == (3,)
    assert found.separating_direction[0] < 0
    assert found.separated_rows == 9


def two_dummies(seed, others=0):
    """Two rare categories of one class each, after other columns, among rows of both classes."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(3, 8_000, p=[0.965, 0.015, 0.02])
    y = np.where(kind == 0, rng.random(len(kind)) < 0.5, kind == 2)
    noise = rng.normal(size=(len(kind), others))
    return np.column_stack([noise, kind == 1, kind == 2]).astype(float), y.astype(float), kind


@pytest.mark.parametrize("seed", range(6))
def test_many_equal_rows_on_the_hyperplane_hide_no_separation(seed):
    """Thousands of equal rows of the other categories stay on the hyperplane, to rounding."""
    X, y, kind = two_dummies(seed)
    found = assess(X, y)
    assert found.verdict is Verdict.QUASI_COMPLETE_SEPARATION
    assert found.separated_rows == np.sum(kind > 0)


def searched(X, y):
    """The verdict, and the number of columns in each search for a separation."""
    with patch(
        "lr_pipeline.core.existence.existence.find_separation", wraps=find_separation
    ) as search:
        found = assess(X, y)
    return found, [call.args[0].num_columns for call in search.call_args_list]


@pytest.mark.parametrize(("rows", "columns"), [(300, 5), (2678, 5), (2678, 20), (6000, 20)])
@pytest.mark.parametrize("seed", range(3))
def test_a_copy_that_differs_in_one_row_separates_that_row(rows, columns, seed):
    """The difference of both columns is zero to rounding in all other rows."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((rows, columns))
    y = (rng.random(rows) < 1 / (1 + np.exp(-0.1 * X.sum(axis=1)))).astype(float)
    X[:, -1] = X[:, 1]
    X[rows // 2, -1] += 1.0
    existence = assess(X, y)
    assert existence.verdict is Verdict.QUASI_COMPLETE_SEPARATION
    assert existence.separating_columns == (1, columns - 1)
    assert existence.separated_rows == 1


def test_only_columns_whose_coefficients_run_are_searched():
    """A fit of the rows left on the hyperplane proves that no other column separates more."""
    X, y, kind = two_dummies(seed=1, others=8)
    found, columns = searched(X, y)
    assert columns == [2]
    assert found.separating_columns == (8, 9)
    assert found.separated_rows == np.sum(kind > 0)
    rows = ArrayRows(X, y)
    full = search_separation(rows, analyse_columns(rows))
    assert (found.verdict, found.separated_rows) == (full.verdict, full.separated_rows)


def test_all_columns_are_searched_where_those_that_run_leave_rows_to_separate():
    """A column of one row grows so much slower than another that it is not a suspect."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(5_000, 6))
    X[:, 0] = 0.0
    X[:, 1] *= rng.random(len(X)) < 0.3
    y = np.where(X[:, 1] != 0, X[:, 1] > 0, rng.random(len(X)) < 0.5).astype(float)
    X[0, :2], y[0] = (1.0, 0.0), 1.0
    found, columns = searched(X, y)
    assert columns == [1, 6]
    assert found.verdict is Verdict.QUASI_COMPLETE_SEPARATION
    assert found.separating_columns == (0, 1)
    assert found.separated_rows == np.sum(X[:, 1] != 0) + 1


@pytest.mark.parametrize("suspects", [(0,), (1,), (2,), (0, 2)])
def test_wrong_suspects_change_no_verdict(suspects):
    """Wrong suspects cost one search, and then all columns are searched."""
    X, y, kind = two_dummies(seed=2, others=1)
    rows = ArrayRows(X, y)
    found = search_separation(rows, analyse_columns(rows), suspects)
    assert found.verdict is Verdict.QUASI_COMPLETE_SEPARATION
    assert found.separated_rows == np.sum(kind > 0)


def test_rows_on_a_hyperplane_are_rows():
    """They are rows like an engine's; those off the hyperplane have zero weight."""
    X, y = np.array([[0.0, 1], [1, 2], [0, 3]]), np.array([0.0, 1, 1])
    rows = ArrayRows(X, y, np.array([2.0, 3, 4]))
    at = standardized(analyse_columns(rows), (0,), minimum_norm=False)
    on_hyperplane = RowsOnHyperplane(rows, at, at.from_table(0.0, np.array([1.0, 0.0])))
    assert isinstance(on_hyperplane, Rows)
    assert (on_hyperplane.num_rows, on_hyperplane.num_columns) == (3, 2)
    np.testing.assert_array_equal(gather(on_hyperplane).X, X[[0, 2]])
    np.testing.assert_array_equal(gather(on_hyperplane).weight, [2.0, 4.0])
    assert largest(on_hyperplane, lambda block: float(block.weight.max())) == 4.0
    assert on_hyperplane.hold(gather(rows)).num_rows == 3


def test_dependent_columns_are_named():
    """A sum of two columns and a constant one are dependent; the estimate is not unique."""
    X, y = overlapping()
    found = assess(np.column_stack([X, X[:, 0] + X[:, 1], np.full(len(y), 5.0)]), y)
    assert found == Existence(Verdict.NOT_UNIQUE, dependent_columns=(3, 4))


def test_a_separated_table_may_have_dependent_columns_too():
    """The verdict is separation, and the dependent column is named as well."""
    x = np.array([-2.0, -1, 1, 2])
    found = assess(np.column_stack([x, 3 * x]), [0, 0, 1, 1])
    assert found.verdict is Verdict.COMPLETE_SEPARATION
    assert (found.separating_columns, found.dependent_columns) == ((0,), (1,))


def test_without_columns_the_intercept_alone_exists():
    """A table of labels only has a unique estimate."""
    assert assess(np.empty((5, 0)), [0, 1, 1, 0, 1]).verdict is Verdict.UNIQUE


def test_rows_of_zero_weight_do_not_count():
    """The two rows that make the classes overlap have zero weight, so that no estimate exists."""
    X, y = nearly_separated()
    weight = np.ones(len(y))
    weight[[29, 30]] = 0.0
    assert assess(X, y, weight).verdict is Verdict.COMPLETE_SEPARATION
    weight[[29, 30]] = 1e-6
    assert assess(X, y, weight).verdict is Verdict.UNIQUE


@pytest.mark.parametrize(
    ("y", "weight", "message"),
    [
        ([0.0] * 4, None, "found 4 of label 0 and 0 of label 1"),
        ([1.0, 1, 1, 0], [1.0, 1, 1, 0], "found 0 of label 0 and 3 of label 1"),
        ([0.0, 1, 2, 1], None, "labels must be 0 or 1, found 1 rows"),
    ],
)
def test_one_class_alone_and_other_labels_are_refused(y, weight, message):
    """The message has the counts; a row of zero weight does not count as a class."""
    rows = ArrayRows(np.ones((4, 1)), np.array(y), None if weight is None else np.array(weight))
    with pytest.raises(ValueError, match=message):
        count_classes(rows)


def test_the_error_names_columns_signs_and_remedy():
    """The message says which coefficients go where, how many rows are separated, and what to do."""
    existence = Existence(Verdict.QUASI_COMPLETE_SEPARATION, (1, 2), (-3.0, 0.5), 0.0, 12)
    error = SeparationError(existence, ["age", "sex", "city"])
    for part in ("partly (12 rows)", "'sex' to −∞, 'city' to +∞", "penalty auto or firth"):
        assert part in str(error)
    assert error.existence is existence
    many = Existence(Verdict.COMPLETE_SEPARATION, tuple(range(9)), (1.0,) * 9, 0.0, 5)
    assert "column 5 to +∞, and 3 more" in str(SeparationError(many))
