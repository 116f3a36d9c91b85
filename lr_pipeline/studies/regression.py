"""Least squares by formula, and the sigmoid (tutorial, "线性回归" and "逻辑回归").

The label itself is the dependent variable, so that the same rows show a line and the sigmoid of a
line as models of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lr_pipeline.core.existence.existence import SeparationError
from lr_pipeline.core.fitting.fit import fit_logistic
from lr_pipeline.core.least_squares.linear_fit import LinearFit, fit_linear
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.rows import Block, Rows
from lr_pipeline.core.types import ParameterMatrix, Parameters, RowVector
from lr_pipeline.engines.memory import ArrayRows
from lr_pipeline.report.canvas import picture
from lr_pipeline.studies.regression_figures import (
    draw_normal_equations,
    draw_residuals,
    draw_sigmoid,
)
from lr_pipeline.studies.study import Study

# Above this condition number of XᵀX, its inverse in float64 has fewer than two correct digits.
LARGEST_INVERTED_CONDITION = 1e14


@dataclass(frozen=True)
class SimpleRegression:
    """ŷ = β₀ + β₁ x, with the means and sums of the formula."""

    x_mean: float
    y_mean: float
    x_squares: float
    products: float
    slope: float
    intercept: float


@dataclass(frozen=True, eq=False)
class NormalEquations:
    """β = (X̃ᵀX̃)⁻¹ X̃ᵀy with x̃ = (1, x); ``parameters`` is None where X̃ᵀX̃ is singular.

    ``condition`` is that of X̃ᵀX̃, None if infinite.
    """

    condition: float | None
    parameters: Parameters | None


def regression_study(block: Block, columns: Sequence[str], feature: str | None = None) -> Study:
    """Regress the label on one column and on all.

    The one column is ``feature``, else the one with the largest correlation with the label.

    ``numbers``: ``simple`` (means, sums, slope, intercept, difference from the project's own),
    ``multiple`` (condition of X̃ᵀX̃ over all columns, dependent columns, and over the others the
    parameters by normal equations, by the project, and their largest difference), ``sigmoid``
    (slope and intercept of the logistic regression on the same column, None where it has none).
    Pictures: ``simple_regression``, ``multiple_regression``, ``sigmoid``.

    Raises
    ------
    ValueError
        The feature is unknown, or constant.
    """
    feature = feature or columns[most_correlated(block)]
    if feature not in columns:
        raise ValueError(f"feature must be one of {', '.join(columns)}, found {feature!r}")
    x = np.ascontiguousarray(block.X[:, columns.index(feature)])
    if np.ptp(x) == 0.0:
        raise ValueError(f"feature {feature!r} must vary, found {x[0]:g} in every row")
    one = ArrayRows(x[:, None], block.y)
    simple, linear = fit_simple(x, block.y), fit_linear(one)
    logistic = fit_sigmoid(one)
    multiple = compare_on_all(block, columns)
    numbers = {
        "feature": feature,
        "simple": vars(simple)
        | {
            "difference_from_project": max(
                abs(simple.slope - float(linear.coefficients[0])),
                abs(simple.intercept - linear.intercept),
            )
        },
        "multiple": multiple,
        "sigmoid": logistic and {"intercept": logistic[0], "slope": logistic[1]},
    }
    line = (simple.intercept, simple.slope)
    pictures = {
        "simple_regression": picture(draw_residuals(x, block.y, line, feature)),
        "multiple_regression": picture(draw_normal_equations(multiple["parameters"])),
        "sigmoid": picture(draw_sigmoid(x, block.y, line, logistic, feature)),
    }
    return Study(numbers, pictures)


def most_correlated(block: Block) -> int:
    """Return the column of the largest |Σ(x − x̄)(y − ȳ)| / √Σ(x − x̄)²; constant ones come last."""
    X, y = block.X - block.X.mean(axis=0), block.y - block.y.mean()
    lengths = np.linalg.norm(X, axis=0)
    varying = lengths > 0.0
    return int(np.argmax(np.where(varying, np.abs(y @ X), 0.0) / np.where(varying, lengths, 1.0)))


def fit_simple(x: RowVector, y: RowVector) -> SimpleRegression:
    """Compute β₁ = Σ(x − x̄)(y − ȳ) / Σ(x − x̄)² and β₀ = ȳ − β₁ x̄."""
    x_mean, y_mean = float(x.mean()), float(y.mean())
    x_squares = float(((x - x_mean) ** 2).sum())
    products = float(((x - x_mean) * (y - y_mean)).sum())
    slope = products / x_squares
    return SimpleRegression(
        x_mean, y_mean, x_squares, products, slope, intercept=y_mean - slope * x_mean
    )


def solve_normal_equations(rows: Rows) -> NormalEquations:
    """Form X̃ᵀX̃ and X̃ᵀy, sums over the rows, and multiply by the inverse.

    The condition number of X̃ᵀX̃ is the square of X̃'s. Therefore the project solves the same
    problem by orthogonal columns instead.
    """

    def sums(block: Block) -> tuple[ParameterMatrix, Parameters]:
        X = np.column_stack([np.ones(len(block.y)), block.X])
        return X.T @ X, X.T @ block.y

    gram, moments = rows.sum(sums)
    condition = float(np.linalg.cond(gram))
    if not condition < LARGEST_INVERTED_CONDITION:
        return NormalEquations(condition if np.isfinite(condition) else None, None)
    return NormalEquations(condition, np.linalg.inv(gram) @ moments)


def compare_on_all(block: Block, columns: Sequence[str]) -> dict[str, Any]:
    """Compare normal equations with ``fit_linear``, without columns that depend on others."""
    everything = ArrayRows(np.ascontiguousarray(block.X), block.y)
    dependent = fit_linear(everything).dependent_columns
    kept = [j for j in range(len(columns)) if j not in dependent]
    rows = ArrayRows(np.ascontiguousarray(block.X[:, kept]), block.y)
    ours, textbook = fit_linear(rows), solve_normal_equations(rows)
    names = ["(intercept)", *(columns[j] for j in kept)]
    parameters = _side_by_side(names, ours, textbook)
    differences = [
        abs(row["normal_equations"] - row["project"])
        for row in parameters
        if row["normal_equations"] is not None
    ]
    return {
        "condition_of_all_columns": solve_normal_equations(everything).condition,
        "dependent_columns": [columns[j] for j in dependent],
        "condition": textbook.condition,
        "parameters": parameters,
        "largest_difference": max(differences) if differences else None,
    }


def _side_by_side(
    names: Sequence[str], ours: LinearFit, textbook: NormalEquations
) -> list[dict[str, Any]]:
    project = [ours.intercept, *ours.coefficients.tolist()]
    formula = [None] * len(names) if textbook.parameters is None else textbook.parameters.tolist()
    return [
        {"name": name, "normal_equations": theirs, "project": own}
        for name, theirs, own in zip(names, formula, project, strict=True)
    ]


def fit_sigmoid(rows: Rows) -> tuple[float, float] | None:
    """Fit the logistic regression on one column: intercept and slope; None if separated."""
    try:
        fit = fit_logistic(rows, NumpyKernel())
    except SeparationError:
        return None
    return fit.intercept, float(fit.coefficients[0])
