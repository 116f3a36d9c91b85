"""Bounds on rounding: the one of few calls is no tighter than the general one."""

import numpy as np
import pytest

from lr_pipeline.core.certificate.curvature import Curvature
from lr_pipeline.core.certificate.rounding import (
    ColumnSizes,
    addition_error,
    coarse_bounds,
    parameter_rounding,
    plain_bounds,
)
from lr_pipeline.core.columns.standardize import Reported
from lr_pipeline.core.linear_algebra.cholesky import Factors


def fitted(seed, p=5):
    """Parameters, largest |x̃|, and the curvature of some rows at them."""
    rng = np.random.default_rng(seed)
    X = np.c_[np.ones(50), rng.standard_normal((50, p - 1)) * np.logspace(-2, 2, p - 1)]
    reported = Reported(np.eye(p)[0], np.ones(p - 1))
    curvature = Curvature.of(rng.standard_normal(p), Factors.of(X.T @ X), None, reported)
    return rng.standard_normal(p), np.abs(X).max(axis=0), curvature


@pytest.mark.parametrize("seed", range(5))
def test_bounds_of_few_calls_hold_wherever_the_general_ones_do(seed):
    """The gradient's at most twice as wide, the others the same but for rounding."""
    w, largest, curvature = fitted(seed)
    addition = addition_error(50, 1)
    general = coarse_bounds(
        w, curvature, ColumnSizes(largest, largest, largest, 0.0), 50.0, addition
    )
    root = np.linalg.norm(curvature.factor, axis=1)
    plain = plain_bounds(largest, np.abs(w), curvature.inverse_factor, root, 50.0, addition)
    assert general.gradient_error <= plain.gradient_error * (1 + 1e-12)
    assert plain.gradient_error <= 2.0 * general.gradient_error
    assert plain[1:] == pytest.approx(general[1:], rel=1e-12)


def test_the_rounding_of_parameters_leaves_constant_columns_out():
    """A coefficient that is always zero has no unit to be measured in."""
    w, _, curvature = fitted(0)
    full = parameter_rounding(w, curvature)
    slopes = np.vstack([np.eye(len(w) - 1), np.zeros(len(w) - 1)])
    reported = Reported(curvature.reported.intercept, slopes)
    H = curvature.factor @ curvature.factor.T
    more = Curvature.of(w, Factors.of(H), None, reported)
    assert 0.0 < full < 1e-12
    assert parameter_rounding(w, more) == pytest.approx(full)
