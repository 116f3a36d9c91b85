"""Coordinates: the same predictions in the table's units and in standardized columns."""

import numpy as np
import pytest

from lr_pipeline.core.columns.rank import analyse_columns
from lr_pipeline.core.columns.standardize import orthonormal, standardized, table_units
from lr_pipeline.core.rows import gather
from lr_pipeline.engines.memory import ArrayRows
from tests.core.tables import near_duplicate, overlapping


def dependent_table():
    """Column 2 = column 0 + 2 · column 1, column 4 is constant; scales are very different."""
    X, y = overlapping()
    X = np.column_stack(
        [X[:, 0], X[:, 1], X[:, 0] + 2 * X[:, 1], 1e3 * X[:, 2], np.full(len(y), 7.0)]
    )
    return X, y


def predictions(intercept, coefficients, X):
    """Intercept + X β."""
    return intercept + X @ coefficients


@pytest.mark.parametrize("build", ["table", "standardized", "orthonormal"])
@pytest.mark.parametrize("table", [dependent_table, overlapping, lambda: near_duplicate(1e-5)])
def test_predictions_survive_the_way_there_and_back(build, table):
    """Parameters and rows in new coordinates give the same predictions, also mapped back."""
    X, y = table()
    rows = ArrayRows(X, y, block_rows=50)
    analysis = analyse_columns(rows)
    coordinates = {
        "table": lambda: table_units(analysis, tuple(range(X.shape[1])), True),
        "standardized": lambda: standardized(analysis, analysis.independent, True),
        "orthonormal": lambda: orthonormal(analysis, True),
    }[build]()
    beta = np.random.default_rng(2).standard_normal(X.shape[1])
    w = coordinates.from_table(0.7, beta)
    expected = predictions(0.7, beta, X)
    size = 1.0 + np.abs(X) @ np.abs(beta)
    inside = gather(coordinates.rows(rows)).X
    np.testing.assert_allclose(w[0] + inside @ w[1:], expected, atol=1e-10 * size.max())
    np.testing.assert_allclose(
        predictions(*coordinates.to_table(w), X), expected, atol=1e-10 * size.max()
    )


def test_dependent_columns_get_the_least_norm():
    """The coefficients are numpy's pinv solution, the smallest with the same predictions."""
    X, y = dependent_table()
    analysis = analyse_columns(ArrayRows(X, y))
    coordinates = orthonormal(analysis, True)
    beta = np.array([1.0, -1.0, 0.5, 0.002, 3.0])
    _, least = coordinates.to_table(coordinates.from_table(0.1, beta))
    centred = X - X.mean(axis=0)
    expected = np.linalg.pinv(centred, rcond=1e-12) @ (centred @ beta)
    np.testing.assert_allclose(least, expected, atol=1e-11)
    assert np.linalg.norm(least) < np.linalg.norm(beta)


def test_a_near_duplicate_is_made_orthonormal_and_ordinary_columns_are_not():
    """Columns of correlation 1 − 1e-10 become orthonormal; uncorrelated ones are not combined."""
    X, y = near_duplicate(1e-5)
    rows = ArrayRows(X, y)
    Q = gather(orthonormal(analyse_columns(rows), True).rows(rows)).X
    np.testing.assert_allclose(Q.T @ Q / len(y), np.eye(4), atol=1e-8)
    X, y = overlapping()
    assert orthonormal(analyse_columns(ArrayRows(X, y)), True).B is None


@pytest.mark.parametrize(
    ("table", "diagonal"), [(dependent_table, False), (overlapping, True)], ids=["some", "all"]
)
def test_parameters_are_reported_in_the_units_of_the_table(table, diagonal):
    """M w equals intercept and coefficients; it is diagonal where no columns are combined."""
    X, y = table()
    coordinates = orthonormal(analyse_columns(ArrayRows(X, y)), True)
    reported = coordinates.reported()
    assert (reported.slopes.ndim == 1) == diagonal
    w = np.array([0.3, 1.0, -2.0, 0.5, 0.7])[: len(coordinates.columns) + 1]
    intercept, coefficients = coordinates.to_table(w)
    M = reported.matrix()
    np.testing.assert_allclose(M @ w, [intercept, *coefficients], rtol=1e-10)
    np.testing.assert_allclose(reported.sizes(w), np.abs(M) @ np.abs(w), rtol=1e-14)
