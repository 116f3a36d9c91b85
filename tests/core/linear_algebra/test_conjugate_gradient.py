"""Conjugate gradients: linear systems solved by products with a matrix."""

from functools import partial

import numpy as np
import pytest

from lr_pipeline.core.linear_algebra.conjugate_gradient import conjugate_gradient
from lr_pipeline.core.solvers.secant import SecantPairs


def system(k=30, condition=1e4, seed=0):
    """A positive definite matrix of known condition, and a right-hand side."""
    rng = np.random.default_rng(seed)
    Q = np.linalg.qr(rng.standard_normal((k, k)))[0]
    return (Q * np.logspace(0, np.log10(condition), k)) @ Q.T, rng.standard_normal(k)


def same(v):
    """No preconditioner."""
    return v


def test_the_solution_is_that_of_elimination():
    """With enough products, the preconditioned residual meets the tolerance."""
    A, b = system()
    x, close, _ = conjugate_gradient(lambda v: A @ v, same, b, 1e-10, 500)
    assert close
    assert np.linalg.norm(A @ x - b) <= 2e-10 * np.linalg.norm(b)
    np.testing.assert_allclose(x, np.linalg.solve(A, b), rtol=1e-5)


def test_a_perfect_preconditioner_needs_one_product():
    """With B = A⁻¹ the first direction is the solution."""
    A, b = system()
    solution = conjugate_gradient(lambda v: A @ v, lambda v: np.linalg.solve(A, v), b, 1e-6, 10)
    x, close, products = solution
    assert close
    assert len(products) == 1
    np.testing.assert_allclose(A @ x, b, atol=1e-9)


def test_products_of_one_system_precondition_the_next():
    """Used as secant pairs, they save products in a system with a nearly equal matrix."""
    A, b = system(condition=30.0)
    _, _, products = conjugate_gradient(lambda v: A @ v, same, b, 1e-8, 500)
    for v, Av in products:
        np.testing.assert_allclose(Av, A @ v, rtol=1e-12)
    pairs = SecantPairs(memory=len(products))
    for pair in products:
        pairs.add(*pair)
    c, near = b[::-1].copy(), A + 0.01 * np.eye(len(b))
    plain = conjugate_gradient(lambda v: near @ v, same, c, 1e-4, 500)
    helped = conjugate_gradient(lambda v: near @ v, partial(pairs.solve, same), c, 1e-4, 500)
    assert plain.close
    assert helped.close
    assert len(helped.products) < len(plain.products) / 2
    np.testing.assert_allclose(near @ helped.x, c, atol=1e-2)


@pytest.mark.parametrize("products", [0, 3])
def test_too_few_products_are_said_to_be_too_few(products):
    """The point reached is still a descent direction."""
    A, b = system()
    x, close, _ = conjugate_gradient(lambda v: A @ v, same, b, 1e-10, products)
    assert not close
    assert x @ b >= 0.0


def test_nothing_to_solve_takes_no_product():
    """The solution for zero is zero."""
    x, close, _ = conjugate_gradient(lambda v: pytest.fail("a product"), same, np.zeros(3), 0.1, 5)
    assert close
    assert not x.any()


def test_curvature_lost_in_rounding_ends_the_search():
    """There is no division by zero: the solution so far is returned, and not called close."""
    x, close, _ = conjugate_gradient(np.zeros_like, same, np.ones(3), 0.1, 5)
    assert not close
    assert not x.any()
