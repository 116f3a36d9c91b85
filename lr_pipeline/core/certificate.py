"""How far a fit can still be from its optimum: a bound that holds, rounding included.

The objective is the sum f(w) = Σ c_i loss(x̃ᵢᵀw, y_i) + ½ Σ_j q_j w_j². The third derivative of
the loss in z is at most its second in absolute value, so along any direction v, with
φ(t) = f(w + t v),

    |φ'''(t)| ≤ M φ''(t),    M = max_i |x̃ᵢᵀv| ≤ r ‖v‖_H,    r = max_i √(x̃ᵢᵀ H⁻¹ x̃ᵢ),

where H = ∇²f(w) and ‖v‖_H² = vᵀHv (Bach, 2010, Electronic Journal of Statistics 4: 384–414).
Hence φ''(t) ≥ φ''(0) exp(−M t). Let λ² = gᵀH⁻¹g be the Newton decrement and u = r λ.

*Existence.* With ‖v‖_H = 1, φ'(t) ≥ −λ + (1 − exp(−r t)) / r, positive for large t if u < 1: f
grows in every direction, and so has a minimum w*. u < 1 proves that the table is not separated.

*Distance.* With v = w* − w, δ = ‖v‖_H and φ'(1) = 0: λ δ ≥ −φ'(0) ≥ δ² (1 − exp(−M)) / M, and
since (1 − exp(−M)) / M falls with M ≤ r δ: λ ≥ (1 − exp(−r δ)) / r, that is

    δ ≤ −log(1 − u) / r.

|w_j − w*_j| ≤ √((H⁻¹)_jj) δ: δ bounds every parameter's distance in standard errors.

*Loss.* f(w*) ≥ f(w) − λ δ + (exp(−r δ) + r δ − 1) / r²; the worst δ has exp(−r δ) = 1 − u:

    f(w) − f(w*) ≤ (u + (1 − u) log(1 − u)) / r².

*Rounding.* The computed gradient differs from the exact one by at most ε (p,), summed below row
by row, and the computed H from the exact one by η in the sense (1 − η) H ≤ Ĥ ≤ (1 + η) H; both
widen λ, r and the standard errors (Higham, 2002, Accuracy and Stability, §3.1 and §10.1). With
d_j = √H_jj, matrices E with |E_jk| ≤ a_j b_k have ‖L⁻¹ E L⁻ᵀ‖ ≤ ‖|L⁻¹| a‖ ‖|L⁻¹| b‖.
"""

from dataclasses import dataclass
from math import exp, inf, log1p, sqrt
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.cholesky import cholesky, invert_lower
from lr_pipeline.core.logistic import combine_rows, linear_predictor, residual, variance
from lr_pipeline.core.objective import Firth, LogisticObjective
from lr_pipeline.core.rows import Block
from lr_pipeline.core.solvers.result import Certificate
from lr_pipeline.core.standardize import Coordinates
from lr_pipeline.core.types import ParameterMatrix, Parameters

UNIT_ROUNDOFF = float(np.finfo(np.float64).eps) / 2
# A bound that costs no pass over the rows will do where it is below this, in standard errors: for
# a table of many numbers, whose passes take long, and for another.
CLOSE_MANY = 1e-4
CLOSE_FEW = 1e-9
MANY_NUMBERS = 100_000
# Roundings in one row's terms beside its dot product of p terms: standardizing x, and exp, σ,
# residual and weight.
DOT_EXTRA = 6
ROW_EXTRA = 12
# Products of errors, left out of the bounds to first order.
SECOND_ORDER = 1.01
# Firth's objective is not convex, and its true Hessian can be less than the information that
# stands in for it (down to 0.16 of it at the minima of separated tables that we have seen): the
# bound becomes an estimate, and this much wider.
FIRTH_MARGIN = 10.0

UNBOUNDED = Certificate(loss=inf, standard_errors=inf)


@dataclass(frozen=True, eq=False)
class Curvature:
    """The objective's gradient at a fit and its Hessian at or near it, as sums over the rows.

    ``inverse_factor``: L⁻¹ of the lower triangular L with L Lᵀ = H; ``step`` (p,): from where H
    was evaluated to the fit; ``reported`` (q, p): the linear map M to the parameters as reported;
    ``half_covariance`` (p, q): L⁻¹ Mᵀ.
    """

    gradient: Parameters
    factor: ParameterMatrix
    inverse_factor: ParameterMatrix
    step: Parameters
    reported: Float64[np.ndarray, "q p"]
    half_covariance: Float64[np.ndarray, "p q"]

    @classmethod
    def of(
        cls,
        gradient: Parameters,
        hessian: ParameterMatrix,
        step: Parameters,
        reported: Float64[np.ndarray, "q p"],
    ) -> "Curvature | None":
        """Factor the Hessian; None where it is not positive definite in float64."""
        factor = cholesky(hessian) if np.isfinite(gradient).all() else None
        if factor is None:
            return None
        inverse = invert_lower(factor)
        return cls(gradient, factor, inverse, step, reported, inverse @ reported.T)

    @property
    def units(self) -> Float64[np.ndarray, " q"]:
        """√ of the diagonal of M H⁻¹ Mᵀ: standard errors, where H is the information."""
        half = self.half_covariance
        return np.asarray(np.sqrt(np.einsum("ij,ij->j", half, half)))

    @property
    def decrement(self) -> float:
        """λ = √(gᵀ H⁻¹ g)."""
        return _length(self.inverse_factor @ self.gradient)

    @property
    def covariance(self) -> Float64[np.ndarray, "q q"]:
        """M H⁻¹ Mᵀ."""
        return np.asarray(self.half_covariance.T @ self.half_covariance)


