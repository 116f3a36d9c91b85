"""Learning rates."""

import numpy as np
import pytest

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.solvers.gradient_descent import GradientDescent
from lr_pipeline.core.solvers.step_size import (
    CosineDecay,
    ExponentialDecay,
    FixedStep,
    InverseTimeDecay,
    StepDecay,
    largest_stable_step,
)
from lr_pipeline.engines.memory import ArrayRows


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (FixedStep(0.1), [0.1, 0.1, 0.1]),
        (StepDecay(0.8, 0.5, every=10), [0.8, 0.4, 0.2]),
        (ExponentialDecay(1.0, np.log(2) / 10), [1.0, 0.5, 0.25]),
        (InverseTimeDecay(1.0, 0.1), [1.0, 1 / 2, 1 / 3]),
        (CosineDecay(1.0, 20), [1.0, 0.5, 0.0]),
        (CosineDecay(1.0, 10, floor=0.2), [1.0, 0.2, 0.2]),
    ],
)
def test_rates_decay_as_their_formulas_say(schedule, expected):
    """The rates at iterations 0, 10 and 20 are computed by hand."""
    np.testing.assert_allclose([schedule(k) for k in (0, 10, 20)], expected, atol=1e-15)


def test_the_largest_stable_step_is_where_descent_ends():
    """With the optimum at z = 0, 0.99 of the bound returns to it, and 1.01 moves away from it."""
    X = np.array([[3.0], [3.0], [-1.0], [-1.0]])
    rows = ArrayRows(X, np.array([0.0, 1, 0, 1]), weight=np.array([1.0, 1, 2, 2]), block_rows=2)
    bound = largest_stable_step(rows)
    # By hand: Σ w x̃x̃ᵀ = [[6, 2], [2, 22]], λ_max = 14 + √68, and 2 / (λ_max / (4 · 6)).
    assert bound == pytest.approx(48 / (14 + np.sqrt(68)), rel=1e-14)
    objective = LogisticObjective(rows, NumpyKernel(), NoPenalty())
    start = np.array([0.0, 1e-6])

    def distance_after(rate):
        return np.linalg.norm(GradientDescent(rate, 500).minimize(objective, start).parameters)

    assert distance_after(0.99 * bound) < 1e-9
    assert distance_after(1.01 * bound) > 1e-5
