"""Profile likelihood: how the (penalised) likelihood falls as one parameter leaves its estimate.

For a parameter t = mᵀw that is linear in the objective's coordinates, and the sum F = Σ weight · f,

    g(c) = 2 (min {F(w) : mᵀw = c} − F(w*)),

a likelihood-ratio statistic of t = c. All values not rejected at a level are an interval: its ends
are where g crosses the quantile q of χ² with one degree of freedom. g' is twice the derivative of
F along the constraint's normal at the constrained minimum, for the other derivatives vanish there.

With H = L Lᵀ the curvature at w* and a = L⁻¹ m, write w = w* + L⁻ᵀ Q (τ, v), Q orthogonal with
first column a / ‖a‖. Then mᵀw = mᵀw* + ‖a‖ τ: τ is the distance in standard errors, v is free, and
near w* F grows by (τ² + ‖v‖²) / 2, so that no step depends on the columns' scales or correlations.

For Firth's penalty the determinant stays that of the information of all parameters (Heinze &
Schemper, 2002, Statistics in Medicine 21: 2409–2419; R's logistf).
"""

from dataclasses import dataclass
from math import inf, isfinite, sqrt
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64
from scipy.linalg import solve_triangular

from lr_pipeline.core.objective import Objective
from lr_pipeline.core.solvers.newton import Newton
from lr_pipeline.core.types import ParameterMatrix, Parameters

# In standard errors: an error ε of the constrained minimum changes the statistic by ε².
CONSTRAINED = Newton(tolerance=1e-5, polish=False)
# A Newton step this small, relative to the distance, leaves an error of about its square.
LAST_STEP = 1e-6
LAST_BRACKET = 1e-11
MAX_EVALUATIONS = 100
# A statistic that stays below its quantile this many standard errors out does not reach it.
FURTHEST = 1e9

Free = Float64[np.ndarray, " f"]


class ProfilePoint(NamedTuple):
    """The statistic g at τ, its derivative in τ, and the free coordinates of the minimum."""

    statistic: float
    slope: float
    v: Free


@dataclass(frozen=True, eq=False)
class ProfiledParameter:
    """One parameter t = mᵀw of a minimised objective, with coordinates (τ, v) fitted to it.

    ``estimate`` mᵀw*, ``unit`` ‖L⁻¹ m‖, ``value`` f(w*), ``T`` (p, p) = L⁻ᵀ Q and ``from_w`` its
    inverse.
    """

    objective: Objective
    optimum: Parameters
    value: float
    estimate: float
    unit: float
    T: ParameterMatrix
    from_w: ParameterMatrix

    def at(self, tau: float, v: Free) -> ProfilePoint:
        """Minimise over v at τ, from ``v``; an infinite statistic where f is not finite there."""
        plane = _Plane(self.objective, self.optimum + tau * self.T[:, 0], self.T[:, 1:])
        if not isfinite(plane.evaluate(v)[0]):
            return ProfilePoint(inf, inf, v)
        if len(v):
            v = CONSTRAINED.minimize(plane, v).parameters
        value, gradient, _ = plane.evaluate(v)
        W = 2.0 * self.objective.total_weight
        return ProfilePoint(W * (value - self.value), W * float(gradient @ self.T[:, 0]), v)

    def statistic_at(self, c: float, *candidates: Parameters) -> float:
        """g(c); the minimisation starts from the best of w* and candidates with mᵀw = c."""
        tau = (c - self.estimate) / self.unit
        origin = self.optimum + tau * self.T[:, 0]
        starts = [
            np.zeros(len(origin) - 1),
            *((self.from_w @ (w - origin))[1:] for w in candidates),
        ]
        plane = _Plane(self.objective, origin, self.T[:, 1:])
        return max(self.at(tau, min(starts, key=plane.value)).statistic, 0.0)

    def endpoint(self, side: int, quantile: float) -> float:
        """Where g = ``quantile`` above (+1) or below (−1) the estimate; ±∞ where nowhere.

        Newton's method on √g, which is nearly linear in τ, within a bracket.
        """
        target = sqrt(quantile)
        near, far = 0.0, inf
        distance, v = target, np.zeros(len(self.optimum) - 1)
        for _ in range(MAX_EVALUATIONS):
            point = self.at(side * distance, v)
            root = sqrt(max(point.statistic, 0.0))
            near, far = (distance, far) if root < target else (near, distance)
            slope = side * point.slope / (2.0 * root) if 0.0 < root < inf else 0.0
            proposed = distance + (target - root) / slope if slope > 0.0 else inf
            last = LAST_STEP
            if not near <= proposed <= min(far, 4.0 * distance):
                proposed = (near + far) / 2.0 if isfinite(far) else 2.0 * distance
                last = LAST_BRACKET
            if abs(proposed - distance) <= last * distance:
                return self.estimate + side * proposed * self.unit
            if proposed > FURTHEST:
                return side * inf
            v = (point.v if isfinite(root) else v) * (proposed / distance)
            distance = proposed
        return self.estimate + side * distance * self.unit


def profile_parameter(
    objective: Objective, optimum: Parameters, factor: ParameterMatrix, m: Parameters
) -> ProfiledParameter:
    """Prepare the profile of mᵀw; ``factor`` is L of the sum's curvature at ``optimum``."""
    a = solve_triangular(factor, m, lower=True)
    unit = float(np.linalg.norm(a))
    Q, _ = np.linalg.qr(a[:, None], mode="complete")
    Q[:, 0] = a / unit
    return ProfiledParameter(
        objective=objective,
        optimum=optimum,
        value=objective.value(optimum),
        estimate=float(m @ optimum),
        unit=unit,
        T=solve_triangular(factor, Q, lower=True, trans="T"),
        from_w=Q.T @ factor.T,
    )


class _Plane:
    """The objective on the plane w = origin + basis v, as a function of v to minimise.

    The last evaluation is kept: a solver's first and last points are asked for again.
    """

    def __init__(
        self, objective: Objective, origin: Parameters, basis: Float64[np.ndarray, "p f"]
    ) -> None:
        self.objective, self.origin, self.basis = objective, origin, basis
        self.total_weight = objective.total_weight
        self.hessian_is_exact = objective.hessian_is_exact
        self.last: tuple[Parameters, tuple[float, Parameters, ParameterMatrix]] | None = None

    def evaluate(self, v: Free) -> tuple[float, Parameters, ParameterMatrix]:
        """Value, gradient and Hessian in all coordinates."""
        w = self.origin + self.basis @ v
        if self.last is None or not np.array_equal(self.last[0], w):
            self.last = w, self.objective.value_gradient_hessian(w)
        return self.last[1]

    def value(self, w: Free) -> float:
        """The value at v = ``w``."""
        return self.objective.value(self.origin + self.basis @ w)

    def value_gradient(self, w: Free) -> tuple[float, Free]:
        """The value and its gradient in v."""
        value, gradient, _ = self.evaluate(w)
        return value, self.basis.T @ gradient

    def value_gradient_hessian(self, w: Free) -> tuple[float, Free, Float64[np.ndarray, "f f"]]:
        """The value, its gradient and Hessian in v."""
        value, gradient, hessian = self.evaluate(w)
        return value, self.basis.T @ gradient, self.basis.T @ hessian @ self.basis

    def hessian_product(self, w: Free, v: Free) -> Free:
        """The Hessian at ``w`` times v."""
        point = self.origin + self.basis @ w
        return np.asarray(self.basis.T @ self.objective.hessian_product(point, self.basis @ v))
