"""How far a fit can still be from its optimum: a bound that holds, rounding included.

The objective is the sum f(w) = Σ c_i loss(x̃ᵢᵀw, y_i) + ½ Σ_j q_j w_j², or with a
log-F penalty. The third derivative of the loss in z is at most its second in absolute value, so
along every direction v, with φ(t) = f(w + t v),

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

from dataclasses import dataclass
from math import exp, inf, log1p, sqrt
from typing import NamedTuple


@dataclass(frozen=True)
class Certificate:
    """Upper bounds on the distance between a fit and its optimum.

    ``loss``: f(w) − f(w*) at most this, in the objective's unit (mean per row).
    ``standard_errors``: |w_j − w*_j| / se_j at most this for every parameter j.
    Both are infinite where no bound could be established. ``iterations_needed``: estimate of the
    iterations that a solver still needs to converge (``None`` when converged or unknown).
    ``rigorous`` is False where the bound is only an estimate (for Firth's objective, where no
    minimum is proven).
    """

    loss: float
    standard_errors: float
    rigorous: bool = True
    iterations_needed: int | None = None


UNBOUNDED = Certificate(loss=inf, standard_errors=inf)


class Bounds(NamedTuple):
    """Bounds on rounding (‖ĝ − g‖ in the metric of H⁻¹, and η of the Hessian) and on the radius r.

    ``columns``: ‖|L⁻¹| √H_jj‖, at most √p times the condition number of L with rows of length 1;
    it grows as columns come near to being dependent.
    """

    gradient_error: float
    eta: float
    radius: float
    columns: float


def distance_bounds(
    bounds: Bounds, decrement: float, total_weight: float, rounding: float, step: float = 0.0
) -> Certificate:
    """The bounds of the module's docstring, in loss and in standard errors.

    ``rounding``: that of the reported parameters, in standard errors. ``step``: ‖v‖_H of the step v
    from the point where H was evaluated.
    """
    radius, eta = bounds.radius, bounds.eta
    if not eta < 0.5:
        return UNBOUNDED
    radius /= sqrt(1.0 - eta)
    moved = radius * step
    if not moved < 1.0:
        return UNBOUNDED
    eta = exp(moved) * (1.0 + eta) - 1.0  # the step changes H by exp(± moved) at most
    if not eta < 0.5:
        return UNBOUNDED
    # √(1 + η) is enough for the decrement and for the radius; the rest covers their own rounding.
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
