"""The eleven NIST sets, compared with the exact solutions of their float64 designs."""

import numpy as np
import pytest

from lr_pipeline.core.columns.rank import analyse_columns
from lr_pipeline.core.least_squares.linear_fit import LinearFit, fit_linear
from lr_pipeline.engines.memory import ArrayRows
from tests.reference.linear_sets import NAMES, LinearSet, correct_digits, load

COEFFICIENT_DIGITS = 13
STANDARD_ERROR_DIGITS = 12


def fit(data: LinearSet, block_rows: int = 16_384) -> LinearFit:
    """Fit a set."""
    return fit_linear(ArrayRows(data.X, data.y, block_rows=block_rows), data.intercept)


def parameters(fitted: LinearFit, data: LinearSet) -> tuple[list[float], list[float]]:
    """Parameters and standard errors in the order of the certified ones."""
    assert fitted.standard_errors is not None
    values, errors = list(fitted.coefficients), list(fitted.standard_errors)
    if data.intercept:
        assert fitted.intercept_standard_error is not None
        values.insert(0, fitted.intercept)
        errors.insert(0, fitted.intercept_standard_error)
    return values, errors


def test_all_eleven_sets_are_here() -> None:
    """The parametrised tests below cannot pass because sets are missing."""
    assert len(NAMES) == 11


@pytest.mark.parametrize("block_rows", [16_384, 5])
@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_has_the_promised_digits(name: str, block_rows: int) -> None:
    """Each coefficient has 13, each standard error 12 digits of the exact solution."""
    data = load(name)
    values, errors = parameters(fit(data, block_rows), data)
    for found, exact in zip(values, data.coefficients, strict=True):
        assert correct_digits(found, exact) >= COEFFICIENT_DIGITS
    for found, exact in zip(errors, data.standard_errors, strict=True):
        assert correct_digits(found, exact) >= STANDARD_ERROR_DIGITS


@pytest.mark.parametrize("name", NAMES)
def test_the_residual_deviation_and_r_squared_are_right(name: str) -> None:
    """The deviation has 12 digits; R², a difference from 1, is right to 1e-14."""
    data = load(name)
    fitted = fit(data)
    assert fitted.residual_variance is not None
    deviation = np.sqrt(fitted.residual_variance)
    assert correct_digits(deviation, data.residual_deviation) >= STANDARD_ERROR_DIGITS
    assert fitted.r_squared == pytest.approx(float(data.r_squared), abs=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_no_set_is_called_rank_deficient(name: str) -> None:
    """All have full rank, also Filip's polynomial with a condition number of 5e9."""
    data = load(name)
    rows = ArrayRows(data.X, data.y)
    assert analyse_columns(rows, data.intercept).dependent == ()
    assert fit(data).unique


def test_numpy_has_no_digit_of_filip() -> None:
    """An ordinary solver fails, which shows that the tests above can fail."""
    data = load("filip")
    A = np.column_stack([np.ones(len(data.y)), data.X])
    found = np.linalg.lstsq(A, data.y, rcond=None)[0]
    digits = [correct_digits(b, exact) for b, exact in zip(found, data.coefficients, strict=True)]
    assert min(digits) < 1
