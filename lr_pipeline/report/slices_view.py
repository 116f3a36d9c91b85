"""The page's tables of parts of the test set, and of protected groups."""

from typing import Any

from lr_pipeline.core.listed_names import listed
from lr_pipeline.evaluation.findings import HeldOutRows
from lr_pipeline.evaluation.intervals.interval import FEWEST_GROUPS_FOR_INTERVAL
from lr_pipeline.evaluation.number_format import (
    UNDEFINED,
    count,
    fixed,
    metric,
    p_value,
    signed,
    significant,
    with_interval,
)
from lr_pipeline.evaluation.slices.mean_errors import LEAST_EXPECTED
from lr_pipeline.evaluation.slices.protected_groups import Group, ProtectedColumn, Rate
from lr_pipeline.evaluation.slices.slice_results import LEAST_CASES, Slice
from lr_pipeline.evaluation.slices.slices import Slices
from lr_pipeline.report.page_table import ROW_LIMIT
from lr_pipeline.tables.level_counts import plain_count

WORST_SHOWN = 8
POINTS = 100.0
NAMED = 6  # groups
LONGEST = 60  # letters of a level

Interval = tuple[float, float]


def slices_context(slices: Slices | None, held_out: HeldOutRows) -> dict[str, Any] | None:
    """Return the names in the template of slices; None where there are none."""
    if slices is None:
        return None
    shown = slices.slices[:ROW_LIMIT]
    unit = held_out.unit.capitalize()
    return {
        "title": slices.title,
        "rows": slices.rows,
        "lines": slice_lines(slices),
        "worst": [_worst_row(one) for one in shown[:WORST_SHOWN]],
        "worst_headings": (
            "Part",
            unit,
            "ROC AUC",
            "Observed − predicted",
            "p-value",
            "p, corrected (Holm)",
        ),
        "all": [_row(one) for one in shown],
        "headings": (
            "Part",
            unit,
            "Ones",
            "Predicted",
            "Observed − predicted",
            "p-value",
            "p, corrected (Holm)",
            "Log loss",
            "Brier score",
            "ROC AUC",
        ),
        "limits": _limits(slices, len(shown)),
        "protected": [_protected(one) for one in slices.protected],
        "group_headings": (
            "Group",
            unit,
            "Answered yes",
            "Ratio",
            "True positive rate",
            "False positive rate",
            "Observed − predicted",
        ),
        "threshold": significant(slices.threshold, 3),
        "least": (LEAST_CASES, f"{LEAST_EXPECTED:g}", FEWEST_GROUPS_FOR_INTERVAL),
    }


def slice_lines(slices: Slices) -> list[str]:
    """Say in which parts the predictions are wrong, or that none shows it."""
    if not slices.slices:
        return [f"No part of the test set has {LEAST_CASES} cases."]
    tested = [one for one in slices.slices if one.p_holm is not None]
    wrong = [one for one in tested if one.p_holm is not None and one.p_holm < 0.05]
    parts = f"{count(len(tested))} parts" if len(tested) != 1 else "1 part"
    if not tested:
        return ["In no part are enough ones and zeros expected for a test."]
    if not wrong:
        return [f"In none of {parts} do the predictions differ from what was observed (5 %, Holm)."]
    return [
        f"In {count(len(wrong))} of {parts} the predictions differ from what was observed by more "
        "than chance explains (5 %, corrected by Holm); the worst come first."
    ]


def _limits(slices: Slices, shown: int) -> list[str]:
    """Say what is not shown."""
    lines = []
    if slices.smaller:
        lines.append(f"{count(slices.smaller)} parts of fewer than {LEAST_CASES} cases")
    if slices.left_out:
        lines.append(f"{count(slices.left_out)} features of smaller effects")
    if slices.cut:
        lines.append(f"{count(slices.cut)} parts with the fewest cases")
    if len(slices.slices) > shown:
        lines.append(f"{count(len(slices.slices) - shown)} parts that are in the JSON only")
    return lines


def part_name(one: Slice) -> str:
    """Return a part's column and value: "sex = male", "age: 22 to 35", "age missing"."""
    if one.name in ("missing", "not missing"):
        return f"{one.column} {one.name}"
    name = one.name if len(one.name) <= LONGEST else f"{one.name[: LONGEST - 1]}…"
    return f"{one.column} = {name}"


def _worst_row(one: Slice) -> tuple[str, ...]:
    return (
        part_name(one),
        _cases(one.cases),
        _area(one),
        _points(one.difference, one.interval),
        p_value(one.p_value),
        p_value(one.p_holm),
    )


def _row(one: Slice) -> tuple[str, ...]:
    return (
        part_name(one),
        _cases(one.cases),
        _cases(one.positives),
        _percent(one.predicted),
        _points(one.difference, one.interval),
        p_value(one.p_value),
        p_value(one.p_holm),
        metric(one.log_loss),
        metric(one.brier),
        _area(one),
    )


def _cases(cases: float) -> str:
    return count(plain_count(cases))


def _percent(share: float) -> str:
    return f"{significant(POINTS * share, 3)} %"


def _points(value: float, interval: Interval | None) -> str:
    """Return a difference of shares in percentage points."""
    if interval is None:
        return signed(POINTS * value, 1)
    return with_interval(POINTS * value, (POINTS * interval[0], POINTS * interval[1]), signed)


def _area(one: Slice) -> str:
    if one.roc_auc is None:
        return UNDEFINED
    if one.roc_auc_interval is None:
        return fixed(one.roc_auc, 2)
    return with_interval(one.roc_auc, one.roc_auc_interval)


def _protected(column: ProtectedColumn) -> dict[str, Any]:
    below = column.below_four_fifths
    lines = []
    if not column.groups:
        lines.append(f"No group has {LEAST_CASES} cases.")
    elif len(column.groups) == 1:
        lines.append("There is one group only, and nothing to compare.")
    elif below:
        lines.append(
            f"Below four fifths of the rate of {column.reference}: {listed(below, NAMED)}. "
            "Whether the interval reaches above 0.8 says how sure that is."
        )
    else:
        lines.append(f"No group is below four fifths of the rate of {column.reference}.")
    if column.smaller:
        lines.append(
            f"{count(column.smaller)} groups of fewer than {LEAST_CASES} cases are left out."
        )
    return {
        "column": column.column,
        "lines": lines,
        "rows": [_group_row(one) for one in column.groups],
    }


def _group_row(one: Group) -> tuple[str, ...]:
    return (
        one.name,
        _cases(one.cases),
        _rate(one.selection),
        _ratio(one),
        _rate(one.true_positive),
        _rate(one.false_positive),
        _points(one.difference, one.difference_interval),
    )


def _rate(rate: Rate) -> str:
    if rate.value is None:
        return UNDEFINED
    if rate.interval is None:
        return f"{fixed(POINTS * rate.value, 1)} %"
    ends = (POINTS * rate.interval[0], POINTS * rate.interval[1])
    return with_interval(POINTS * rate.value, ends, unit=" %")


def _ratio(one: Group) -> str:
    if one.ratio is None:
        return UNDEFINED
    if one.ratio_interval is None:
        return "1, the reference" if one.ratio == 1.0 else fixed(one.ratio, 2)
    return with_interval(one.ratio, one.ratio_interval)
