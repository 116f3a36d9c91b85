"""Linear regression by least squares (tutorial, "线性回归")."""

from dataclasses import dataclass
from math import inf, sqrt
from typing import Literal

import numpy as np

from lr_pipeline.core.certificate.distance import Certificate
from lr_pipeline.core.columns.rank import (
    ROUNDING_ERRORS_OF_MEAN,
    ColumnAnalysis,
    analyse_columns,
)
from lr_pipeline.core.least_squares.solution_error import (
    fitted_value_error,
    gaussian_log_likelihood,
    linear_certificate,
)
from lr_pipeline.core.least_squares.weighted_solution import LeastSquares, solve_least_squares
from lr_pipeline.core.limits import UNIT_ROUNDOFF
from lr_pipeline.core.linear_algebra.double_double import DoubleDouble
from lr_pipeline.core.rows import Block, Rows, counted_rows
from lr_pipeline.core.solvers.result import Status
from lr_pipeline.core.types import Columns, ParameterMatrix, RowVector

# The float64 solution is kept where the error of its fitted values is at most FLOAT64_ERROR times
# the residuals' deviation. It is not tried above LARGEST_FLOAT64_CONDITION, where large residuals
# could hide that coefficients lose more than a few digits.
FLOAT64_ERROR = 1e-12
LARGEST_FLOAT64_CONDITION = 1e3

Method = Literal["simple", "float64", "double-double"]


@dataclass(frozen=True)
class LinearFit:
    """ŷ = intercept + x · coefficients, with the smallest Σ w (y − ŷ)².

    ``coefficients`` and ``standard_errors`` (d,), per unit of each column. ``covariance`` (p, p):
    of the parameters, the intercept first, if there is one. Weights count rows: a row of weight 2
    stands for two. ``residual_variance`` = Σ w (y − ŷ)² / (Σ w − p), the unbiased estimate of the
    variance of the errors. ``r_squared`` = 1 − Σ w (y − ŷ)² / Σ w (y − ȳ)², without an intercept
    1 − Σ w (y − ŷ)² / Σ w y².
    ``num_rows``: rows of positive weight; ``degrees_of_freedom``: Σ w − p, None if not recorded.
    ``unique`` is False where columns depend linearly on those to their left, named in
    ``dependent_columns``; of all solutions, which predict alike, the coefficients are then those
    of smallest norm.
    ``condition``: condition number of the centred and scaled independent columns.
    ``method``: ``simple`` (the formula for one column), ``float64`` or ``double-double``.
    ``log_likelihood`` of normal errors, −n/2 (log(2π RSS / n) + 1) with n = Σ w and
    RSS = Σ w (y − ŷ)²: at its maximum, where σ² = RSS / n; infinite where RSS = 0.
    ``certificate`` and ``gradient_norm``: estimates, by formula and not by measurement, of how far
    rounding leaves the solution from the exact one (``fitted_value_error``). ``status`` and
    ``iterations`` are always converged and 0, since the solution is a closed form.

    ``None`` stands for what has no value: standard errors and covariance where the solution is
    not unique; these and the residual variance where Σ w ≤ p, which leaves no degrees of freedom;
    ``r_squared`` where y does not vary.
    """

    intercept: float
    coefficients: Columns
    standard_errors: Columns | None
    intercept_standard_error: float | None
    covariance: ParameterMatrix | None
    residual_variance: float | None
    r_squared: float | None
    num_rows: int
    unique: bool
    dependent_columns: tuple[int, ...]
    condition: float
    method: Method
    log_likelihood: float
    gradient_norm: float
    certificate: Certificate
    status: Status = Status.CONVERGED
    iterations: int = 0
    degrees_of_freedom: float | None = None


def fit_linear(
    rows: Rows, intercept: bool = True, analysis: ColumnAnalysis | None = None
) -> LinearFit:
    """Fit y ≈ intercept + x · coefficients by weighted least squares.

    One column with an intercept is fitted by the tutorial's formula in double-double arithmetic.
    More columns are fitted in float64, on centred columns made orthonormal by their triangular
    factor, not by the inverse of XᵀX. Where the condition number is above 1e3, or the error would
    not be below 1e-12 standard deviations of the residuals, the arithmetic is double-double: nearly
    all digits are then right, however ill-conditioned the table (``solve_least_squares``). It makes
    four to nine passes over the rows, two fewer with the ``analysis`` of the same rows.

    Raises
    ------
    ValueError
        As ``analyse_columns``: no row of positive weight, or a value that is not finite.
    """
    analysis = analyse_columns(rows, intercept) if analysis is None else analysis
    if intercept and rows.num_columns == 1 and not analysis.dependent:
        return _assemble(fit_simple_regression(rows), analysis, intercept, "simple")
    if analysis.condition <= LARGEST_FLOAT64_CONDITION:
        solution = solve_least_squares(rows, analysis, intercept, exact=False)
        if _float64_error(solution, analysis) <= FLOAT64_ERROR:
            return _assemble(solution, analysis, intercept, "float64")
    solution = solve_least_squares(rows, analysis, intercept, exact=True)
    return _assemble(solution, analysis, intercept, "double-double")


