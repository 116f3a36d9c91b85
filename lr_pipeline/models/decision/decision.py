"""A model's decision: how its score becomes a probability, and above which one it says yes."""

from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from lr_pipeline.core.logistic.loss import sigmoid
from lr_pipeline.core.types import RowVector
from lr_pipeline.models.decision.recalibration import Recalibration, recalibration_from_dict

THRESHOLD = 0.5

Amount = TypeVar("Amount", float, RowVector)


@dataclass(frozen=True)
class Costs:
    """What each kind of answer costs and brings, in one unit, per row.

    ``false_positive`` and ``false_negative`` are costs, ``true_positive`` and ``true_negative``
    benefits.
    """

    false_positive: float
    false_negative: float
    true_positive: float = 0.0
    true_negative: float = 0.0

    def total(
        self,
        false_positive: Amount,
        false_negative: Amount,
        true_positive: Amount,
        true_negative: Amount,
    ) -> Amount:
        """Return c_FP FP + c_FN FN − b_TP TP − b_TN TN, of numbers or shares of rows."""
        return (
            self.false_positive * false_positive
            + self.false_negative * false_negative
            - self.true_positive * true_positive
            - self.true_negative * true_negative
        )

    @property
    def indifference(self) -> float:
        """The probability at which yes and no cost the same.

        (c_FP + b_TN) / (c_FP + b_TN + c_FN + b_TP): the best threshold for probabilities that are
        right (C. Elkan, IJCAI 2001, equation 2).
        """
        no = self.false_positive + self.true_negative
        return no / (no + self.false_negative + self.true_positive)


@dataclass(frozen=True)
class FoldOutcome:
    """What a threshold did on the held-out training rows, as shares of all of them.

    ``flagged``: rows with the answer yes; ``right``: of those, the positive ones; ``missed``:
    positive rows with the answer no.
    """

    rule: str
    threshold: float
    flagged: float
    right: float
    missed: float


@dataclass(frozen=True)
class Decision:
    """The answer is yes where the probability is above ``threshold``.

    ``rule`` says in words how the threshold was chosen, on the scores of ``rows`` training rows,
    each by a model of the other ones of its ``folds`` (0 and 0: it was given). ``outcomes`` are
    those of the chosen threshold, first, and of others on the same scores. ``recalibration`` maps
    z to the probability; without one it is σ(z).
    """

    threshold: float = THRESHOLD
    rule: str = "0.5, unless another rule is set"
    folds: int = 0
    rows: int = 0
    costs: Costs | None = None
    recalibration: Recalibration | None = None
    outcomes: tuple[FoldOutcome, ...] = ()

    def probability(self, z: RowVector) -> RowVector:
        """Return P(y = 1) (n,) for scores z (n,): recalibrated, else σ(z)."""
        return sigmoid(z) if self.recalibration is None else self.recalibration.probability(z)

    def log_odds(self, z: RowVector) -> RowVector:
        """Return log(p / (1 − p)) (n,) of the probabilities for scores z (n,)."""
        return z if self.recalibration is None else self.recalibration.log_odds(z)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        plain = {name: getattr(self, name) for name in ("threshold", "rule", "folds", "rows")}
        return plain | {
            "costs": None if self.costs is None else asdict(self.costs),
            "recalibration": None if self.recalibration is None else self.recalibration.to_dict(),
            "outcomes": [asdict(one) for one in self.outcomes],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Decision":
        """Restore a decision: the inverse of :meth:`to_dict`."""
        costs, recalibration = data["costs"], data["recalibration"]
        return cls(
            **{name: data[name] for name in ("threshold", "rule", "folds", "rows")},
            costs=None if costs is None else Costs(**costs),
            recalibration=None if recalibration is None else recalibration_from_dict(recalibration),
            outcomes=tuple(FoldOutcome(**one) for one in data["outcomes"]),
        )


DEFAULT_DECISION = Decision()
