"""The diagnostics of a logistic model, as the report shows them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lr_pipeline.evaluation.diagnostics.goodness import (
    ChiSquare,
    Criteria,
    Dispersion,
    ResidualSummary,
)
from lr_pipeline.evaluation.diagnostics.linearity import BinnedColumn, LinearityTest
from lr_pipeline.evaluation.diagnostics.row_influence import InfluentialRow
from lr_pipeline.evaluation.strict_numbers import strict_numbers


@dataclass(frozen=True)
class WorstPrediction:
    """A test row with one of the largest losses, by its number from 0."""

    number: int
    label: int
    probability: float
    loss: float
    id: str | None = None


@dataclass(frozen=True)
class Diagnostics:
    """How well the model ``title`` fits, with the reasons where something is withheld.

    ``rows`` and ``test_rows`` say which rows were looked at. ``influential``: the training rows of
    the largest Cook's distances; ``worst``: the test rows of the largest losses. ``linearity``: a
    test for each number, ``binned`` the most suspicious ones; ``untested``: how many numbers have
    smaller effects and no test. Keys of ``withheld``: influence, linearity, criteria.
    """

    name: str
    title: str
    rows: str
    test_rows: str
    criteria: Criteria
    tjur: float | None
    hosmer_lemeshow: ChiSquare | None
    dispersion: Dispersion
    pearson: ResidualSummary
    deviance: ResidualSummary
    worst: Sequence[WorstPrediction]
    influential: Sequence[InfluentialRow] = ()
    mean_leverage: float | None = None
    linearity: Sequence[LinearityTest] = ()
    binned: Sequence[BinnedColumn] = ()
    untested: int = 0
    withheld: dict[str, str] | None = None

    def reason(self, part: str) -> str:
        """Why a part is withheld, or an empty string."""
        return (self.withheld or {}).get(part, "")

    def numbers(self) -> dict[str, Any]:
        """Plain values for strict JSON."""
        criteria = self.criteria._asdict()
        if self.reason("criteria"):
            criteria |= {"aic": None, "bic": None}
        test = self.dispersion.test
        return strict_numbers(
            asdict(self)
            | {
                "criteria": criteria,
                "hosmer_lemeshow": self.hosmer_lemeshow and self.hosmer_lemeshow._asdict(),
                "dispersion": self.dispersion._asdict() | {"test": test and test._asdict()},
                "withheld": self.withheld or {},
            }
        )
