"""A proof that Firth's objective has a minimum near a fit, and a bound on how near.

F(w) = Σ c loss − τ log det I(w), with the information I = Σ c s x̃ x̃ᵀ and A = I⁻¹, is not convex.
Its gradient g and its Hessian K are

    g = Σ c (p − y) x̃ − τ Σ c s' h x̃,    h = x̃ᵀ A x̃,
    K = I − τ (Σ c s'' h x̃ x̃ᵀ − T),      T_jk = tr(A ∂_j I A ∂_k I),

where s' = s (1 − 2p) and s'' = s (1 − 6s) are the derivatives of s = p (1 − p) in z.

*Third derivative.* Lengths are ‖v‖² = vᵀ I(w) v, and r = max √h. At w + v with ‖v‖ ≤ ρ the
information changes by exp(± rρ). Since |s'|, |s''| and |s'''| are at most s, along unit vectors u
and v the loss's third derivative is at most r, and each of the six terms of D³ log det I [u, u, v]

    tr(A I'''[u,u,v]) − tr(A I'[v] A I''[u,u]) − 2 tr(A I''[u,v] A I'[u]) + 2 tr((A I'[u])² A I'[v])

is at most Σ s a² h max|b| ≤ r³, with a = x̃ᵀu and b = x̃ᵀv (the trace of a product is at most the
largest eigenvalue of one matrix times the sum of the other's eigenvalues, in absolute values). So
K changes along v by at most Λ ‖v‖ with Λ = exp(2 rρ) (r + 6 τ r³).

*Distance.* Let μ be the smallest eigenvalue of K and λ the length of g, both in the metric of I,
and ρ = 2 λ / μ. If Λ ρ < μ, then F grows outwards on the sphere of radius ρ about w, is strongly
convex inside, and has exactly one minimum w* there, with (Kantorovich's theorem in this metric)

    ‖w* − w‖ ≤ δ = 2 λ / (μ + √(μ² − 2 Λ λ)),    F(w) − F(w*) ≤ λ² / (2 (μ − Λ δ)).

It is a minimum, but not proven to be the lowest. Rounding makes λ, r and 1/μ larger.
"""

from math import exp, sqrt
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.certificate.curvature import Curvature, curvature_at
from lr_pipeline.core.certificate.distance import Certificate
from lr_pipeline.core.certificate.objective_rounding import (
    bounds_by_rows,
    objective_addition,
    parameter_rounding,
)
from lr_pipeline.core.certificate.rounding import SECOND_ORDER, dot_error
from lr_pipeline.core.columns.standardize import Coordinates
from lr_pipeline.core.limits import UNIT_ROUNDOFF
from lr_pipeline.core.logistic.fast_kernel import combine_rows, linear_predictor
from lr_pipeline.core.logistic.loss import sigmoid, variance
from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.rows import Block
from lr_pipeline.core.types import ParameterMatrix, Parameters, RowVector

# T takes n p³ operations and memory for p³ numbers.
MOST_PARAMETERS = 100
MOST_OPERATIONS = 2e10
ROWS = 256  # at a time, each p² numbers
LARGEST_ERROR = 0.1
# Where no minimum is proven, the certificate for a convex objective, with the information in place
# of the Hessian, times this factor becomes an estimate, not a bound: the true Hessian can be less
# than the information. Near minima of 9,500 random tables of 8 to 14 rows, fits could be farther
# away than this in 8; there the Hessian was 0.009 to 0.09 of the information in one direction.
FIRTH_MARGIN = 10.0


class FirthSums(NamedTuple):
    """Sums over the rows in the coordinates q = L⁻¹ x̃ in which the information is the identity.

    ``second`` (p, p): Σ c s'' h q qᵀ; ``third`` (p, p²): Σ c s' q ⊗ q ⊗ q; ``square``: Σ c s h².
    For rounding: ``absolute_square``, Σ c s (|x̃|ᵀ|A||x̃|)², and ``terms`` (p,), Σ c s h |x̃|.
    """

    second: ParameterMatrix
    third: Float64[np.ndarray, "p q"]
    square: float
    absolute_square: float
    terms: Parameters


def certify_minimum(
    objective: LogisticObjective,
    strength: float,
    w: Parameters,
    coordinates: Coordinates,
    most_parameters: int = MOST_PARAMETERS,
) -> Certificate | None:
    """Bound the distance of ``w`` to a minimum of Firth's objective, rigorously.

    ``strength``: τ. ``coordinates``: those of the objective's rows. Four passes over the rows; None
    where the passes would take long, or prove nothing.
    """
    n, p = objective.sums.rows.num_rows, len(w)
    if p > most_parameters or n * p**3 > MOST_OPERATIONS:
        return None
    curvature = curvature_at(objective, w, coordinates.reported())
    if curvature is None:
        return None
    amplification = coordinates.amplification()
    bounds = bounds_by_rows(objective, w, curvature, amplification)
    eta = bounds.eta  # relative error of the information
    if not eta < LARGEST_ERROR:
        return None
    r = bounds.radius / sqrt(1.0 - eta)
    sums = firth_sums(objective, w, curvature, amplification)
    rounding = score_rounding(objective, curvature, sums, eta)
    length = (1.0 + eta) * curvature.decrement + bounds.gradient_error
    length += SECOND_ORDER * strength * rounding
    smallest = lowest_curvature(sums.second, sums.third, strength, r, eta)
    found = bounded_distance(length / sqrt(1.0 - eta), smallest, r, strength)
    if found is None:
        return None
    distance, loss = found
    distance = distance / sqrt(1.0 - eta) + parameter_rounding(w, curvature)
    return Certificate(loss / objective.total_weight, distance)


