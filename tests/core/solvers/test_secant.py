"""Secant pairs."""

import numpy as np

from lr_pipeline.core.solvers.secant import SecantPairs


def test_pairs_along_every_axis_give_the_inverse_curvature():
    """On a quadratic, d conjugate steps give B = H⁻¹ from every initial B."""
    rng = np.random.default_rng(4)
    A = rng.standard_normal((4, 4))
    H = A @ A.T + np.eye(4)
    pairs = SecantPairs(memory=10)
    for direction in np.linalg.eigh(H)[1].T:
        pairs.add(direction, H @ direction)
    g = rng.standard_normal(4)
    np.testing.assert_allclose(pairs.solve(lambda v: 3.0 * v, g), np.linalg.solve(H, g), rtol=1e-12)


def test_pairs_of_negative_curvature_are_left_out():
    """With a pair of sᵀy < 0 the direction could be one of ascent."""
    pairs = SecantPairs(memory=10)
    pairs.add(np.ones(2), -np.ones(2))
    assert len(pairs.pairs) == 0
    assert pairs.scale() == 1.0
