"""The report's verdict in words: the model, what it improves on, what is wrong or withheld."""

from collections.abc import Iterator, Sequence

from lr_pipeline.evaluation.comparisons.comparison import Comparison
from lr_pipeline.evaluation.findings import BASELINE, Findings
from lr_pipeline.evaluation.metrics import HEADINGS
from lr_pipeline.evaluation.model_results import ModelResults
from lr_pipeline.evaluation.number_format import (
    count,
    decimals_for,
    fixed,
    p_compared,
    percent,
    significant,
)
from lr_pipeline.evaluation.validation_folds.cross_validation import Estimate
from lr_pipeline.evaluation.verdict.doubts import doubts
from lr_pipeline.evaluation.verdict.evidence import Evidence
from lr_pipeline.evaluation.verdict.rules import TOO_FEW, Reason

NAMES = {"log_loss": "log loss", "brier_score": "Brier score"}


def paragraph(
    findings: Findings, results: ModelResults, found: Evidence, reasons: Sequence[Reason]
) -> str:
    """Return the paragraph in plain words; every number in it is on the page too."""
    sentences = [
        *_tested(findings, found),
        *_against_prevalence(results, found),
        *_ranking(findings, found),
        *_against_linear(results, found),
        *_kernels(findings),
        *(reason.text for reason in reasons),
        *_validated(findings, found, reasons),
        *doubts(findings, found, reasons),
        *_withheld(findings, results, found),
    ]
    return " ".join(sentences)


def model_name(found: Evidence) -> str:
    """Return what to call the verdict's model: the kernel that computed it makes no difference."""
    return "Logistic regression" if found.model.fit is not None else found.model.title


def _tested(findings: Findings, found: Evidence) -> Iterator[str]:
    held_out = findings.held_out
    cases = "" if held_out.cases is None else f" ({count(held_out.cases)} cases)"
    yield (
        f"{model_name(found)} was tested on {count(held_out.rows)} rows{cases} that it had not "
        f"seen, {percent(held_out.positive_share)} of them {held_out.target} = {held_out.positive}."
    )


def _against_prevalence(results: ModelResults, found: Evidence) -> Iterator[str]:
    compared = found.against_prevalence
    if compared.difference is None:
        return
    own, other = _values(results, compared)
    how = {"better": "significantly better than", "worse": "significantly worse than"}
    yield (
        f"It is {how.get(compared.verdict, 'not significantly better than')} predicting the "
        f"prevalence for every row: its {NAMES[compared.metric]} is {own} against "
        f"{other}{_difference(compared)}."
    )


def _ranking(findings: Findings, found: Evidence) -> Iterator[str]:
    area, ends = found.metrics.roc_auc, found.auc.ends
    if area is None or ends is None:
        return
    places = decimals_for(ends)
    held_out = findings.held_out
    yield (
        f"Of two rows, one with {held_out.target} = {held_out.positive} and one without, it gives "
        f"the right one the higher probability in {fixed(100 * area, max(places - 2, 0))} of 100 "
        f"cases ({' to '.join(fixed(100 * end, max(places - 2, 0)) for end in ends)}; 50 is "
        "chance)."
    )


def _against_linear(results: ModelResults, found: Evidence) -> Iterator[str]:
    compared = found.against_linear
    if compared is None or compared.difference is None:
        return
    own, other = _values(results, compared)
    if compared.verdict in ("better", "worse"):
        yield (
            f"It is significantly {compared.verdict} than the linear baseline: "
            f"{NAMES[compared.metric]} {own} against {other}{_difference(compared)}."
        )
        return
    detectable = compared.smallest_detectable
    seen = (
        ""
        if detectable is None
        else f"; a true difference of {significant(detectable, 2)} would have been found in 80 % "
        "of such test sets"
    )
    yield (
        f"That it is better than the linear baseline was not shown: {NAMES[compared.metric]} "
        f"{own} against {other}{_difference(compared)}{seen}."
    )


def _difference(compared: Comparison) -> str:
    """Return the difference in brackets: lower by 0.52, 95 % interval 0.45 to 0.58, p < 0.001."""
    ends = compared.interval.ends
    if compared.difference is None or ends is None:
        return ""
    places, direction = decimals_for(ends), "higher"
    if compared.difference <= 0:
        direction, ends = "lower", (-ends[1], -ends[0])
    corrected = compared.adjusted is not None and compared.adjusted != compared.p_value
    p = p_compared(compared.adjusted if corrected else compared.p_value)
    return (
        f" ({direction} by {fixed(abs(compared.difference), places)}, 95 % interval "
        f"{fixed(ends[0], places)} to {fixed(ends[1], places)}, {'corrected ' * corrected}p {p})"
    )


def _kernels(findings: Findings) -> Iterator[str]:
    agreements = () if findings.effects is None else findings.effects.agreements
    if agreements and all(one.within_tolerance for one in agreements):
        yield "Two kernels with two algorithms agree on it within their certificates."


def _validated(findings: Findings, found: Evidence, reasons: Sequence[Reason]) -> Iterator[str]:
    """Say what cross-validation found where the test set alone is too small to tell."""
    validation = findings.cross_validation
    if validation is None or TOO_FEW not in {reason.short for reason in reasons}:
        return
    name = found.model.name
    same = (first for first, others in validation.alike.items() if name in others)
    gains = validation.gains.get(name) or validation.gains.get(next(same, ""), {})
    for loss in ("log_loss", "brier_score"):
        if loss in gains and gains[loss].mean is not None:
            yield _gain_of_folds(NAMES[loss], gains[loss])
            return


def _gain_of_folds(loss: str, gain: Estimate) -> str:
    mean, ends = gain.mean or 0.0, gain.interval.ends
    subject = "Cross-validation of the training rows, which tests such models and not this one,"
    if ends is None:
        return (
            f"{subject} found their {loss} {'lower' if mean >= 0.0 else 'higher'} than that of the "
            f"prevalence by {significant(abs(mean), 2)} on average, with no interval."
        )
    places = decimals_for(ends)
    between = f"95 % interval {fixed(ends[0], places)} to {fixed(ends[1], places)}"
    if ends[0] > 0.0:
        return (
            f"{subject} found their {loss} lower than that of the prevalence by "
            f"{fixed(mean, places)} ({between})."
        )
    return (
        f"{subject} did not show that their {loss} is lower than that of the prevalence either: "
        f"gain {fixed(mean, places)} ({between})."
    )


def _withheld(findings: Findings, results: ModelResults, found: Evidence) -> Iterator[str]:
    """Say which numbers are missing on the page, and why."""
    titles = {one.name: one.title for one in findings.models}
    said = []
    for name, metrics in results.metrics.items():
        if name != BASELINE and name in titles:
            for key, reason in metrics.reasons.items():
                if key in ("log_loss", "roc_auc"):
                    heading = NAMES.get(key, HEADINGS[key])
                    said.append(f"{heading} of {titles[name]} ({reason})")
    if found.model.withheld:
        said.append(f"intervals or p-values of coefficients ({found.model.withheld})")
    if found.against_prevalence.verdict == "withheld":
        said.append(f"comparisons ({found.against_prevalence.interval.withheld})")
    if said:
        yield f"Withheld: {'; '.join(dict.fromkeys(said))}."


def _values(results: ModelResults, compared: Comparison) -> tuple[str, str]:
    """Return the metric of both models, with a digit more than their difference justifies."""
    ends = compared.interval.ends
    places = 4 if ends is None else min(decimals_for(ends) + 1, 6)
    first, second = (
        fixed(getattr(results.metrics[name], compared.metric), places)
        for name in (compared.first, compared.second)
    )
    return first, second