def fit_simple_regression(rows: Rows) -> LeastSquares:
    """Fit y = β₀ + β₁ x by least squares (tutorial, "简单线性回归的参数估计").

    β₁ = Σ w (x − x̄)(y − ȳ) / Σ w (x − x̄)² and β₀ = ȳ − β₁ x̄, in double-double arithmetic and
    two passes; x must not be constant.
    """
    weight, x_sum, y_sum = rows.sum(_sums)
    x_mean, y_mean = x_sum / weight, y_sum / weight

    def centred_products(block: Block) -> tuple[DoubleDouble, DoubleDouble, DoubleDouble]:
        x, y, w = _simple_columns(block)
        dx, dy = x - x_mean, y - y_mean
        return (dx * dx * w).sum(), (dx * dy * w).sum(), (dy * dy * w).sum()

    x_squares, products, y_squares = rows.sum(centred_products)
    slope = products / x_squares
    intercept = y_mean - slope * x_mean
    inverse = 1.0 / float(x_squares)
    covariance = -float(x_mean) * inverse
    return LeastSquares(
        parameters=np.array([float(intercept), float(slope)]),
        residual_squares=max(float(y_squares - slope * products), 0.0),
        inverse_gram=np.array(
            [[1.0 / float(weight) - float(x_mean) * covariance, covariance], [covariance, inverse]]
        ),
        response_mean=float(y_mean),
        response_squares=float(y_squares),
    )


def _simple_columns(block: Block) -> tuple[DoubleDouble, DoubleDouble, RowVector]:
    """The column, the response and the weights of the rows that count."""
    X, y, weight = counted_rows(block)
    return DoubleDouble(X[:, 0]), DoubleDouble(y), np.ones_like(y) if weight is None else weight


def _sums(block: Block) -> tuple[DoubleDouble, DoubleDouble, DoubleDouble]:
    """Σ w, Σ w x and Σ w y."""
    x, y, w = _simple_columns(block)
    return DoubleDouble(w).sum(), (x * w).sum(), (y * w).sum()


def _float64_error(solution: LeastSquares, analysis: ColumnAnalysis) -> float:
    """Error of the fitted values in float64, in standard deviations of the residuals."""
    if solution.residual_squares == 0.0:
        return inf
    response = solution.response_squares + analysis.total_weight * solution.response_mean**2
    return UNIT_ROUNDOFF * analysis.condition * sqrt(response / solution.residual_squares)


def _assemble(
    solution: LeastSquares, analysis: ColumnAnalysis, intercept: bool, method: Method
) -> LinearFit:
    """Return the fit of all columns from the independent columns' solution, with inference."""
    first = int(intercept)
    constant = float(solution.parameters[0]) if intercept else 0.0
    coefficients = np.zeros(len(analysis.mean))
    coefficients[list(analysis.independent)] = solution.parameters[first:]
    unique = not analysis.dependent
    if not unique:
        constant, coefficients = analysis.minimum_norm(constant, coefficients)
    freedom = analysis.total_weight - len(solution.parameters)
    variance = solution.residual_squares / freedom if freedom > 0 else None
    covariance = solution.inverse_gram * variance if unique and variance is not None else None
    errors = None if covariance is None else np.sqrt(np.diag(covariance))
    error = _fitted_value_error(solution, analysis, method)
    return LinearFit(
        intercept=constant,
        coefficients=coefficients,
        standard_errors=None if errors is None else errors[first:],
        intercept_standard_error=None if errors is None or not intercept else float(errors[0]),
        covariance=covariance,
        residual_variance=variance,
        r_squared=_r_squared(solution, analysis, intercept),
        num_rows=analysis.num_rows,
        unique=unique,
        dependent_columns=analysis.dependent,
        condition=analysis.condition,
        method=method,
        degrees_of_freedom=freedom,
        log_likelihood=gaussian_log_likelihood(solution.residual_squares, analysis.total_weight),
        gradient_norm=error,
        certificate=linear_certificate(
            error, analysis.total_weight, variance, solution.parameters, errors
        ),
    )


def _fitted_value_error(solution: LeastSquares, analysis: ColumnAnalysis, method: Method) -> float:
    """Root mean square of the error that the method leaves in the fitted values."""
    squares = solution.response_squares / analysis.total_weight + solution.response_mean**2
    return fitted_value_error(
        method,
        len(solution.parameters),
        analysis.condition,
        response=sqrt(squares),
        residual=sqrt(solution.residual_squares / analysis.total_weight),
    )


def _r_squared(solution: LeastSquares, analysis: ColumnAnalysis, intercept: bool) -> float | None:
    """Share of the response's squares, about its mean or about zero, that the fit explains."""
    of_mean = analysis.total_weight * solution.response_mean**2
    total = solution.response_squares + (0.0 if intercept else of_mean)
    varies = total > (ROUNDING_ERRORS_OF_MEAN * UNIT_ROUNDOFF) ** 2 * of_mean
    return 1.0 - solution.residual_squares / total if varies else None
