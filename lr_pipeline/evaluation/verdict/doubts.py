"""What a reader should know of data, fit and predictions, beside the reasons against a yes."""

from collections.abc import Iterator, Sequence

from lr_pipeline.core.listed_names import listed
from lr_pipeline.evaluation.comparisons.comparison import SIGNIFICANCE
from lr_pipeline.evaluation.findings import Findings
from lr_pipeline.evaluation.number_format import count, decimals_for, fixed, p_compared
from lr_pipeline.evaluation.slices.protected_groups import surely_below
from lr_pipeline.evaluation.verdict.evidence import Evidence
from lr_pipeline.evaluation.verdict.rules import Reason

NAMED = 6  # columns
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


def doubts(findings: Findings, found: Evidence, reasons: Sequence[Reason]) -> Iterator[str]:
    """Say what is wrong with data, fit or predictions, beside the reasons that were given."""
    kinds = dict.fromkeys(notice.kind for notice in found.notices)
    said = {"leak", "disagreement"} if reasons else set()
    clauses = [CLAUSES[kind] for kind in kinds if kind in CLAUSES and kind not in said]
    clauses += _bent(findings)
    clauses += _tilted(found, reasons)
    clauses += _wrong_parts(findings)
    clauses += _unequal(findings)
    if clauses:
        yield f"To know: {'; '.join(clauses)}."
    elif not reasons and not _rejected(findings):
        yield "Nothing was found wrong with the data or the fit."


def _bent(findings: Findings) -> Iterator[str]:
    """Say for which columns a straight line in the log odds is rejected."""
    tests = () if findings.diagnostics is None else findings.diagnostics.linearity
    names = [one.column for one in tests if one.p_holm < SIGNIFICANCE]
    if names:
        yield f"the log odds are no straight line in {listed(names, NAMED)}"


def _tilted(found: Evidence, reasons: Sequence[Reason]) -> Iterator[str]:
    """Say that the calibration line is not right, if that is no reason against a yes."""
    slope, ends = found.calibration.slope, found.calibration.slope_interval.ends
    if slope is None or ends is None or any("probabilities" in one.short for one in reasons):
        return
    if ends[0] <= 1.0 <= ends[1]:
        p = found.calibration.p_value
        if p is not None and p < SIGNIFICANCE:
            test = f"test of the calibration line: p {p_compared(p)}"
            yield f"its probabilities are not quite right ({test})"
        return
    places = decimals_for(ends)
    low, high = (fixed(end, places) for end in ends)
    yield (
        f"its probabilities are a little too {'extreme' if slope < 1.0 else 'timid'} (calibration "
        f"slope {fixed(slope, places)}, 95 % interval {low} to {high})"
    )


def _wrong_parts(findings: Findings) -> Iterator[str]:
    """Say in how many parts of the test set the predictions differ from what was observed."""
    parts = () if findings.slices is None else findings.slices.slices
    wrong = [one for one in parts if one.p_holm is not None and one.p_holm < SIGNIFICANCE]
    if wrong:
        columns = list(dict.fromkeys(one.column for one in wrong))
        where = "a part" if len(wrong) == 1 else f"{count(len(wrong))} parts"
        by = listed(columns, NAMED)
        yield f"in {where} of the test set the predictions are wrong (slices by {by})"


def _unequal(findings: Findings) -> Iterator[str]:
    """Say which groups are surely answered yes at less than four fifths of the largest rate."""
    for one in () if findings.slices is None else findings.slices.protected:
        reference = next((group for group in one.groups if group.name == one.reference), None)
        names = [group.name for group in one.groups if reference and surely_below(group, reference)]
        if names:
            are = "is" if len(names) == 1 else "are"
            yield (
                f"by {one.column}, {listed(names, NAMED)} {are} answered yes at "
                f"less than four fifths of the rate of {one.reference}"
            )


def _rejected(findings: Findings) -> bool:
    """Whether Hosmer and Lemeshow's test rejects the fit."""
    test = None if findings.diagnostics is None else findings.diagnostics.hosmer_lemeshow
    return test is not None and test.p_value < SIGNIFICANCE
