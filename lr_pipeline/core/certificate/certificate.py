"""The certificate of a fit: bounds on rounding, as close as needed, and the resulting distance."""

import numpy as np

from lr_pipeline.core.certificate.curvature import Curvature, length
from lr_pipeline.core.certificate.distance import UNBOUNDED, Bounds, Certificate, distance_bounds
from lr_pipeline.core.certificate.objective_rounding import (
    bounds_by_columns,
    bounds_by_rows,
    parameter_rounding,
)
from lr_pipeline.core.columns.standardize import Coordinates
from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.types import Parameters

# A bound that costs no pass over the rows is enough where it is below this, in standard errors:
# CLOSE_MANY for a table of many numbers, whose passes take long, CLOSE_FEW for others.
CLOSE_MANY = 1e-4
CLOSE_FEW = 1e-9
MANY_NUMBERS = 100_000


def certify(
    objective: LogisticObjective,
    w: Parameters,
    curvature: Curvature | None,
    coordinates: Coordinates,
    close: float = 0.0,
) -> Certificate:
    """Bound the distance of ``w`` to the optimum in loss and in standard errors.

    ``coordinates``: those of the objective's rows. No pass over the rows is made where the bound
    from the columns' largest absolute values is close enough, at most ``close``, or could not be
    halved by passes; otherwise two. The bound is infinite where u ≥ 1 or rounding may be too large.
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
    """Largest √(x̃ᵀ H⁻¹ x̃) of the imagined rows whose logistic loss equals the penalty."""
    norms = np.linalg.norm(curvature.inverse_factor, axis=0)
    return float(np.max(objective.penalty.row_sizes(len(norms)) * norms))
