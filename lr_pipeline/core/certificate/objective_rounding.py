"""Bounds on rounding of an objective's gradient and Hessian, by its columns or by its rows."""

from math import sqrt
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.certificate.curvature import Curvature
from lr_pipeline.core.certificate.distance import Bounds
from lr_pipeline.core.certificate.rounding import (
    SECOND_ORDER,
    addition_error,
    dot_error,
    hessian_rounding,
)
from lr_pipeline.core.columns.standardize import Coordinates
from lr_pipeline.core.limits import UNIT_ROUNDOFF
from lr_pipeline.core.logistic.fast_kernel import combine_rows, linear_predictor
from lr_pipeline.core.logistic.loss import residual, variance
from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.rows import Block, largest
from lr_pipeline.core.types import ParameterMatrix, Parameters

# Roundings of the penalty's gradient: its own, those of a hyperbolic tangent, and the sum.
PENALTY_ROUNDINGS = 8


class ColumnSizes(NamedTuple):
    """Bounds (p,) on absolute values of columns.

    ``largest``: of x̃; ``source``: of the columns that x̃ is computed from; ``for_gradient``: of
    those that a gradient is computed from; ``hessian_shift``: by how much the columns that a
    Hessian is computed from can exceed the objective's.
    """

    largest: Parameters
    for_gradient: Parameters
    source: Parameters
    hessian_shift: Parameters | float


def parameter_rounding(w: Parameters, curvature: Curvature) -> float:
    """Largest rounding error of the reported parameters, in their units."""
    rounding = (len(w) + 4) * UNIT_ROUNDOFF * curvature.reported.sizes(w)
    units = curvature.units
    # A constant column's coefficient is always zero, and its unit too.
    return float((rounding / np.where(units > 0.0, units, np.inf)).max())


def _shifts(objective: LogisticObjective, p: int) -> tuple[Parameters, Parameters]:
    """By how much the columns behind gradient and Hessian exceed the objective's.

    Each (p,), in the objective's units.
    """
    T, none = objective.sums.T, np.zeros(p)
    if T is None:
        return none, none
    shift = 2.0 * np.concatenate([[0.0], T.shift])
    return shift, shift if T.keeps_hessians else none


