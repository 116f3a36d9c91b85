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
from math import inf, log1p, sqrt

import numpy as np
from jaxtyping import Float64
from scipy.linalg import solve_triangular

from lr_pipeline.core.logistic import combine_rows, linear_predictor, residual, variance
from lr_pipeline.core.objective import Firth, LogisticObjective
from lr_pipeline.core.rows import Block
from lr_pipeline.core.solvers.result import Certificate
from lr_pipeline.core.types import ParameterMatrix, Parameters

UNIT_ROUNDOFF = float(np.finfo(np.float64).eps) / 2
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
    """The objective's gradient and the Cholesky factor of its Hessian at a fit, as sums over rows.

    ``factor``: lower triangular L with L Lᵀ = H; ``reported`` (q, p): the linear map M to the
    parameters as reported; ``half_covariance`` (p, q): L⁻¹ Mᵀ.
    """

    gradient: Parameters
    factor: ParameterMatrix
    reported: Float64[np.ndarray, "q p"]
    half_covariance: Float64[np.ndarray, "p q"]

    @property
    def units(self) -> Float64[np.ndarray, " q"]:
        """√ of the diagonal of M H⁻¹ Mᵀ: standard errors, where H is the information."""
        return np.asarray(np.linalg.norm(self.half_covariance, axis=0))

    @property
    def covariance(self) -> Float64[np.ndarray, "q q"]:
        """M H⁻¹ Mᵀ."""
        return np.asarray(self.half_covariance.T @ self.half_covariance)


def curvature_at(
    objective: LogisticObjective, w: Parameters, reported: Float64[np.ndarray, "q p"]
) -> Curvature | None:
    """Evaluate gradient and Hessian at ``w``; None where H is not positive definite in float64."""
    _, gradient, hessian = objective.value_gradient_hessian(w)
    if not (np.isfinite(gradient).all() and np.isfinite(hessian).all()):
        return None
    try:
        factor = np.linalg.cholesky(hessian * objective.total_weight)
    except np.linalg.LinAlgError:
        return None
    half = solve_triangular(factor, reported.T, lower=True)
    return Curvature(gradient * objective.total_weight, factor, reported, half)


def certify(
    objective: LogisticObjective,
    w: Parameters,
    curvature: Curvature | None,
    amplification: Float64[np.ndarray, "k k"],
) -> Certificate:
    """Bound the distance of ``w`` to the optimum in loss and in standard errors.

    ``amplification`` (k, k): |X| amplification bounds the numbers that the objective's columns X
    were computed from. Two passes over the rows. The bound is infinite where u ≥ 1 or rounding
    leaves nothing certain.
    """
    if curvature is None:
        return UNBOUNDED
    gradient_error, eta = _rounding(objective, w, curvature, amplification)
    if not eta < 0.5:
        return UNBOUNDED
    L = curvature.factor
    decrement = float(np.linalg.norm(solve_triangular(L, curvature.gradient, lower=True)))
    decrement = ((1.0 + eta) * decrement + gradient_error) / sqrt(1.0 - eta)
    radius = objective.sums.rows.max(lambda block: _largest_norm(block, L)) / sqrt(1.0 - eta)
    u = radius * decrement
    if not u < 1.0:
        return UNBOUNDED
    loss = _loss_gap(u) / radius**2 / objective.total_weight
    distance = -log1p(-u) / radius / sqrt(1.0 - eta)
    parameter_rounding = (len(w) + 4) * UNIT_ROUNDOFF * (np.abs(curvature.reported) @ np.abs(w))
    estimated = curvature.units > 0.0  # the coefficient of a constant column is always zero
    distance += float(np.max(parameter_rounding[estimated] / curvature.units[estimated]))
    if isinstance(objective.penalty, Firth):
        return Certificate(FIRTH_MARGIN**2 * loss, FIRTH_MARGIN * distance, rigorous=False)
    return Certificate(loss, distance)


def _loss_gap(u: float) -> float:
    """Bound u + (1 − u) log(1 − u) = u²/2 + u³/6 + u⁴/12 + … from above."""
    if u < 1e-2:
        return 0.5 * u * u * (1.0 + u / (3.0 * (1.0 - u)))
    return u + (1.0 - u) * log1p(-u)


def _largest_norm(block: Block, L: ParameterMatrix) -> float:
    """Largest √(x̃ᵀ H⁻¹ x̃) over the block's rows of positive weight."""
    X = block.X if block.weight is None else block.X[block.weight > 0]
    if len(X) == 0:
        return 0.0
    augmented = np.column_stack([np.ones(len(X)), X])
    return float(np.max(np.linalg.norm(solve_triangular(L, augmented.T, lower=True), axis=0)))


def _rounding(
    objective: LogisticObjective,
    w: Parameters,
    curvature: Curvature,
    amplification: Float64[np.ndarray, "k k"],
) -> tuple[float, float]:
    """Bounds for rounding: ‖ĝ − g‖ in the metric of H⁻¹, and η of the Hessian."""
    dot = (len(w) + DOT_EXTRA) * UNIT_ROUNDOFF

    def magnitudes(block: Block) -> tuple[Parameters, Parameters, Parameters, float, float, int]:
        absolute = block._replace(X=np.abs(block.X))
        source = block._replace(X=absolute.X @ amplification)
        z, a = linear_predictor(block, w), linear_predictor(source, np.abs(w))
        weight = np.ones(len(z)) if block.weight is None else block.weight
        s, r = weight * variance(z), weight * np.abs(residual(z, block.y))
        return (
            dot * combine_rows(absolute, s * a) + dot * combine_rows(source, r),
            combine_rows(absolute, r),
            combine_rows(block._replace(X=source.X**2), s),
            float(np.sum(a**8)),
            float(len(z)) ** 8,
            1,
        )

    epsilon, terms, spread, predictor, length, blocks = objective.sums.rows.sum(magnitudes)
    # An 8-norm bounds a maximum and can be summed: here of |w|ᵀ|x̃| and of the rows of a block.
    addition = (length**0.125 + blocks + ROW_EXTRA) * UNIT_ROUNDOFF
    epsilon = epsilon + addition * terms
    if not isinstance(objective.penalty, Firth):
        epsilon += 4 * UNIT_ROUNDOFF * np.abs(objective.penalty.diagonal(w) * w)
    inverse = np.abs(solve_triangular(curvature.factor, np.eye(len(w)), lower=True))
    gradient_error = SECOND_ORDER * float(np.linalg.norm(inverse @ epsilon))
    # Errors of s are relative row by row; those of x, and of adding up and factoring, are not.
    columns = float(np.linalg.norm(inverse @ np.linalg.norm(curvature.factor, axis=1)))
    eta = 2.0 * dot * predictor**0.125 + ROW_EXTRA * UNIT_ROUNDOFF
    eta += 2.0 * dot * columns * float(np.linalg.norm(inverse @ np.sqrt(spread)))
    eta += (addition + 3 * len(w) * UNIT_ROUNDOFF) * columns**2
    return gradient_error, SECOND_ORDER * eta
