"""Standard errors, Wald tests and intervals, or the reason why there are none."""

from dataclasses import dataclass
from math import erfc, sqrt
from statistics import NormalDist

import numpy as np

from lr_pipeline.core.types import Parameters


@dataclass(frozen=True, eq=False)
class WaldInference:
    """Wald statistics of the parameters (p,), intercept first.

    ``z`` = estimate / standard error; ``p_values`` two-sided, P(|N(0, 1)| ≥ |z|);
    ``lower`` and ``upper`` the interval estimate ± Φ⁻¹((1 + level) / 2) standard errors.
    """

    level: float
    z: Parameters
    p_values: Parameters
    lower: Parameters
    upper: Parameters


def wald_inference(
    parameters: Parameters, standard_errors: Parameters, level: float = 0.95
) -> WaldInference:
    """Test each parameter against zero and give its interval, from the normal approximation.

    The standard errors are the roots of the diagonal of the inverse information, and right only
    for a maximum-likelihood estimate that is unique.
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must be between 0 and 1, found {level}")
    z = parameters / standard_errors
    half_width = NormalDist().inv_cdf((1.0 + level) / 2.0) * standard_errors
    return WaldInference(
        level=level,
        z=z,
        p_values=np.array([erfc(abs(value) / sqrt(2.0)) for value in z.tolist()]),
        lower=parameters - half_width,
        upper=parameters + half_width,
    )


def reason_withheld(
    penalty: str, dependent_columns: tuple[int, ...], curvature: bool, wanted: bool
) -> str:
    """Return why a fit has no standard errors, or an empty string if it has."""
    if not wanted:
        return "standard errors were not asked for"
    if penalty != "none":
        return f"the estimate is penalised ({penalty}): the inverse information is not its variance"
    if dependent_columns:
        return f"the estimate is not unique: columns {list(dependent_columns)} depend on others"
    if not curvature:
        return "the information is singular in float64"
    return ""