def curvature_at(
    objective: LogisticObjective, w: Parameters, reported: Float64[np.ndarray, "q p"]
) -> Curvature | None:
    """Evaluate gradient and Hessian at ``w``; None where H is not positive definite in float64."""
    _, gradient, hessian = objective.value_gradient_hessian(w)
    W = objective.total_weight
    return Curvature.of(gradient * W, hessian * W, np.zeros_like(w), reported)


class ColumnSizes(NamedTuple):
    """Bounds (p,) on absolute values: of x̃, of what it is computed from, in gradients as well.

    ``hessian_shift``: by how much the columns of the Hessian can exceed the objective's.
    """

    largest: Parameters
    for_gradient: Parameters
    source: Parameters
    hessian_shift: Parameters | float


class Bounds(NamedTuple):
    """Of rounding: ‖ĝ − g‖ in the metric of H⁻¹, and η of the Hessian. Of the rows: r."""

    gradient_error: float
    eta: float
    radius: float


def certify(
    objective: LogisticObjective,
    w: Parameters,
    curvature: Curvature | None,
    coordinates: Coordinates,
    close: float = 0.0,
) -> Certificate:
    """Bound the distance of ``w`` to the optimum in loss and in standard errors.

    ``coordinates``: those of the objective's rows. No pass over the rows where the largest
    absolute values of the columns already bound the distance closely, or as closely as asked for
    by ``close``, or closer passes could not halve it; otherwise two. The bound is infinite where
    u ≥ 1 or rounding leaves nothing certain.
    """
    if curvature is None:
        return UNBOUNDED
    W, sizes = objective.total_weight, _column_sizes(objective, coordinates)
    addition = objective_addition(objective)
    bounds = coarse_bounds(w, curvature, sizes, W, addition, _penalty_rounding(objective, w))
    certificate = distance_bounds(w, curvature, bounds, W)
    many = objective.sums.rows.num_rows * len(w) > MANY_NUMBERS
    close = max(close, CLOSE_MANY if many else CLOSE_FEW)
    if certificate.standard_errors > max(close, 2.0 * curvature.decrement):
        bounds = bounds_by_rows(objective, w, curvature, coordinates.amplification())
        certificate = distance_bounds(w, curvature, bounds, W)
    if not isinstance(objective.penalty, Firth):
        return certificate
    loss, distance = certificate.loss, certificate.standard_errors
    return Certificate(FIRTH_MARGIN**2 * loss, FIRTH_MARGIN * distance, rigorous=False)


def distance_bounds(
    w: Parameters, curvature: Curvature, bounds: Bounds, total_weight: float
) -> Certificate:
    """The bounds of the module's docstring, in loss and in standard errors."""
    radius, eta = bounds.radius, bounds.eta
    if not eta < 0.5:
        return UNBOUNDED
    radius /= sqrt(1.0 - eta)
    moved = radius * _length(curvature.factor.T @ curvature.step)
    if not moved < 1.0:
        return UNBOUNDED
    eta = exp(moved) * (1.0 + eta) - 1.0  # along the step the Hessian changes by exp(± moved)
    if not eta < 0.5:
        return UNBOUNDED
    decrement = ((1.0 + eta) * curvature.decrement + bounds.gradient_error) / sqrt(1.0 - eta)
    radius = bounds.radius / sqrt(1.0 - eta)
    u = radius * decrement
    if not u < 1.0:
        return UNBOUNDED
    loss = _loss_gap(u) / radius**2 / total_weight
    distance = -log1p(-u) / radius / sqrt(1.0 - eta)
    return Certificate(loss, distance + parameter_rounding(w, curvature))


def parameter_rounding(w: Parameters, curvature: Curvature) -> float:
    """Rounding of the parameters as reported, in their units."""
    rounding = (len(w) + 4) * UNIT_ROUNDOFF * (np.abs(curvature.reported) @ np.abs(w))
    units = curvature.units
    # The coefficient of a constant column is always zero, and so is its unit.
    return float((rounding / np.where(units > 0.0, units, np.inf)).max())


def _length(v: Parameters) -> float:
    """‖v‖."""
    return sqrt(float(v @ v))


def _loss_gap(u: float) -> float:
    """Bound u + (1 − u) log(1 − u) = u²/2 + u³/6 + u⁴/12 + … from above."""
    if u < 1e-2:
        return 0.5 * u * u * (1.0 + u / (3.0 * (1.0 - u)))
    return u + (1.0 - u) * log1p(-u)


