"""Results of inference about the parameters, Wald's method, and reasons for withholding it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, nan, sqrt
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool

from lr_pipeline.core.columns.column_list import list_columns
from lr_pipeline.core.inference.collinearity import inseparable_columns
from lr_pipeline.core.logistic.penalties.penalty import Penalty
from lr_pipeline.core.types import Columns, Parameters

NOT_ASKED_FOR = "standard errors were not asked for"


class ParameterInference(NamedTuple):
    """Interval, statistic and p-value of each parameter (p,), intercept first."""

    lower: Parameters
    upper: Parameters
    statistics: Parameters
    p_values: Parameters


class OddsRatios(NamedTuple):
    """exp(β) of each column (d,) with its interval; infinite beyond 1.8e308."""

    estimate: Columns
    lower: Columns
    upper: Columns


class LikelihoodRatioTest(NamedTuple):
    """2 (ℓ(ŵ) − ℓ(null)), both penalised for Firth, and P(χ² ≥ statistic)."""

    statistic: float
    degrees_of_freedom: int
    p_value: float


@dataclass(frozen=True, eq=False)
class LogisticInference:
    """Inference about the parameters (p,), intercept first, in the table's units.

    ``lower``, ``upper``: the interval at ``level``; ``p_values``: for each parameter being zero.
    ``statistics``: method "wald" z = estimate / standard error; method "profile" the
    likelihood-ratio statistic 2 (ℓ(ŵ) − max ℓ where the parameter is zero), penalised for Firth.
    Numbers are NaN where withheld: ``withheld`` gives the reason, or ``inseparable`` for columns
    whose coefficients cannot be told apart (``tied``).
    ``better_start`` (p,): parameters of a better fit, in the table's units, where a profile found
    one, which is possible with Firth's penalty. Everything is then withheld: fit again from there.
    ``odds_ratios``, ``odds_ratios_per_sd``: for one unit more of a column, and for one standard
    deviation. ``variance_inflation`` (d,): 1 / (1 − R²) of each column on the others, weighted;
    infinite for a dependent column. ``model_test``: against the model of the intercept alone.
    """

    level: float
    method: str
    lower: Parameters
    upper: Parameters
    statistics: Parameters
    p_values: Parameters
    odds_ratios: OddsRatios
    odds_ratios_per_sd: OddsRatios
    variance_inflation: Columns
    model_test: LikelihoodRatioTest | None
    withheld: str
    inseparable: str = ""
    better_start: Parameters | None = None

    @property
    def tied(self) -> Bool[np.ndarray, " d"]:
        """Whether each column (d,) has no inference since its coefficient cannot be told apart."""
        if not self.inseparable:
            return np.zeros(len(self.variance_inflation), bool)
        return inseparable_columns(self.variance_inflation)


def wald_inference(
    parameters: Parameters, standard_errors: Parameters, level: float = 0.95
) -> ParameterInference:
    """Test each parameter against zero and give its interval, from the normal approximation.

    The statistic is z = estimate / standard error, its p-value is two-sided, P(|N(0, 1)| ≥ |z|),
    and the interval is the estimate ± Φ⁻¹((1 + level) / 2) standard errors, which are the square
    roots of the diagonal of the inverse information. All are right only for a unique
    maximum-likelihood estimate.
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must be between 0 and 1, found {level}")
    z = parameters / standard_errors
    half_width = NormalDist().inv_cdf((1.0 + level) / 2.0) * standard_errors
    p_values = np.array([erfc(abs(value) / sqrt(2.0)) for value in z.tolist()])
    return ParameterInference(parameters - half_width, parameters + half_width, z, p_values)


def nothing_inferred(num_parameters: int) -> ParameterInference:
    """Return NaN for every number."""
    return ParameterInference(*(np.full(num_parameters, nan) for _ in range(4)))


def reason_withheld(
    penalty: Penalty, dependent_columns: tuple[int, ...], curvature: bool, wanted: bool
) -> str:
    """Return why a fit has no standard errors, or an empty string if it has."""
    if not wanted:
        return NOT_ASKED_FOR
    if not penalty.adds_nothing:
        return (
            f"the estimate is penalised ({penalty.name}): "
            "the inverse information is not its variance"
        )
    if dependent_columns:
        return f"the estimate is not unique: columns {list(dependent_columns)} depend on others"
    if not curvature:
        return "the information is singular in float64"
    return ""


def unidentified_reason(unidentified: Bool[np.ndarray, " p"], names: Sequence[str] | None) -> str:
    """Say which parameters have no interval because columns depend on each other."""
    if not unidentified.any():
        return ""
    return (
        f"{_listed(unidentified, names)} are not identifiable: these columns depend on each other"
    )


def peaks_reason(incoherent: Bool[np.ndarray, " p"], names: Sequence[str] | None) -> str:
    """Say which parameters have no interval because their likelihood has several peaks."""
    if not incoherent.any():
        return ""
    return (
        f"{_listed(incoherent, names)} have a penalised likelihood of several peaks: the values "
        "that it does not reject are no interval"
    )


def _listed(chosen: Bool[np.ndarray, " p"], names: Sequence[str] | None) -> str:
    """The names of the chosen parameters; those beyond the first few are only counted."""
    intercept = "the intercept and " if chosen[0] else ""
    columns = np.flatnonzero(chosen[1:]).tolist()
    return f"{intercept}the coefficients of columns {list_columns(columns, names)}"
