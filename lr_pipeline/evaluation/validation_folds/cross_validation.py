"""What repeated cross-validation found, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from lr_pipeline.evaluation.intervals.interval import Interval

MetricName = Literal["log_loss", "brier_score", "roc_auc", "accuracy"]
METRIC_NAMES: tuple[MetricName, ...] = ("log_loss", "brier_score", "roc_auc", "accuracy")


@dataclass(frozen=True)
class ValidationChoice:
    """How often to cross-validate: ``repeats`` times, each time with other ``folds``.

    If ``repeats`` is None, it follows from the table's size; it is 0 for large tables and where the
    test set is large enough by itself. 0 means no cross-validation.
    """

    folds: int = 5
    repeats: int | None = None


@dataclass(frozen=True)
class Estimate:
    """A metric's mean over the folds with its interval; None with the reason ``withheld``."""

    mean: float | None
    interval: Interval
    withheld: str = ""

    def within(self, least: float, most: float) -> "Estimate":
        """Cut the interval to the values that the metric can have; it covers as often."""
        low, high = self.interval.low, self.interval.high
        if low is None or high is None:
            return self
        cut = replace(self.interval, low=max(low, least), high=min(high, most))
        return replace(self, interval=cut)

    def numbers(self) -> dict[str, Any]:
        """Plain values for strict JSON."""
        return {
            "mean": self.mean,
            "interval": self.interval.numbers(),
            "withheld": self.withheld,
        }


@dataclass(frozen=True)
class CrossValidation:
    """Estimates of each model (by name), the prevalence baseline first, over all folds.

    ``gains``: by how much each model's log loss and Brier score are lower than the baseline's,
    fold by fold. ``division``: how rows were divided, in words. ``alike``: model → names of others
    whose predictions are its own. ``penalised``: folds that were separated, and fitted with log-F's
    penalty. ``seconds``: how long it took; the only number here that two runs differ in.
    ``withheld`` says why nothing was computed.
    """

    division: str = ""
    folds: int = 0
    repeats: int = 0
    estimates: Mapping[str, Mapping[MetricName, Estimate]] = field(default_factory=dict)
    gains: Mapping[str, Mapping[MetricName, Estimate]] = field(default_factory=dict)
    alike: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    penalised: int = 0
    left_out: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    withheld: str = ""

    def numbers(self) -> dict[str, Any]:
        """Plain values for strict JSON, without the time it took."""
        return {
            "division": self.division,
            "folds": self.folds,
            "repeats": self.repeats,
            "models": _plain(self.estimates),
            "gains": _plain(self.gains),
            "alike": {name: list(others) for name, others in self.alike.items()},
            "penalised_folds": self.penalised,
            "left_out": dict(self.left_out),
            "withheld": self.withheld,
        }


def _plain(of: Mapping[str, Mapping[MetricName, Estimate]]) -> dict[str, Any]:
    return {
        model: {name: one.numbers() for name, one in metrics.items()}
        for model, metrics in of.items()
    }
