"""The rules by which a model is not, or not yet, ready to use.

docs/decisions/0011 says why each limit is what it is.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from lr_pipeline.evaluation.comparisons.comparison import SIGNIFICANCE
from lr_pipeline.evaluation.number_format import count, significant
from lr_pipeline.evaluation.verdict.evidence import Evidence
from lr_pipeline.tables.level_counts import plain_count

Answer = Literal["yes", "not proven", "no"]

FEWEST_CASES = 20  # test cases of the rarer class
# Of the prevalence's log loss. A test that would have detected so small a gain, and did not, shows
# that there is no gain of any use.
RELEVANT_GAIN = 0.02
PERFECT_AUC = 0.999
TOO_FEW = "too few rows to tell"
MORE_ROWS = "Collect more rows, or set test_size= to test on more of them."
CALIBRATED = (0.8, 1.25)  # slopes and ratios that decisions can bear


@dataclass(frozen=True)
class Reason:
    """A reason against a yes: ``short`` follows the answer in the headline.

    ``text`` is the sentence of the verdict, ``remedy`` what to do next.
    """

    answer: Answer
    short: str
    text: str
    remedy: str

    def numbers(self) -> dict[str, Any]:
        """Plain values for strict JSON."""
        return asdict(self)


def reasons(found: Evidence) -> list[Reason]:
    """Return all reasons against a yes, those for a no first; none if the model is ready."""
    given = [reason for rule in RULES for reason in rule(found)]
    return sorted(given, key=lambda reason: reason.answer != "no")


def _error(found: Evidence) -> Iterator[Reason]:
    for notice in found.notices:
        if notice.severity == "error":
            yield Reason("no", "an error was found", notice.text, "Correct this, and run again.")


def _leak(found: Evidence) -> Iterator[Reason]:
    leaks = found.has("leak")
    if leaks:
        yield Reason(
            "no",
            "a column gives the answer away",
            " ".join(notice.text for notice in leaks),
            "Exclude what is known only after the answer, and run again.",
        )


def _unfinished(found: Evidence) -> Iterator[Reason]:
    if not found.converged:
        yield Reason(
            "no",
            "the fit has not converged",
            "The fit stopped before its optimum, so that its coefficients and probabilities are "
            "not those of the model.",
            "Train with Newton's method, or with more iterations.",
        )


def _doubtful_arithmetic(found: Evidence) -> Iterator[Reason]:
    if found.has("disagreement") and found.converged:
        yield Reason(
            "not proven",
            "two computations of the model disagree",
            "The two kernels are further apart than their certificates allow.",
            "See the notice on the two models, and train the other one with Newton's method.",
        )


def _few_cases(found: Evidence) -> Iterator[Reason]:
    if found.rarer < FEWEST_CASES:
        yield Reason(
            "not proven",
            TOO_FEW,
            f"The test set has {count(plain_count(found.rarer))} cases of its rarer class, and "
            f"fewer than {FEWEST_CASES} can prove nothing.",
            MORE_ROWS,
        )


def _no_gain(found: Evidence) -> Iterator[Reason]:
    """Judge the model against predicting the prevalence for every row."""
    compared = found.against_prevalence
    if compared.verdict == "better":
        return
    if compared.difference is None:
        yield Reason(
            "not proven",
            "it could not be compared with the prevalence",
            f"Whether the model is better than the prevalence cannot be told: "
            f"{compared.interval.withheld}.",
            MORE_ROWS if found.rarer else "Test on rows of both classes, and on more of them.",
        )
        return
    scale = getattr(found.reference, compared.metric)
    sees = compared.smallest_detectable is not None and (
        compared.smallest_detectable <= RELEVANT_GAIN * scale
    )
    if compared.verdict in ("worse", "same") or compared.difference >= 0 or sees:
        yield Reason(
            "no",
            "no better than the prevalence",
            "The model is no better than predicting the prevalence for every row.",
            "Look for columns that have to do with the question: these have nothing, or too little "
            "for so many columns.",
        )
        return
    yield Reason(
        "not proven",
        TOO_FEW,
        "That it is better than predicting the prevalence for every row may be chance.",
        MORE_ROWS,
    )


def _worse_than_linear(found: Evidence) -> Iterator[Reason]:
    if found.against_linear is not None and found.against_linear.verdict == "worse":
        yield Reason(
            "not proven",
            "the linear baseline predicts better",
            "The linear baseline predicts these rows significantly better than the model.",
            "Look at the diagnostics: a column may act on the probability, not on its log odds.",
        )


def _too_good(found: Evidence) -> Iterator[Reason]:
    area = found.metrics.roc_auc
    if area is not None and area >= PERFECT_AUC and not found.has("leak"):
        yield Reason(
            "not proven",
            "too good to be true",
            f"The test rows are ranked all but perfectly (ROC AUC {significant(area, 6)}), which "
            "most often means that the columns together give the answer away.",
            "Check when each column becomes known; if all are known before the answer, the model "
            "may be used.",
        )


def _miscalibrated(found: Evidence) -> Iterator[Reason]:
    """Judge the probabilities by slope and by their mean, each with its interval.

    Few cases tell too little of either.
    """
    if found.rarer < FEWEST_CASES:
        return
    calibration = found.calibration
    slope = calibration.slope
    remedy = "Set recalibration='platt', and test on new rows."
    if slope is not None:
        short = "overconfident probabilities" if slope < 1 else "underconfident probabilities"
        text = f"Its probabilities are too {'extreme' if slope < 1 else 'timid'}: calibration slope"
        ends = calibration.slope_interval.ends
        said = f"{text} {_with_ends(slope, ends)}."
        p = calibration.p_value
        yield from _outside(slope, ends, short, said, remedy, p is not None and p <= SIGNIFICANCE)
    ratio = calibration.ratio
    short = f"its probabilities are too {'low' if ratio > 1 else 'high'}"
    text = (
        f"Its probabilities are too {'low' if ratio > 1 else 'high'} on average: for 100 cases "
        f"predicted there were {significant(100 * ratio, 3)}"
    )
    observed = calibration.observed
    ends_text = " to ".join(significant(100 * end, 3) for end in observed)
    yield from _outside(ratio, observed, short, f"{text} (95 % interval {ends_text}).", remedy)


def _outside(
    value: float,
    ends: tuple[float, float] | None,
    short: str,
    text: str,
    remedy: str,
    rejected: bool = False,
) -> Iterator[Reason]:
    """No, if the interval is wholly beyond what can be borne; not proven, if the value is.

    In the second case the interval must exclude 1, which is what it would be if nothing were wrong,
    or a test have ``rejected`` that nothing is.
    """
    low, high = CALIBRATED
    if ends is None or low <= value <= high:
        return
    if ends[1] < low or ends[0] > high:
        yield Reason("no", short, text, remedy)
    elif rejected or ends[1] < 1.0 or ends[0] > 1.0:
        yield Reason("not proven", short, text, remedy)


def _with_ends(value: float, ends: tuple[float, float] | None) -> str:
    if ends is None:
        return significant(value, 2)
    return f"{significant(value, 2)} ({' to '.join(significant(end, 2) for end in ends)})"


RULES: tuple[Callable[[Evidence], Iterator[Reason]], ...] = (
    _error,
    _leak,
    _unfinished,
    _few_cases,
    _no_gain,
    _miscalibrated,
    _doubtful_arithmetic,
    _worse_than_linear,
    _too_good,
)