def objective_addition(objective: LogisticObjective) -> float:
    """Relative error of adding up a block's rows, then the blocks."""
    T = objective.sums.T
    rows = objective.sums.rows if T is None else T.rows
    longest = min(rows.block_rows, rows.num_rows)
    return addition_error(longest, -(-rows.num_rows // longest))


def _column_sizes(objective: LogisticObjective, coordinates: Coordinates) -> ColumnSizes:
    """Bounds on the objective's columns, and on those that they are computed from."""
    seen = objective.sums.largest()
    largest = np.concatenate([[1.0], coordinates.largest() if seen is None else seen])
    source = largest if coordinates.B is None else largest.copy()
    if coordinates.B is not None:
        source[1:] = largest[1:] @ coordinates.amplification()
    shift, hessian_shift = _shifts(objective, len(largest))
    return ColumnSizes(largest, source + shift, source, hessian_shift)


def bounds_by_columns(
    objective: LogisticObjective, w: Parameters, curvature: Curvature, coordinates: Coordinates
) -> Bounds:
    """Bounds from the columns' largest absolute values, without a pass over the rows."""
    return coarse_bounds(
        w,
        curvature,
        _column_sizes(objective, coordinates),
        objective.total_weight,
        objective_addition(objective),
        _penalty_rounding(objective, w),
    )


def coarse_bounds(
    w: Parameters,
    curvature: Curvature,
    sizes: ColumnSizes,
    total_weight: float,
    addition: float,
    penalty_rounding: Parameters | float = 0.0,
) -> Bounds:
    """Bounds from the largest |x̃| alone, by Σ s |x̃_j| ≤ √(H₀₀ H_jj) and |residual| ≤ 1.

    ``addition``: relative error of the sums over the rows.
    """
    p, L = len(w), curvature.factor
    dot = dot_error(p)
    predictor = float(sizes.for_gradient @ np.abs(w))
    root = np.sqrt(np.einsum("ij,ij->i", L, L))
    terms = np.empty((4, p))
    terms[0] = dot * predictor * root[0] * root
    terms[0] += total_weight * (dot + addition) * sizes.for_gradient
    terms[0] += penalty_rounding
    terms[1] = root + sizes.hessian_shift * root[0]
    terms[2] = root[0] * sizes.source
    terms[3] = sizes.largest
    weighed = terms @ np.abs(curvature.inverse_factor).T
    lengths = np.sqrt(np.einsum("ij,ij->i", weighed, weighed)).tolist()
    gradient_error, columns, rounded, radius = lengths
    eta = hessian_rounding(p, predictor, columns, rounded, addition)
    return Bounds(SECOND_ORDER * gradient_error, eta, radius, columns)


def bounds_by_rows(
    objective: LogisticObjective,
    w: Parameters,
    curvature: Curvature,
    amplification: Float64[np.ndarray, "k k"],
) -> Bounds:
    """Bounds from two passes over the rows.

    ``amplification`` (k, k): |X| times it bounds the numbers that the objective's columns X were
    computed from.
    """
    dot = dot_error(len(w))
    rows, T = objective.sums.rows, objective.sums.T
    shift, hessian_shift = _shifts(objective, len(w))

    def magnitudes(block: Block) -> tuple[Parameters, Parameters, Parameters, float]:
        absolute = block._replace(X=np.abs(block.X))
        source = block._replace(X=absolute.X @ amplification)
        z = linear_predictor(block, w)
        a = linear_predictor(source, np.abs(w)) + float(np.sum(shift * np.abs(w)))
        weight = np.ones(len(z)) if block.weight is None else block.weight
        s, r = weight * variance(z), weight * np.abs(residual(z, block.y))
        return (
            dot * combine_rows(absolute, s * a) + dot * combine_rows(source, r),
            combine_rows(absolute if T is None else source, r) + shift * r.sum(),
            combine_rows(block._replace(X=source.X**2), s),
            float(np.sum(a**8)),
        )

    epsilon, terms, spread, predictor = rows.sum(magnitudes)
    addition = objective_addition(objective)
    epsilon = epsilon + addition * terms + _penalty_rounding(objective, w)
    inverse = np.abs(curvature.inverse_factor)
    gradient_error = float(np.linalg.norm(inverse @ epsilon))
    # Errors of s are relative in each row; those of x, of additions and of the factors are not.
    root = np.linalg.norm(curvature.factor, axis=1)
    columns = float(np.linalg.norm(inverse @ (root + hessian_shift * root[0])))
    # The 8-norm of |w|ᵀ|x̃| bounds its maximum, and can be summed over blocks.
    rounded = float(np.linalg.norm(inverse @ np.sqrt(spread)))
    eta = hessian_rounding(len(w), predictor**0.125, columns, rounded, addition)
    radius = largest(rows, lambda block: _largest_norm(block, curvature.inverse_factor))
    return Bounds(SECOND_ORDER * gradient_error, eta, radius, columns)


def _penalty_rounding(objective: LogisticObjective, w: Parameters) -> Parameters:
    """Rounding of the penalty's part of the gradient."""
    added = objective.penalty.addition(w)
    if added is None:
        return np.zeros_like(w)
    return np.asarray(PENALTY_ROUNDINGS * UNIT_ROUNDOFF * np.abs(added.gradient))


def _largest_norm(block: Block, inverse_factor: ParameterMatrix) -> float:
    """Largest √(x̃ᵀ H⁻¹ x̃) over the block's rows of positive weight."""
    X = block.X if block.weight is None else block.X[block.weight > 0]
    if len(X) == 0:
        return 0.0
    half = X @ inverse_factor[:, 1:].T
    half += inverse_factor[:, 0]
    return sqrt(float(np.max(np.einsum("ij,ij->i", half, half))))
