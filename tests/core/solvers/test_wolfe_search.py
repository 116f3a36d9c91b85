"""The Wolfe line search."""

import numpy as np
import pytest

from lr_pipeline.core.solvers.wolfe_search import wolfe_search


class Along:
    """A function of one variable and its derivative."""

    def __init__(self, value, slope):
        self.f, self.slope = value, slope

    def value(self, w):
        """f(t)."""
        return float(self.f(w[0]))

    def value_gradient(self, w):
        """f(t) and its derivative."""
        return float(self.f(w[0])), np.array([self.slope(w[0])])


FUNCTIONS = {
    "far": Along(lambda t: (t - 1e4) ** 2, lambda t: 2 * (t - 1e4)),
    "near": Along(lambda t: (t - 1e-6) ** 2, lambda t: 2 * (t - 1e-6)),
    "wall": Along(lambda t: np.inf if t > 0.01 else -t + 50 * t * t, lambda t: -1 + 100 * t),
    "bent": Along(lambda t: np.cosh(5 * t) - 3 * t, lambda t: 5 * np.sinh(5 * t) - 3),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_step_found_satisfies_both_conditions(name):
    """The value falls by 1e-4 of what the slope predicts or more, and the slope to 0.9 or less."""
    function, start, direction = FUNCTIONS[name], np.zeros(1), np.ones(1)
    value, gradient = function.value_gradient(start)
    step = wolfe_search(function, start, value, gradient, direction)
    assert step.value <= value + 1e-4 * step.length * gradient[0]
    assert step.gradient[0] >= 0.9 * gradient[0]
    assert step.w[0] == step.length


def test_no_step_is_found_without_end():
    """On a line that falls forever no step meets the second condition, and the search ends."""
    line = Along(lambda t: -t, lambda t: -1.0)
    assert wolfe_search(line, np.zeros(1), 0.0, -np.ones(1), np.ones(1)) is None