def _shifts(objective: LogisticObjective, p: int) -> tuple[Parameters, Parameters]:
    """By how much the columns that gradient and Hessian were computed with exceed the objective's.

    Each (p,), in the objective's units.
    """
    fold, none = objective.sums.fold, np.zeros(p)
    if fold is None:
        return none, none
    shift = 2.0 * np.concatenate([[0.0], fold.shift])
    return shift, shift if fold.keeps_hessians else none


def objective_addition(objective: LogisticObjective) -> float:
    """Relative error of adding up a block's rows, then the blocks."""
    fold = objective.sums.fold
    rows = objective.sums.rows if fold is None else fold.rows
    longest = min(rows.block_rows, rows.num_rows)
    return addition_error(longest, -(-rows.num_rows // longest))


def addition_error(rows: int, blocks: int) -> float:
    """Relative error of a sum over so many rows, then over so many blocks, in any order."""
    return (rows + blocks + ROW_EXTRA) * UNIT_ROUNDOFF


def _column_sizes(objective: LogisticObjective, coordinates: Coordinates) -> ColumnSizes:
    """How large the objective's columns are, or those that they are computed from."""
    seen = objective.sums.largest()
    largest = np.concatenate([[1.0], coordinates.largest() if seen is None else seen])
    source = largest if coordinates.B is None else largest.copy()
    if coordinates.B is not None:
        source[1:] = largest[1:] @ coordinates.amplification()
    shift, hessian_shift = _shifts(objective, len(largest))
    return ColumnSizes(largest, source + shift, source, hessian_shift)


def coarse_bounds(
    w: Parameters,
    curvature: Curvature,
    sizes: ColumnSizes,
    total_weight: float,
    addition: float,
    penalty_rounding: Parameters | float = 0.0,
) -> Bounds:
    """Bounds from the largest |x̃| alone, with Σ s |x̃_j| ≤ √(H₀₀ H_jj) and |residual| ≤ 1.

    ``addition``: relative error of the sums over the rows.
    """
    p, L = len(w), curvature.factor
    dot = (p + DOT_EXTRA) * UNIT_ROUNDOFF
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
    eta = 2.0 * dot * predictor + ROW_EXTRA * UNIT_ROUNDOFF
    eta += 2.0 * dot * columns * rounded + (addition + 3 * p * UNIT_ROUNDOFF) * columns**2
    return Bounds(SECOND_ORDER * gradient_error, SECOND_ORDER * eta, radius)


def bounds_by_rows(
    objective: LogisticObjective,
    w: Parameters,
    curvature: Curvature,
    amplification: Float64[np.ndarray, "k k"],
) -> Bounds:
    """Bounds from two passes over the rows.

    ``amplification`` (k, k): |X| amplification bounds the numbers that the objective's columns X
    were computed from.
    """
    dot = (len(w) + DOT_EXTRA) * UNIT_ROUNDOFF
    rows, fold = objective.sums.rows, objective.sums.fold
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
            combine_rows(absolute if fold is None else source, r) + shift * r.sum(),
            combine_rows(block._replace(X=source.X**2), s),
            float(np.sum(a**8)),
        )

    epsilon, terms, spread, predictor = rows.sum(magnitudes)
    addition = objective_addition(objective)
    epsilon = epsilon + addition * terms + _penalty_rounding(objective, w)
    inverse = np.abs(curvature.inverse_factor)
    gradient_error = float(np.linalg.norm(inverse @ epsilon))
    # Errors of s are relative row by row; those of x, and of adding up and factoring, are not.
    root = np.linalg.norm(curvature.factor, axis=1)
    columns = float(np.linalg.norm(inverse @ (root + hessian_shift * root[0])))
    # An 8-norm bounds a maximum and can be summed: here of |w|ᵀ|x̃|.
    eta = 2.0 * dot * predictor**0.125 + ROW_EXTRA * UNIT_ROUNDOFF
    eta += 2.0 * dot * columns * float(np.linalg.norm(inverse @ np.sqrt(spread)))
    eta += (addition + 3 * len(w) * UNIT_ROUNDOFF) * columns**2
    radius = rows.max(lambda block: _largest_norm(block, curvature.inverse_factor))
    return Bounds(SECOND_ORDER * gradient_error, SECOND_ORDER * eta, radius)


def _penalty_rounding(objective: LogisticObjective, w: Parameters) -> Parameters:
    """Rounding of the penalty's part of the gradient."""
    if isinstance(objective.penalty, Firth):
        return np.zeros_like(w)
    return np.asarray(4 * UNIT_ROUNDOFF * np.abs(objective.penalty.diagonal(w) * w))


def _largest_norm(block: Block, inverse_factor: ParameterMatrix) -> float:
    """Largest √(x̃ᵀ H⁻¹ x̃) over the block's rows of positive weight."""
    X = block.X if block.weight is None else block.X[block.weight > 0]
    if len(X) == 0:
        return 0.0
    half = X @ inverse_factor[:, 1:].T
    half += inverse_factor[:, 0]
    return sqrt(float(np.max(np.einsum("ij,ij->i", half, half))))
