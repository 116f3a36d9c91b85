"""The verdict's paragraph: which model, how much better than what, what is wrong or withheld."""

from collections.abc import Iterator, Sequence

from lr_pipeline.evaluation.comparisons.comparison import SIGNIFICANCE, Comparison
from lr_pipeline.evaluation.findings import BASELINE, Findings
from lr_pipeline.evaluation.metrics import METRICS
from lr_pipeline.evaluation.model_results import ModelResults
from lr_pipeline.evaluation.number_format import (
    count,
    decimals_for,
    fixed,
    metric,
    p_value,
    percent,
    significant,
)
from lr_pipeline.evaluation.validation_folds.cross_validation import Estimate
from lr_pipeline.evaluation.verdict.evidence import Evidence
from lr_pipeline.evaluation.verdict.rules import TOO_FEW, Reason

NAMED = 6  # columns
NAMES = {"log_loss": "log loss", "brier_score": "Brier score"}
CLAUSES = {
    "separation": "the classes are separated in training, so that a penalty stands in for maximum "
    "likelihood",
    "dependent": "some columns are sums of others, so that their coefficients are not unique",
    "inseparable": "some columns move together, so that their effects cannot be told apart "
    "(predictions are not affected)",
    "minima": "other starts of the fit ended elsewhere",
    "disagreement": "the two kernels are further apart than their certificates allow",
    "leak": "a column may give the answer away",
}


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
        *_doubts(findings, found, reasons),
        *_withheld(findings, results, found),
    ]
    return " ".join(sentences)


def model_name(found: Evidence) -> str:
    """Return what to call the judged model: the kernel that computed it makes no difference."""
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
    own, other = (getattr(results.metrics[name], compared.metric) for name in _names(compared))
    how = {"better": "significantly better than", "worse": "significantly worse than"}
    yield (
        f"It is {how.get(compared.verdict, 'not significantly better than')} predicting the "
        f"prevalence for every row: its {NAMES[compared.metric]} is {metric(own)} against "
        f"{metric(other)}{_difference(compared)}."
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
    own, other = (getattr(results.metrics[name], compared.metric) for name in _names(compared))
    if compared.verdict in ("better", "worse"):
        yield (
            f"It is significantly {compared.verdict} than the linear baseline: "
            f"{NAMES[compared.metric]} {metric(own)} against {metric(other)}"
            f"{_difference(compared)}."
        )
        return
    detectable = compared.smallest_detectable
    seen = (
        ""
        if detectable is None
        else f"; a difference of {significant(detectable, 2)} would have been seen with 80 %"
    )
    yield (
        f"That it is better than the linear baseline was not shown: {NAMES[compared.metric]} "
        f"{metric(own)} against {metric(other)}{_difference(compared)}{seen}."
    )


def _difference(compared: Comparison) -> str:
    """Return the difference in brackets: lower by 0.52, 95 % interval 0.45 to 0.58, p < 0.001."""
    ends = compared.interval.ends
    if compared.difference is None or ends is None:
        return ""
    places = decimals_for(ends)
    low, high = sorted(-end for end in ends)
    direction, sign = ("lower", 1) if compared.difference <= 0 else ("higher", -1)
    if sign < 0:
        low, high = -high, -low
    p = p_value(compared.adjusted if compared.adjusted is not None else compared.p_value)
    relation = p if p.startswith("<") else f"= {p}"
    return (
        f" ({direction} by {fixed(abs(compared.difference), places)}, 95 % interval "
        f"{fixed(low, places)} to {fixed(high, places)}, p {relation})"
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
    direction = "lower" if mean >= 0.0 else "higher"
    found = (
        "Cross-validation of the training rows, which tests such models and not this one, found "
        f"their {loss} {direction} than that of the prevalence"
    )
    if ends is None:
        return f"{found} by {significant(abs(mean), 2)} on average, with no interval."
    places = decimals_for(ends)
    low, high = ends if mean >= 0.0 else (-ends[1], -ends[0])
    chance = ", which may be chance" if ends[0] <= 0.0 <= ends[1] else ""
    return (
        f"{found} by {fixed(abs(mean), places)} (95 % interval {fixed(low, places)} to "
        f"{fixed(high, places)}){chance}."
    )


def _doubts(findings: Findings, found: Evidence, reasons: Sequence[Reason]) -> Iterator[str]:
    """Say what is wrong with data or fit, beside the reasons that were given."""
    kinds = dict.fromkeys(notice.kind for notice in found.notices)
    said = {"leak", "disagreement"} if reasons else set()
    clauses = [CLAUSES[kind] for kind in kinds if kind in CLAUSES and kind not in said]
    clauses += _bent(findings)
    if clauses:
        yield f"To know: {'; '.join(clauses)}."
    elif not reasons:
        yield "Nothing was found wrong with the data or the fit."


def _bent(findings: Findings) -> Iterator[str]:
    """Say for which columns a straight line in the log odds is rejected."""
    tests = () if findings.diagnostics is None else findings.diagnostics.linearity
    names = [one.column for one in tests if one.p_holm < SIGNIFICANCE]
    if names:
        more = f" and {count(len(names) - NAMED)} more" if len(names) > NAMED else ""
        yield f"the log odds are no straight line in {', '.join(names[:NAMED])}{more}"


def _withheld(findings: Findings, results: ModelResults, found: Evidence) -> Iterator[str]:
    """Say which numbers are missing on the page, and why."""
    headings = {column.name: column.heading for column in METRICS}
    titles = {one.name: one.title for one in findings.models}
    said = []
    for name, metrics in results.metrics.items():
        if name != BASELINE and name in titles:
            for key, reason in metrics.reasons.items():
                if key in ("log_loss", "roc_auc"):
                    said.append(f"{headings[key]} of {titles[name]} ({reason})")
    if found.model.withheld:
        said.append(f"intervals or p-values of coefficients ({found.model.withheld})")
    if found.against_prevalence.verdict == "withheld":
        said.append(f"comparisons ({found.against_prevalence.interval.withheld})")
    if said:
        yield f"Withheld: {'; '.join(dict.fromkeys(said))}."


def _names(compared: Comparison) -> tuple[str, str]:
    return compared.first, compared.second
