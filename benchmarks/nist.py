"""Correct digits of the eleven NIST linear regression sets: numpy, scikit-learn, statsmodels, ours.

Run from the repository's root: ``python -m benchmarks.nist``. A cell is the smallest number of
correct digits over the coefficients (and, after the bar, over the standard errors) of a set,
against the exact 40-digit solution of its float64 design. 0 means none, 17 all digits of float64,
and "-" that a package does not give the value.
"""

import warnings
from collections.abc import Callable, Sequence
from decimal import Decimal

import numpy as np
from sklearn.linear_model import LinearRegression

from lr_pipeline.core.least_squares.linear_fit import fit_linear
from lr_pipeline.engines.memory import ArrayRows
from tests.reference.linear_sets import NAMES, LinearSet, correct_digits, load

Estimates = tuple[Sequence[float], Sequence[float] | None]


def design(data: LinearSet) -> np.ndarray:
    return np.column_stack([np.ones(len(data.X)), data.X]) if data.intercept else data.X


def numpy_lstsq(data: LinearSet) -> Estimates:
    return np.linalg.lstsq(design(data), data.y, rcond=None)[0], None


def scikit_learn(data: LinearSet) -> Estimates:
    fitted = LinearRegression(fit_intercept=data.intercept).fit(data.X, data.y)
    return [fitted.intercept_, *fitted.coef_][not data.intercept :], None


def statsmodels_ols(data: LinearSet) -> Estimates:
    import statsmodels.api as sm

    fitted = sm.OLS(data.y, design(data)).fit()
    return fitted.params, fitted.bse


def ours(data: LinearSet) -> Estimates:
    fitted = fit_linear(ArrayRows(data.X, data.y), data.intercept)
    if not data.intercept:
        return fitted.coefficients, fitted.standard_errors
    return (
        [fitted.intercept, *fitted.coefficients],
        [fitted.intercept_standard_error, *fitted.standard_errors],
    )


def fewest_digits(found: Sequence[float] | None, exact: Sequence[Decimal]) -> str:
    if found is None:
        return "-"
    digits = min(correct_digits(a, b) for a, b in zip(found, exact, strict=True))
    return f"{max(digits, 0.0):.1f}"


def main() -> None:
    solvers: dict[str, Callable[[LinearSet], Estimates]] = {
        "numpy lstsq": numpy_lstsq,
        "scikit-learn": scikit_learn,
        "statsmodels": statsmodels_ols,
        "lr_pipeline": ours,
    }
    warnings.simplefilter("ignore")  # statsmodels on exact fits and large condition numbers
    print("Fewest correct digits: coefficients | standard errors")
    print(f"{'':10s}" + "".join(f"{name:>16s}" for name in solvers))
    for name in NAMES:
        data = load(name)
        cells = []
        for solve in solvers.values():
            coefficients, errors = solve(data)
            first = fewest_digits(coefficients, data.coefficients)
            second = fewest_digits(errors, data.standard_errors)
            cells.append(f"{first:>4s} | {second:>4s}")
        print(f"{name:10s}" + "".join(f"{cell:>16s}" for cell in cells))


if __name__ == "__main__":
    main()
