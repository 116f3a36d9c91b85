"""Many descents at once equal single ones."""

import numpy as np
import pytest

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.solvers import GradientDescent
from lr_pipeline.core.solvers.step_size import CosineDecay, FixedStep, StepDecay
from lr_pipeline.engines.memory import ArrayRows
from lr_pipeline.studies.simultaneous_descent import descend_together
from tests.core.tables import overlapping

STEP_SIZES = (FixedStep(0.1), FixedStep(3.0), StepDecay(1.0, 0.5, 20), CosineDecay(2.0, 100))


@pytest.mark.parametrize("weighted", [False, True])
def test_every_run_is_that_of_the_solver(weighted) -> None:
    """Losses agree at every step, in blocks of 33 rows, with and without weights."""
    X, y = overlapping()
    weight = np.arange(len(y)) % 3 + 0.5 if weighted else None
    rows = ArrayRows(X, y, weight, block_rows=33)
    together = descend_together(rows, STEP_SIZES, 100)
    for run, step_size in enumerate(STEP_SIZES):
        objective = LogisticObjective(rows, NumpyKernel(), NoPenalty())
        alone = GradientDescent(step_size, 100).minimize(objective, np.zeros(X.shape[1] + 1))
        losses = [point.value for point in alone.trace]
        np.testing.assert_allclose(together.loss[:, run], losses, rtol=1e-12)


def test_reversals_are_where_a_step_overshoots() -> None:
    """One column of ±1 and a symmetric label: the gradient has one dimension; its sign is the side.

    f(b) = ¾ log(1 + e^−b) + ¼ log(1 + e^b) has its minimum at b = log 3.
    """
    rows = ArrayRows(np.array([[1.0]] * 4 + [[-1.0]] * 4), np.array([1.0, 1, 1, 0, 0, 0, 0, 1]))
    descents = descend_together(rows, [FixedStep(1.0), FixedStep(8.0)], 50)
    below, above = descents.reversal.T
    assert not below.any()
    assert above[1] > 0.1
    assert above[-1] < 1e-3 * above[1]


def test_overflow_is_infinite_and_never_nan() -> None:
    """The rate makes the weights overflow float64."""
    X, y = overlapping()
    descents = descend_together(ArrayRows(X, y), [FixedStep(1e308), FixedStep(0.1)], 20)
    assert np.isinf(descents.loss[-1, 0])
    assert np.isfinite(descents.loss[:, 1]).all()
    assert not np.isnan(descents.reversal).any()
