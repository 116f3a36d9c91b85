"""Newton's steps and those of gradient descent reach scipy's optimum at the stated speed."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import minimize

from lr_pipeline.core.rows import Block
from lr_pipeline.report.canvas import picture
from lr_pipeline.studies.newton_steps import MeanLoss, newton_steps
from lr_pipeline.studies.newton_steps_figure import draw_newton_steps


def block() -> Block:
    """Return sixty rows of two columns, one of small scale, so that a direction is flat."""
    rng = np.random.default_rng(5)
    X = rng.standard_normal((60, 2)) * [1.0, 0.3]
    y = (rng.random(60) < 1 / (1 + np.exp(-X @ [1.0, 2.0] - 0.3))).astype(float)
    return Block(X, y)


def optimum(rows: Block) -> np.ndarray:
    """Return the mean log loss's minimum by scipy, with its own objective."""
    A = np.column_stack([np.ones(len(rows.y)), rows.X])
    found = minimize(
        lambda w: np.mean(np.logaddexp(0.0, A @ w) - rows.y * (A @ w)),
        np.zeros(3),
        jac=lambda w: A.T @ (1 / (1 + np.exp(-A @ w)) - rows.y) / len(rows.y),
        tol=1e-14,
        method="BFGS",
        options={"gtol": 1e-12},
    )
    return found.x


def test_derivatives_are_those_of_the_loss() -> None:
    """Central differences of the value agree, up to the error of their step."""
    rows, w, h = block(), np.array([0.2, -0.4]), 1e-5
    loss = MeanLoss(rows.X, rows.y, np.full(60, 0.1))
    steps = h * np.eye(2)
    slope = [(loss.value(w + e) - loss.value(w - e)) / (2 * h) for e in steps]
    curved = [(loss.gradient(w + e) - loss.gradient(w - e)) / (2 * h) for e in steps]
    assert loss.gradient(w) == pytest.approx(slope, rel=1e-8)
    assert loss.hessian(w) == pytest.approx(np.array(curved), rel=1e-8)


def test_newton_squares_the_distance_and_descent_multiplies_it() -> None:
    """The needed steps are right up to the effect of the first part, which is not yet quadratic."""
    rows = block()
    found = newton_steps(rows, optimum(rows), rate=0.5, epochs=50)
    d = found.distances
    assert d[5] < 1e-7
    assert all(after < before**2 for before, after in pairwise(d[1:5]))
    steps, distance = found.descent.T
    assert steps[-1] == found.needed
    assert 1e-8 < distance[-1] / d[0] < 1e-4
    late = (distance[-1] / distance[-5]) ** (1 / (steps[-1] - steps[-5]))
    assert late == pytest.approx(1 - 0.5 * found.smallest, abs=1e-4)


def test_the_valley_is_the_loss_in_a_plane() -> None:
    """Its minimum is the origin, both paths have one start, and it is steeper upwards."""
    rows = block()
    found = newton_steps(rows, optimum(rows), rate=0.5, epochs=50)
    assert found.valley.gradient(np.zeros(2)) == pytest.approx([0.0, 0.0], abs=1e-8)
    assert (found.valley_descent[0] == found.valley_newton[0]).all()
    (flat, _), (_, steep) = found.valley.hessian(np.zeros(2))
    assert (flat, steep) == pytest.approx((found.smallest, found.largest))
    assert picture(draw_newton_steps(found, 0.5)).startswith(b"\x89PNG")
