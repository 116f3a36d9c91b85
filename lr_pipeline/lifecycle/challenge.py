"""The test by which a new model, the challenger, takes the place of the one in use, the champion.

Both predict the same test rows. How often these rows have decided before is part of the test: each
decision spends a part of one error rate α, so that a stream of challengers that are no better
replaces the champion with a probability of at most α, however long it is.
"""

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from scipy.special import ndtri, stdtr, stdtrit

from lr_pipeline.evaluation.comparisons.comparison import POWER
from lr_pipeline.evaluation.comparisons.paired import are_same, spread_of_difference
from lr_pipeline.evaluation.intervals.areas import NO_SPREAD
from lr_pipeline.evaluation.intervals.enough import FEWEST_TO_TEST, few_cases
from lr_pipeline.evaluation.intervals.interval import Interval, no_interval
from lr_pipeline.evaluation.intervals.scored_cases import Predictions

Aim = Literal["superiority", "non-inferiority"]
DecidingMetric = Literal["log_loss", "roc_auc"]
Verdict = Literal["promoted", "kept", "inconclusive"]

UNDECIDED: Final = "inconclusive"
NO_TEST = no_interval("no test was made")
METRIC_TITLES = {"log_loss": "log loss", "roc_auc": "ROC AUC"}


@dataclass(frozen=True)
class Policy:
    """What a challenger must show.

    ``aim`` superiority: it is better by ``metric``; non-inferiority: it is worse by less than
    ``margin``, in the metric's own unit. ``alpha``: the probability with which any of all decisions
    on the same test rows promotes a model that does not fulfil this.

    Raises
    ------
    ValueError
        A margin goes with non-inferiority and only with it; α is between 0 and 0.5.
    """

    aim: Aim = "superiority"
    metric: DecidingMetric = "log_loss"
    margin: float = 0.0
    alpha: float = 0.05

    def __post_init__(self) -> None:
        """Refuse settings that contradict each other."""
        if (self.aim == "non-inferiority") != (self.margin > 0.0):
            raise ValueError(
                f"expected a margin above 0 with non-inferiority, and none with superiority; found "
                f"{self.aim} with margin {self.margin:g}. Give both or neither."
            )
        if not 0.0 < self.alpha < 0.5:
            raise ValueError(f"expected alpha between 0 and 0.5, found {self.alpha:g}")

    @property
    def claim(self) -> str:
        """What the challenger must show, in words."""
        title = METRIC_TITLES[self.metric]
        if self.aim == "superiority":
            return f"a better {title}"
        return f"a {title} less than {self.margin:g} worse"


@dataclass(frozen=True)
class Challenge:
    """How a challenger did against the model in use on the same test rows.

    ``difference`` is how much better the challenger is (negative: worse) in the metric's own unit,
    and ``interval`` covers the population's value with level 1 − 2 ``level``. ``p_value`` is
    one-sided, for challengers that do not fulfil the claim; it decides against ``level``, the share
    of α that this decision spends. ``smallest_detectable``: a challenger that is better by this
    much would be promoted with a probability of 80 %.

    ``verdict``: promoted; kept, where the challenger is worse, is the same, or may not replace
    anything; else inconclusive. The champion stays in both of the last two. ``times_decided``
    counts the decisions on these test rows with this one, 0 where no test was made. ``against``
    names the champion's version, or the prevalence. ``repeated``: the same was asked before, and
    this is the answer of then. ``reasons`` say why, most important first.
    """

    verdict: Verdict
    against: str
    policy: Policy
    reasons: tuple[str, ...]
    difference: float | None = None
    interval: Interval = NO_TEST
    p_value: float | None = None
    smallest_detectable: float | None = None
    level: float | None = None
    times_decided: int = 0
    repeated: bool = False

    @property
    def tested(self) -> bool:
        """Whether the test rows decided, here or when the same was asked before."""
        return self.p_value is not None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for strict JSON."""
        return asdict(self) | {"reasons": list(self.reasons)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Challenge":
        """Restore a challenge: the inverse of :meth:`to_dict`."""
        return cls(
            **data
            | {
                "policy": Policy(**data["policy"]),
                "interval": Interval(**data["interval"]),
                "reasons": tuple(data["reasons"]),
            }
        )


def level_of_decision(alpha: float, k: int) -> float:
    """Return α / (k (k + 1)), the one-sided level of the k-th decision, from 1.

    Their sum over all k is α, which bounds the probability of any wrong promotion (Bonferroni). The
    first is α / 2: at 5 %, the usual two-sided 95 % interval must exclude the claim's opposite.
    """
    return alpha / (k * (k + 1))


def challenge(
    champion: Predictions,
    challenger: Predictions,
    policy: Policy,
    decided_before: int,
    against: str,
) -> Challenge:
    """Decide from predictions of the same test rows whether the challenger fulfils the claim.

    With the improvement D, its standard error s and margin δ (0 for superiority), the null
    hypothesis D ≤ −δ is tested by (D + δ) / s, one-sided at ``level_of_decision``: DeLong's paired
    test for ROC AUC, the paired t test for log loss. ``decided_before``: how many decisions these
    test rows have made. ``against``: how the result names the champion.
    """
    first, second = challenger.metrics, champion.metrics
    for one in (first, second):
        if getattr(one, policy.metric) is None:
            return refused((f"no test: {one.reasons[policy.metric]}",), policy, against, UNDECIDED)
    difference = getattr(first, policy.metric) - getattr(second, policy.metric)
    difference = -difference if policy.metric == "log_loss" else difference
    if are_same(challenger, champion):
        reason = f"it predicts the same as {against} for every test row"
        return Challenge("kept", against, policy, (reason,), difference)
    if few := few_cases(challenger.cases, FEWEST_TO_TEST):
        return refused((f"no test: {few}",), policy, against, UNDECIDED)
    spread, method = spread_of_difference(challenger, champion, policy.metric)
    if spread.standard_error == 0.0:
        return Challenge("kept", against, policy, (f"no test: {NO_SPREAD}",), difference)
    k = decided_before + 1
    level = level_of_decision(policy.alpha, k)
    width = float(stdtrit(spread.freedom, 1.0 - level)) * spread.standard_error
    p_value = float(stdtr(spread.freedom, -(difference + policy.margin) / spread.standard_error))
    verdict: Verdict = "promoted" if p_value <= level else UNDECIDED
    if verdict != "promoted" and difference + width < 0.0:
        verdict = "kept"
    needed = float(ndtri(1.0 - level) + ndtri(POWER)) * spread.standard_error
    return Challenge(
        verdict,
        against,
        policy,
        (_in_words(verdict, policy, against),),
        difference,
        Interval(difference - width, difference + width, 1.0 - 2.0 * level, method),
        p_value,
        needed - policy.margin,
        level,
        k,
    )


def refused(
    reasons: tuple[str, ...], policy: Policy, against: str, verdict: Verdict = "kept"
) -> Challenge:
    """Return the result for a challenger that is not tested: it must not, or cannot be."""
    return Challenge(verdict, against, policy, reasons)


def _in_words(verdict: Verdict, policy: Policy, against: str) -> str:
    """Say what the test rows showed."""
    if verdict == "promoted":
        return f"the test rows show {policy.claim} than {against} has"
    if verdict == "kept":
        return f"the test rows show that it is worse than {against}"
    return f"the test rows do not show {policy.claim} than {against} has"
