"""How far a fit can still be from its optimum: a bound that holds, rounding included.

The objective is the sum f(w) = Σ c_i loss(x̃ᵢᵀw, y_i) + ½ Σ_j q_j w_j², or with a
log-F penalty. The third derivative of the loss in z is at most its second in absolute value, so
along any direction v, with φ(t) = f(w + t v),

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

*Penalties.* ½ q w² has no third derivative. log-F(m, m) is the loss of rows (0, …, u_j, …, 0),
m / 2 of each label: they take part in the maxima M and r.

*Rounding* of ĝ, Ĥ and w widens λ, r and the standard errors: see ``rounding``.
"""

from math import exp, inf, log1p, sqrt

import numpy as np

from lr_pipeline.core.certificate.curvature import Curvature, length
from lr_pipeline.core.certificate.distance import Certificate
from lr_pipeline.core.certificate.rounding import (
    Bounds,
    bounds_by_columns,
    bounds_by_rows,
    parameter_rounding,
)
from lr_pipeline.core.columns.standardize import Coordinates
from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.types import Parameters

# A bound that costs no pass over the rows will do where it is below this, in standard errors: for
# a table of many numbers, whose passes take long, and for another.
CLOSE_MANY = 1e-4
CLOSE_FEW = 1e-9
MANY_NUMBERS = 100_000

UNBOUNDED = Certificate(loss=inf, standard_errors=inf)


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
    rounding, step = parameter_rounding(w, curvature), curvature.step
    moved = 0.0 if step is None else length(curvature.factor.T @ step)

    def bounded(bounds: Bounds) -> Certificate:
        weight, decrement = objective.total_weight, curvature.decrement
        bounds = bounds._replace(radius=max(bounds.radius, _penalty_radius(objective, curvature)))
        return distance_bounds(bounds, decrement, weight, rounding, moved)

    certificate = bounded(bounds_by_columns(objective, w, curvature, coordinates))
    many = objective.sums.rows.num_rows * len(w) > MANY_NUMBERS
    close = max(close, CLOSE_MANY if many else CLOSE_FEW)
    if certificate.standard_errors > max(close, 2.0 * curvature.decrement):
        amplification = coordinates.amplification()
        certificate = bounded(bounds_by_rows(objective, w, curvature, amplification))
    return objective.penalty.widened(certificate)


def _penalty_radius(objective: LogisticObjective, curvature: Curvature) -> float:
    """Largest √(x̃ᵀ H⁻¹ x̃) of the rows whose logistic loss the penalty is."""
    norms = np.linalg.norm(curvature.inverse_factor, axis=0)
    return float(np.max(objective.penalty.row_sizes(len(norms)) * norms))


def distance_bounds(
    bounds: Bounds, decrement: float, total_weight: float, rounding: float, step: float = 0.0
) -> Certificate:
    """The bounds of the module's docstring, in loss and in standard errors.

    ``rounding``: that of the parameters as reported, in standard errors. ``step``: ‖v‖_H of the
    step v from where H was evaluated.
    """
    radius, eta = bounds.radius, bounds.eta
    if not eta < 0.5:
        return UNBOUNDED
    radius /= sqrt(1.0 - eta)
    moved = radius * step
    if not moved < 1.0:
        return UNBOUNDED
    eta = exp(moved) * (1.0 + eta) - 1.0  # along the step the Hessian changes by exp(± moved)
    if not eta < 0.5:
        return UNBOUNDED
    decrement = ((1.0 + eta) * decrement + bounds.gradient_error) / sqrt(1.0 - eta)
    radius = bounds.radius / sqrt(1.0 - eta)
    u = radius * decrement
    if not u < 1.0:
        return UNBOUNDED
    loss = bounded_loss_gap(u) / radius**2 / total_weight
    distance = -log1p(-u) / radius / sqrt(1.0 - eta)
    return Certificate(loss, distance + rounding)


def bounded_loss_gap(u: float) -> float:
    """Bound u + (1 − u) log(1 − u) = u²/2 + u³/6 + u⁴/12 + … from above."""
    if u < 1e-2:
        return 0.5 * u * u * (1.0 + u / (3.0 * (1.0 - u)))
    return u + (1.0 - u) * log1p(-u)
