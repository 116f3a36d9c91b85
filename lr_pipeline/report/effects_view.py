"""The page's tables of effects: odds ratios in sensible steps, by feature."""

import math
from collections.abc import Iterator, Sequence

from lr_pipeline.core.listed_names import listed
from lr_pipeline.evaluation.effects.effects import (
    ColumnEffect,
    Effects,
    FeatureEffects,
    KernelAgreement,
)
from lr_pipeline.evaluation.effects.linear_effects import LinearEffect
from lr_pipeline.evaluation.effects.moving_together import MovingGroup
from lr_pipeline.evaluation.number_format import (
    UNDEFINED,
    count,
    exponential,
    p_value,
    ratio_with_interval,
    signed,
    significant,
    with_interval,
)
from lr_pipeline.report.canvas import plot_label
from lr_pipeline.report.page_table import ROW_LIMIT, Cell, PageTable

GROUPS_SHOWN = 6
NAMES_SHOWN = 8
LONGEST_NAME = 40  # letters of a column's name in a sentence
POINTS = 100.0  # percentage points
INFLATED = 10.0  # variance inflation from which a column says little of its own


def effects_table(effects: Effects) -> PageTable:
    """Return one row a column, those of the features with the largest effects first.

    A category of several levels begins with a row that names the reference and has the joint test.
    """
    others = list(next((c.others for c in effects.columns if c.others), {}) or {})
    rows: list[tuple[Cell, ...]] = []
    shown = 0
    for feature in effects.features:
        if shown >= ROW_LIMIT:
            break
        columns = feature.columns[: ROW_LIMIT - shown]
        rows += _feature_rows(feature, columns, others)
        shown += len(columns)
    headings = ("Change", "Odds ratio (95 %)", *(f"{title}: odds ratio" for title in others))
    headings += ("p-value", "Points of probability")
    filled = [0] + [j for j in range(1, len(headings)) if any(_says(row[j]) for row in rows)]
    return PageTable(
        tuple(headings[j] for j in filled),
        tuple(tuple(row[j] for j in filled) for row in rows),
        len(effects.columns) - shown,
    )


def _says(cell: Cell) -> bool:
    return cell not in (UNDEFINED, "") and (isinstance(cell, str) or cell["text"] != UNDEFINED)


def _feature_rows(
    feature: FeatureEffects, columns: Sequence[ColumnEffect], others: Sequence[str]
) -> Iterator[tuple[Cell, ...]]:
    several = len(feature.columns) > 1 and feature.kind == "category"
    if several:
        test = feature.joint_test
        joint: Cell = {"text": UNDEFINED, "class": "faint"}
        if test is not None:
            joint = f"{p_value(test.p_value)} (joint, {test.degrees_of_freedom} df)"
        name = f"{feature.name}, against {feature.reference}"
        yield (name, "", *("" for _ in others), joint, "")
    for column in columns:
        yield (
            change_name(feature, column, several),
            _odds_cell(column),
            *(_other_odds(column, title) for title in others),
            "" if column.withheld else p_value(column.p_value),
            _points_cell(column),
        )


def change_name(feature: FeatureEffects, column: ColumnEffect, several: bool = True) -> str:
    """Return which change a row is about: "age, per 10", "sex = male", "smoker, 1 against 0"."""
    if column.kind == "number":
        return f"{feature.name}, per {step_text(column.step)}"
    if column.kind == "binary":
        return f"{feature.name}, 1 against 0"
    if column.kind == "missing":
        return f"{feature.name} missing, against its median"
    against = "" if several else f", against {feature.reference}"
    return f"{feature.name} = {column.level}{against}"


def step_text(step: float) -> str:
    """Return a step of 1, 2 or 5 × 10ᵏ: 0.05, 20, 50,000."""
    return f"{step:,.0f}" if 1.0 <= step < 1e6 else significant(step, 1)


def _odds_cell(column: ColumnEffect) -> Cell:
    if column.withheld:
        return {"text": f"{UNDEFINED} {column.withheld}", "class": "faint"}
    step = column.step
    interval = None
    if column.interval is not None:
        interval = (column.interval[0] * step, column.interval[1] * step)
    return ratio_with_interval(column.coefficient * step, interval)


def _other_odds(column: ColumnEffect, title: str) -> Cell:
    if column.withheld or not column.others:
        return ""
    return exponential(column.others[title] * column.step, 3)


def _points_cell(column: ColumnEffect) -> Cell:
    if column.points is None:
        return "" if column.withheld else UNDEFINED
    points = POINTS * column.points
    if column.points_interval is None:
        sign = "+" if points > 0 else ""
        return signed(points, 1) if abs(points) >= 1 else f"{sign}{significant(points, 2)}"
    low, high = (POINTS * end for end in column.points_interval)
    return with_interval(points, (low, high), signed)


def agreement_lines(effects: Effects) -> list[str]:
    """Say how far apart the logistic models are, and what is shown of them."""
    return [_agreement_line(one) for one in effects.agreements]


def _agreement_line(one: KernelAgreement) -> str:
    both, column = f"{one.first} and {one.second}", plot_label(one.column, LONGEST_NAME)
    if one.differ:
        by = "" if one.largest is None else f"{significant(one.largest, 2)} SE at {column}, "
        return f"{both} differ, so both are shown: {by}{one.description}."
    if one.largest is None:
        return f"{both} give the same numbers, shown once: {one.description}."
    if one.largest == 0.0:
        return f"{both} give the same numbers to the last bit, shown once."
    apart = significant(one.largest, 2)
    beyond = "" if one.within_tolerance else f"; {one.description}"
    return (
        f"{both} give the same numbers, shown once: no coefficient differs by more than {apart} "
        f"standard errors ({column}){beyond}."
    )


def group_lines(together: Sequence[MovingGroup]) -> list[str]:
    """Say of each set of columns that they move together."""
    lines = []
    for group in together[:GROUPS_SHOWN]:
        facts = ["one is a combination of the others, to rounding"] if group.exact else []
        if group.inflation is not None:
            facts.append(f"variance inflation up to {significant(group.inflation, 2)}")
        lines.append(f"{listed(group.columns, NAMES_SHOWN)} ({'; '.join(facts)})")
    if len(together) > GROUPS_SHOWN:
        lines.append(f"and {count(len(together) - GROUPS_SHOWN)} more sets of columns")
    return lines


def inflation_line(effects: Effects) -> str:
    """Say how many columns say mostly what others say too, "" if none does."""
    told = [one for one in effects.columns if one.variance_inflation is not None]
    high = [
        one
        for one in told
        if not one.withheld and INFLATED <= (one.variance_inflation or 0.0) < math.inf
    ]
    if not high:
        return ""
    worst = max(high, key=lambda one: one.variance_inflation or 0.0)
    number = count(round(worst.variance_inflation or 0.0))
    return (
        f"{count(len(high))} of {count(len(told))} columns {'says' if len(high) == 1 else 'say'} "
        f"mostly what others say too (variance inflation above {INFLATED:g}, up to {number}: "
        f"{plot_label(worst.name, LONGEST_NAME)}): the wide intervals show how little is known "
        "of each alone. Predictions are not affected."
    )


def linear_rows(linear: Sequence[LinearEffect]) -> list[tuple[str, ...]]:
    """Return the slopes of the baseline, and in points of probability for one step."""
    return [
        (one.name, significant(one.coefficient), _points_per_step(one))
        for one in linear[:ROW_LIMIT]
    ]


def _points_per_step(one: LinearEffect) -> str:
    return f"{significant(POINTS * one.coefficient * one.step, 3)} per {step_text(one.step)}"
