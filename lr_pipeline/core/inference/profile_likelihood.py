"""Profile likelihood: how the (penalised) likelihood falls when one parameter is held fixed.

For a parameter t = mᵀw that is linear in the objective's coordinates, and the sum F = Σ weight · f,

    g(c) = 2 (min {F(w) : mᵀw = c} − F(w*)),

is the likelihood-ratio statistic of t = c. The values that are not rejected at a level form an
interval: at its ends g crosses the quantile q of χ² with one degree of freedom. g' is twice the
derivative of F along the constraint's normal at the constrained minimum, since the other
derivatives vanish there.

With H = L Lᵀ the curvature at w* and a = L⁻¹ m, write w = w* + L⁻ᵀ Q (τ, v), Q orthogonal with
first column a / ‖a‖. Then mᵀw = mᵀw* + ‖a‖ τ: τ is the distance in standard errors, v is free, and
near w* F grows by (τ² + ‖v‖²) / 2, so that no step depends on the columns' scales or correlations.

Where F has several minima (Firth's), g has several branches and is the lowest of them. At a value c
the search starts from w* and from each other minimum near it, and an interval is extended where a
branch beyond its end is not yet rejected. A value below F(w*) means that there is a better fit, and
raises ``LowerMinimumError``.

For Firth's penalty the determinant stays that of the information of all parameters (Heinze &
Schemper, 2002, Statistics in Medicine 21: 2409–2419; R's logistf).
"""

from dataclasses import dataclass
from math import inf, isfinite, sqrt
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64
from scipy.linalg import solve_triangular

from lr_pipeline.core.fitting.minimum_search import OtherMinimum
from lr_pipeline.core.logistic.objective import Objective
from lr_pipeline.core.solvers.newton import Newton
from lr_pipeline.core.types import ParameterMatrix, Parameters

# An error of ε standard errors in the constrained minimum changes the statistic by ε².
CONSTRAINED = Newton(tolerance=1e-5, polish=False)
# This tolerance is enough to know which of several branches is the lowest.
ROUGH = Newton(tolerance=1e-2, polish=False)
# A Newton step this small, relative to the distance, leaves an error of about its square.
LAST_STEP = 1e-6
LAST_BRACKET = 1e-11
MAX_EVALUATIONS = 100
# Two ends are equal up to SAME_END standard errors, two statistics up to a share SAME_STATISTIC.
SAME_END = 1e-6
SAME_STATISTIC = 1e-6
# A statistic that is below its quantile this many standard errors away never reaches it.
FURTHEST = 1e9
# A statistic below −BETTER − BETTER_RELATIVE · |2 F| is not rounding but a better fit.
BETTER = 1e-6
BETTER_RELATIVE = 1e-11
# The number of steps in which a branch is followed from one value to another.
STEPS = 8

Free = Float64[np.ndarray, " f"]


class ProfilePoint(NamedTuple):
    """The statistic g at τ, its derivative in τ, and the free coordinates of the minimum."""

    statistic: float
    slope: float
    v: Free


class LowerMinimumError(ArithmeticError):
    """Raised where the objective is lower at w (p,) than at the minimum w*."""

    def __init__(self, w: Parameters) -> None:
        self.w = w
        super().__init__("a fit with a parameter held fixed is better than the fit")


def is_better(statistic: float, twice_lowest: float) -> bool:
    """Whether 2 (F − F(w*)) is below zero by more than the rounding of 2 F(w*)."""
    return bool(statistic < -BETTER - BETTER_RELATIVE * abs(twice_lowest))


class Profile(NamedTuple):
    """The ends of an interval and g(0).

    ``coherent``: whether interval and g(0) agree on zero, which is in the interval if and only if
    g(0) is at most the quantile.
    """

    lower: float
    upper: float
    statistic: float
    coherent: bool