def estimated(certificate: Certificate) -> Certificate:
    """Turn a certificate for a convex objective into an estimate for Firth's."""
    loss, distance = certificate.loss, certificate.standard_errors
    return Certificate(FIRTH_MARGIN**2 * loss, FIRTH_MARGIN * distance, rigorous=False)


def lowest_curvature(
    second: ParameterMatrix,
    third: Float64[np.ndarray, "p q"],
    strength: float,
    r: float,
    eta: float,
) -> float:
    """Return μ of K = I − τ (Σ c s'' h q qᵀ − T), less what an error of I can make of it.

    ``second`` and ``third`` are as in `FirthSums`; ``eta``: the information's relative error, which
    the leverages h and T have twice.
    """
    K = np.eye(len(second)) - strength * (second - third @ third.T)
    return float(np.linalg.eigvalsh(K)[0]) - 12.0 * eta * (1.0 + strength * r**2)


def bounded_distance(
    length: float, smallest: float, r: float, strength: float
) -> tuple[float, float] | None:
    """Return δ and the bound in loss; None where Λ ρ < μ does not hold."""
    if not smallest > 0.0:
        return None
    reach = 2.0 * length / smallest
    if not r * reach < 1.0:
        return None
    # Each of the six terms is at most r³. Their sum is smaller, since far out they cancel, but no
    # closer bound is known.
    change = exp(2.0 * r * reach) * (r + 6.0 * strength * r**3)
    if not change * reach < smallest:
        return None
    distance = 2.0 * length / (smallest + sqrt(smallest**2 - 2.0 * change * length))
    return distance, length**2 / (2.0 * (smallest - change * distance))


def firth_sums(
    objective: LogisticObjective,
    w: Parameters,
    curvature: Curvature,
    amplification: Float64[np.ndarray, "k k"],
) -> FirthSums:
    """One pass; ``amplification`` as in ``bounds_by_rows``."""
    inverse = curvature.inverse_factor

    def of_block(block: Block) -> FirthSums:
        z = linear_predictor(block, w)
        v = variance(z)
        s = v if block.weight is None else block.weight * v
        Q = block.X @ inverse[:, 1:].T + inverse[:, 0]
        h = np.einsum("ij,ij->i", Q, Q)
        source = block._replace(X=np.abs(block.X) @ amplification)
        half = source.X @ np.abs(inverse[:, 1:]).T + np.abs(inverse[:, 0])
        return FirthSums(
            (Q * (s * (1.0 - 6.0 * v) * h)[:, None]).T @ Q,
            _cubes(Q, s * (sigmoid(-z) - sigmoid(z))),
            float(s @ h**2),
            float(s @ np.einsum("ij,ij->i", half, half) ** 2),
            combine_rows(source, s * h),
        )

    return FirthSums(*objective.sums.rows.sum(of_block))


def _cubes(Q: Float64[np.ndarray, "n p"], slope: RowVector) -> Float64[np.ndarray, "p q"]:
    """Σ slope q ⊗ (q ⊗ q), for a few rows at a time, since each takes p² numbers."""
    p = Q.shape[1]
    cubes = np.zeros((p, p**2))
    for start in range(0, len(Q), ROWS):
        q, c = Q[start : start + ROWS], slope[start : start + ROWS]
        cubes += (q * c[:, None]).T @ (q[:, :, None] * q[:, None, :]).reshape(len(q), -1)
    return cubes


def score_rounding(
    objective: LogisticObjective, curvature: Curvature, sums: FirthSums, eta: float
) -> float:
    """Bound on the rounding error of Σ c s' h x̃, in the metric of I⁻¹.

    In each row the error of s' is at most η s. That of h is at most 2 η h, since A has the relative
    error 2 η, plus (2p + 4) ε |x̃|ᵀ|A||x̃| for its evaluation. Errors c s e of the rows add up to
    Σ c s |e| |x̃ᵀv| ≤ √(Σ c s e²) ‖v‖. Errors of x̃ itself and of the additions are relative to the
    terms. Where η is not tiny, s' takes only about half of its part, η / 2 being the predictor's
    rounding: this leaves room for products of errors up to η = ``LARGEST_ERROR``.
    """
    p = len(sums.terms)
    by_row = 3.0 * eta * sqrt(sums.square)
    by_row += (2 * p + 4) * UNIT_ROUNDOFF * sqrt(sums.absolute_square)
    relative = dot_error(p) + objective_addition(objective)
    return by_row + relative * float(np.linalg.norm(np.abs(curvature.inverse_factor) @ sums.terms))
