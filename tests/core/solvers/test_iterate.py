"""The point that descends: in place and along the objective it is the same one."""

import mpmath
import numpy as np
import pytest

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.logistic.penalties.firth import Firth
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.logistic.penalties.ridge import Ridge
from lr_pipeline.core.solvers.iterate import FunctionIterate, InPlaceIterate, iterate_of
from lr_pipeline.engines.memory import ArrayRows
from tests.core.tables import overlapping

EPS = np.finfo(float).eps


def weighted_objective(penalty):
    """The overlapping table in blocks of 100 rows, its weights between 0 and 2."""
    X, y = overlapping()
    weight = np.random.default_rng(0).uniform(0.0, 2.0, len(y))
    return LogisticObjective(ArrayRows(X, y, weight, block_rows=100), NumpyKernel(), penalty)


@pytest.mark.parametrize(
    "penalty", [NoPenalty(), Ridge(2.0), Ridge(2.0, np.array([9.0, 1.0, 0.2]))]
)
@pytest.mark.parametrize("iterations", [500, pytest.param(5000, marks=pytest.mark.slow)])
def test_in_place_the_steps_are_those_along_the_objective(penalty, iterations):
    """The iterates agree to 1e-12, the value evaluated at some of them or not; so do the passes.

    The steps are below 2/L and magnify no error: 5,000 roundings of some eps each.
    """
    along, within = weighted_objective(penalty), weighted_objective(penalty)
    start = np.array([0.5, -1.0, 2.0, 0.3])
    reference, in_place = FunctionIterate(along, start), iterate_of(within, start)
    assert isinstance(in_place, InPlaceIterate)
    for iteration in range(iterations):
        if iteration % 100 == 0:
            (value, gradient), (found, slope) = (
                reference.value_gradient(),
                in_place.value_gradient(),
            )
            assert found == pytest.approx(value, rel=0, abs=1e-12)
            assert slope == pytest.approx(gradient, rel=0, abs=1e-12)
        reference.descend(0.1)
        in_place.descend(0.1)
    assert in_place.parameters == pytest.approx(reference.parameters, rel=0, abs=1e-12)
    assert along.passes == within.passes == iterations
    assert np.array_equal(start, [0.5, -1.0, 2.0, 0.3])


@pytest.mark.parametrize("z", [-800.0, -700.0, -40.0, -1e-9, 0.0, 3.0, 36.5, 40.0, 800.0])
@pytest.mark.parametrize("y", [0.0, 1.0])
def test_one_row_is_exact_in_place_for_any_z(z, y):
    """Loss and gradient to a few eps where p rounds to y; below 1e-308 the gradient may be 0."""
    rows = ArrayRows(np.array([[z]]), np.array([y]))
    objective = LogisticObjective(rows, NumpyKernel(), NoPenalty())
    with np.errstate(over="ignore"):
        loss, gradient = iterate_of(objective, np.array([0.0, 1.0])).value_gradient()
    with mpmath.workdps(400):
        exact_loss = float(mpmath.log1p(mpmath.exp(z)) - y * mpmath.mpf(z))
        residual = float(1 / (1 + mpmath.exp(-z)) - y)
    tiny = np.finfo(float).tiny
    assert loss == pytest.approx(exact_loss, rel=6 * EPS, abs=tiny * EPS)
    assert gradient == pytest.approx([residual, residual * z], rel=6 * EPS, abs=800 * tiny)


def test_other_objectives_are_descended_as_functions():
    """Firth's penalty and another kernel see every evaluation."""

    class OtherKernel(NumpyKernel):
        name = "other"

    X, y = overlapping()
    for objective in (
        weighted_objective(Firth()),
        LogisticObjective(ArrayRows(X, y), OtherKernel(), NoPenalty()),
    ):
        assert isinstance(iterate_of(objective, np.zeros(4)), FunctionIterate)
