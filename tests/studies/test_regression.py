"""Formulas against numpy, scipy and scikit-learn."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from lr_pipeline.core.rows import Block
from lr_pipeline.engines.memory import ArrayRows
from lr_pipeline.studies.regression import (
    fit_sigmoid,
    fit_simple,
    most_correlated,
    regression_study,
    solve_normal_equations,
)
from lr_pipeline.studies.regression_figures import (
    draw_normal_equations,
    draw_residuals,
    draw_sigmoid,
)
from tests.core.tables import overlapping

NAMES = ["a", "b", "c"]


@pytest.fixture(scope="module")
def study():
    """Return the study of three columns, for which the estimate exists."""
    return regression_study(Block(*overlapping()), NAMES)


def test_the_simple_formula_by_hand() -> None:
    """With x = 1, 2, 3, 4 and y = 0, 0, 1, 1, Σ(x−x̄)(y−ȳ) = 2, Σ(x−x̄)² = 5."""
    fit = fit_simple(np.array([1.0, 2, 3, 4]), np.array([0.0, 0, 1, 1]))
    assert (fit.x_mean, fit.y_mean, fit.products, fit.x_squares) == (2.5, 0.5, 2.0, 5.0)
    assert (fit.slope, fit.intercept) == (0.4, -0.5)


def test_the_line_is_numpys(study) -> None:
    """It equals polyfit on the column most correlated with the label."""
    X, y = overlapping()
    strongest = int(np.argmax([abs(np.corrcoef(x, y)[0, 1]) for x in X.T]))
    assert study.numbers["feature"] == NAMES[strongest]
    slope, intercept = np.polyfit(X[:, strongest], y, 1)
    simple = study.numbers["simple"]
    assert simple["slope"] == pytest.approx(slope, rel=1e-12)
    assert simple["intercept"] == pytest.approx(intercept, rel=1e-12)
    assert simple["difference_from_project"] < 1e-14


def test_a_constant_column_is_not_the_most_correlated() -> None:
    """Neither is a column whose numbers are only large."""
    X, y = overlapping()
    wide = np.column_stack([np.ones(len(y)), X[:, 2] * 1e9, X[:, 0]])
    assert most_correlated(Block(wide, y)) == 2


def test_both_multiple_solutions_are_numpys(study) -> None:
    """They equal lstsq on (1, X); the largest difference between the two is reported."""
    X, y = overlapping()
    expected = np.linalg.lstsq(np.column_stack([np.ones(len(y)), X]), y, rcond=None)[0]
    multiple = study.numbers["multiple"]
    assert [row["name"] for row in multiple["parameters"]] == ["(intercept)", *NAMES]
    for solution in ("normal_equations", "project"):
        found = [row[solution] for row in multiple["parameters"]]
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    differences = [abs(r["normal_equations"] - r["project"]) for r in multiple["parameters"]]
    assert multiple["largest_difference"] == max(differences) < 1e-14
    assert multiple["dependent_columns"] == []


def test_dependent_columns_are_named_and_left_out() -> None:
    """XᵀX over all columns is singular in float64."""
    X, y = overlapping()
    wide = np.column_stack([X, X[:, 0] - 2 * X[:, 1]])
    multiple = regression_study(Block(wide, y), [*NAMES, "sum"]).numbers["multiple"]
    assert multiple["dependent_columns"] == ["sum"]
    assert multiple["condition_of_all_columns"] is None or (
        multiple["condition_of_all_columns"] > 1e15
    )
    assert multiple["condition"] < 10
    assert len(multiple["parameters"]) == 4


def test_where_the_inverse_has_no_digits_the_formula_has_no_answer() -> None:
    """Two columns differ by 1e-9: independent, but not in XᵀX, whose condition is squared."""
    X, y = overlapping()
    near = np.column_stack([X[:, 0], X[:, 0] + 1e-9 * X[:, 1]])
    solution = solve_normal_equations(ArrayRows(near, y))
    assert solution.parameters is None
    study = regression_study(Block(near, y), ["a", "b"])
    parameters = study.numbers["multiple"]["parameters"]
    assert [row["normal_equations"] for row in parameters] == [None] * 3
    assert all(np.isfinite(row["project"]) for row in parameters)
    assert study.numbers["multiple"]["largest_difference"] is None
    title = draw_normal_equations(parameters).axes[0].get_title("left")
    assert "no answer" in title


def test_the_sigmoid_is_the_logistic_regression_of_scikit_learn(study) -> None:
    """It is fitted on the same column, without a penalty."""
    X, y = overlapping()
    x = X[:, [NAMES.index(study.numbers["feature"])]]
    peer = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1_000).fit(x, y)
    assert study.numbers["sigmoid"]["slope"] == pytest.approx(peer.coef_[0, 0], rel=1e-4)
    assert study.numbers["sigmoid"]["intercept"] == pytest.approx(peer.intercept_[0], abs=1e-4)


def test_separated_classes_have_no_sigmoid() -> None:
    """It would be a step, and the picture says so."""
    x = np.array([-2.0, -1.0, 1.0, 2.0])
    y = np.array([0.0, 0.0, 1.0, 1.0])
    assert fit_sigmoid(ArrayRows(x[:, None], y)) is None
    assert regression_study(Block(x[:, None], y), ["x"]).numbers["sigmoid"] is None
    _, right = draw_sigmoid(x, y, (0.5, 0.3), None, "x").axes
    assert "separated" in right.get_title("left")


def test_residuals_are_drawn_from_the_line_to_the_label() -> None:
    """There is one vertical line for each row."""
    x, y = np.array([1.0, 2.0, 4.0]), np.array([0.0, 1.0, 1.0])
    (axes,) = draw_residuals(x, y, (0.1, 0.2), "x").axes
    strokes = axes.collections[0].get_segments()
    expected = [[[1, 0.3], [1, 0]], [[2, 0.5], [2, 1]], [[4, 0.9], [4, 1]]]
    np.testing.assert_allclose(strokes, expected)
    assert "Σ(y − ŷ)² = 0.3500" in axes.get_title("left")
    (legend,) = axes.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["label 0", "label 1"]


def test_a_column_must_be_known_and_vary() -> None:
    """The message lists the columns."""
    X, y = overlapping()
    with pytest.raises(ValueError, match="one of a, b, c, found 'd'"):
        regression_study(Block(X, y), NAMES, "d")
    flat = np.column_stack([X[:, :2], np.full(len(y), 7.0)])
    with pytest.raises(ValueError, match="'c' must vary, found 7 in every row"):
        regression_study(Block(flat, y), NAMES, "c")
