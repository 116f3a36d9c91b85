"""Bounds on the rounding errors of a computed gradient, Hessian and parameters.

The computed gradient differs from the exact one by at most ε (p,), and the computed Ĥ from the
exact H by η in the sense (1 − η) H ≤ Ĥ ≤ (1 + η) H (Higham, 2002, Accuracy and Stability, §3.1
and §10.1). With d_j = √H_jj, matrices E with |E_jk| ≤ a_j b_k have
‖L⁻¹ E L⁻ᵀ‖ ≤ ‖|L⁻¹| a‖ ‖|L⁻¹| b‖.
"""

from math import sqrt

import numpy as np

from lr_pipeline.core.certificate.distance import Bounds
from lr_pipeline.core.limits import UNIT_ROUNDOFF
from lr_pipeline.core.types import ParameterMatrix, Parameters

# Roundings of a row's predictor in addition to those of a dot product of p terms. Standardizing x
# takes two, and the change of units of its parameters three.
DOT_EXTRA = 6
# Roundings of a row's other factors: exp, which may be off by two, 1 + exp, two divisions, weight,
# and two products with x make eight. The sums' change of units takes four more at most.
ROW_EXTRA = 12
# First-order bounds leave out products of errors: (1 + u)^k − 1 is at most SECOND_ORDER times k u
# while k u ≤ 0.019, that is, up to 1e14 rows.
SECOND_ORDER = 1.01


def dot_error(p: int) -> float:
    """Error of a row's predictor x̃ᵀw, relative to |x̃|ᵀ|w| before standardizing."""
    return (p + DOT_EXTRA) * UNIT_ROUNDOFF


def addition_error(rows: int, blocks: int) -> float:
    """Relative error of sums over the rows of each block, then over the blocks, in any order."""
    return (rows + blocks + ROW_EXTRA) * UNIT_ROUNDOFF


def plain_bounds(
    largest: Parameters,
    absolute: Parameters,
    inverse_factor: ParameterMatrix,
    root: Parameters,
    total_weight: float,
    addition: float,
) -> Bounds:
    """``coarse_bounds`` in fewer calls, for columns that are not computed from others.

    ``largest`` |x̃|, ``absolute`` |w|, ``root`` √H_jj, each (p,). The parts of the gradient's error
    are bounded one by one.
    """
    p = len(root)
    dot = dot_error(p)
    predictor, first = float(largest.dot(absolute)), float(root[0])
    inverse = np.abs(inverse_factor)
    columns, radius = _length(inverse.dot(root)), _length(inverse.dot(largest))
    gradient_error = dot * predictor * first * columns + total_weight * (dot + addition) * radius
    eta = hessian_rounding(p, predictor, columns, first * radius, addition)
    return Bounds(SECOND_ORDER * gradient_error, eta, radius, columns)


def hessian_rounding(
    p: int, predictor: float, columns: float, rounded: float, addition: float
) -> float:
    """η, where ``predictor`` ≥ |w|ᵀ|x̃| and ``columns`` = ‖|L⁻¹| √H_jj‖.

    ``rounded``: ‖|L⁻¹| √Σ s x²‖ for the columns x that x̃ is computed from.
    """
    dot = dot_error(p)
    eta = 2.0 * dot * predictor + ROW_EXTRA * UNIT_ROUNDOFF
    eta += 2.0 * dot * columns * rounded + (addition + 3 * p * UNIT_ROUNDOFF) * columns**2
    return SECOND_ORDER * eta


def _length(v: Parameters) -> float:
    """‖v‖."""
    return sqrt(v.dot(v))