@dataclass(frozen=True, eq=False)
class ProfiledParameter:
    """One parameter t = mᵀw of a minimised objective, with coordinates (τ, v) fitted to it.

    ``estimate`` mᵀw*, ``unit`` ‖L⁻¹ m‖, ``value`` f(w*), ``T`` (p, p) = L⁻ᵀ Q and ``from_w`` its
    inverse. ``rivals``: other minima of the objective.
    """

    objective: Objective
    optimum: Parameters
    value: float
    estimate: float
    unit: float
    T: ParameterMatrix
    from_w: ParameterMatrix
    rivals: tuple[OtherMinimum, ...] = ()

    def at(self, tau: float, v: Free, solver: Newton = CONSTRAINED) -> ProfilePoint:
        """Minimise over v at τ, from ``v``; an infinite statistic where f is not finite there.

        Raises
        ------
        LowerMinimumError
            The minimum is lower than w*.
        """
        plane = _Plane(self.objective, self.optimum + tau * self.T[:, 0], self.T[:, 1:])
        if not isfinite(plane.evaluate(v)[0]):
            return ProfilePoint(inf, inf, v)
        if len(v):
            v = solver.minimize(plane, v).parameters
        value, gradient, _ = plane.evaluate(v)
        W = 2.0 * self.objective.total_weight
        statistic = W * (value - self.value)
        if is_better(statistic, W * self.value):
            raise LowerMinimumError(self.optimum + self.T @ np.append(tau, v))
        return ProfilePoint(statistic, W * float(gradient @ self.T[:, 0]), v)

    def profile(self, quantile: float, *at_zero: Parameters) -> Profile:
        """Return both ends and g(0), and whether they agree on the rejection of zero.

        ``at_zero``: parameters with mᵀw = 0 to start from.
        """
        ends = [self.endpoint(side, quantile) for side in (-1, 1)]
        tau = -self.estimate / self.unit
        zero, side, place = self._lowest(tau, at_zero), 1 if tau > 0.0 else -1, int(tau > 0.0)

        def inside() -> bool:
            return ends[0] <= 0.0 <= ends[1]

        if inside() and zero.statistic > quantile:  # unless another branch leads to zero
            zero = min(zero, self._followed_to_zero(ends[place]), key=lambda point: point.statistic)
        rejected = zero.statistic > quantile
        if not inside() and not rejected:  # zero is on a branch that led to no end
            ends[place] = self._outward(side, quantile, abs(tau), zero)
        elif inside() and rejected and abs(ends[place]) <= SAME_END * self.unit:
            ends[place] = float(np.nextafter(0.0, self.estimate))  # zero is the end, up to rounding
        lower, upper = ends
        return Profile(lower, upper, max(zero.statistic, 0.0), inside() != rejected)

    def _lowest(self, tau: float, candidates: tuple[Parameters, ...] = ()) -> ProfilePoint:
        """The lowest minimum at τ, from the best of w* and the candidates, and from each rival."""
        origin = self.optimum + tau * self.T[:, 0]
        plane = _Plane(self.objective, origin, self.T[:, 1:])
        first = [np.zeros(len(origin) - 1), *(self._free(w, origin) for w in candidates)]
        starts = [
            min(first, key=plane.value),
            *(self._free(one.parameters, origin) for one in self.rivals),
        ]
        if len(starts) == 1:
            return self.at(tau, starts[0])
        ends = (self.at(tau, v, ROUGH) for v in starts)
        return self.at(tau, min(ends, key=lambda point: point.statistic).v)

    def _free(self, w: Parameters, origin: Parameters) -> Free:
        """The free coordinates v of w."""
        return np.asarray((self.from_w @ (w - origin))[1:])

    def _followed_to_zero(self, end: float) -> ProfilePoint:
        """Follow the branches of w* and of an end to zero, and return the lower point."""
        zero, found = -self.estimate / self.unit, []
        for begin in (0.0, (end - self.estimate) / self.unit):
            if isfinite(begin):
                point = self._lowest(begin)
                for tau in np.linspace(begin, zero, STEPS + 1)[1:].tolist():
                    point = self.at(tau, point.v)
                found.append(point)
        return min(found, key=lambda point: point.statistic)

    def endpoint(self, side: int, quantile: float) -> float:
        """Furthest value above (+1) or below (−1) the estimate with g = ``quantile``, or ±∞.

        The search goes outwards from w*, and continues from each rival's branch that is not yet
        rejected at the end found so far.
        """
        end = self._outward(side, quantile)
        near = [one.parameters for one in self.rivals if one.excess < quantile]
        places = [self.from_w @ (w - self.optimum) for w in near]
        for place in sorted(places, key=lambda place: side * place[0]):
            distance = side * (end - self.estimate) / self.unit
            if not isfinite(distance):
                return end
            distance = max(distance, side * float(place[0]))
            point = self.at(side * distance, place[1:], ROUGH)
            if point.statistic < quantile * (1.0 - SAME_STATISTIC):
                end = self._outward(side, quantile, distance, point)
        return end

    def _outward(
        self, side: int, quantile: float, near: float = 0.0, begin: ProfilePoint | None = None
    ) -> float:
        """Value with g = ``quantile``, outwards from w* or from ``begin``.

        ``near``: the distance of ``begin`` from w* in standard errors. It applies Newton's method
        to √g, which is nearly linear in τ, within a bracket. Along the branch of w* the free
        coordinates are nearly linear as well.
        """
        target, far = sqrt(quantile), inf
        v = np.zeros(len(self.optimum) - 1) if begin is None else begin.v
        distance = near + target - (0.0 if begin is None else sqrt(max(begin.statistic, 0.0)))
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
            v = (point.v if isfinite(root) else v) * (proposed / distance if begin is None else 1.0)
            distance = proposed
        return self.estimate + side * distance * self.unit


def profile_parameter(
    objective: Objective,
    optimum: Parameters,
    factor: ParameterMatrix,
    m: Parameters,
    rivals: tuple[OtherMinimum, ...] = (),
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
        rivals=rivals,
    )


class _Plane:
    """The objective on the plane w = origin + basis v, as a function of v to minimise.

    The last evaluation is kept, since a solver's first and last points are evaluated again.
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
