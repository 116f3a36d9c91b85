"""Conjugate gradients: solving by products with A alone (Nocedal & Wright, 2006, alg. 5.3)."""

from typing import NamedTuple

from lr_pipeline.core.types import LinearMap, Parameters


class Solution(NamedTuple):
    """A solution x, whether it meets the tolerance, and each v that was multiplied, with A v."""

    x: Parameters
    close: bool
    products: list[tuple[Parameters, Parameters]]


def conjugate_gradient(
    product: LinearMap,
    precondition: LinearMap,
    b: Parameters,
    tolerance: float,
    max_products: int,
) -> Solution:
    """Solve A x = b for a positive definite A.

    ``product``: v ↦ A v. ``precondition``: v ↦ B v, B near A⁻¹. The solution is close when the
    residual r = b − A x has √(rᵀ B r) ≤ tolerance · √(bᵀ B b).
    """
    x, r = 0.0 * b, b
    z = precondition(r)
    direction, square = z, float(r @ z)
    enough = tolerance**2 * square
    products: list[tuple[Parameters, Parameters]] = []
    for _ in range(max_products):
        if square <= enough:
            break
        Ad = product(direction)
        curvature = float(direction @ Ad)
        if not curvature > 0.0:  # below the rounding of A
            return Solution(x, False, products)
        products.append((direction, Ad))
        step = square / curvature
        x = x + step * direction
        r = r - step * Ad
        z = precondition(r)
        square, before = float(r @ z), square
        direction = z + (square / before) * direction
    return Solution(x, square <= enough, products)
