"""Whole numbers of few values: counts and grades, or codes, of which a slope means nothing."""

from collections.abc import Iterable, Iterator, Mapping

from lr_pipeline.tables.errors import Problem
from lr_pipeline.tables.roles import NAMES_SHOWN
from lr_pipeline.tables.validation.column_summary import ColumnSummary

FEWEST_VALUES = 3  # two make one column of numbers, whatever they are called
FEWEST_ROWS = 100


def possible_codes(
    summaries: Mapping[str, ColumnSummary], features: Iterable[str]
) -> Iterator[Problem]:
    """One note of all features with 3 to 10 different whole numbers in 100 rows or more."""
    found = [
        f"{name!r} ({len(few)} values)"
        for name in features
        if (few := summaries[name].few)
        and len(few) >= FEWEST_VALUES
        and summaries[name].rows >= FEWEST_ROWS
    ]
    if found:
        rest = f" and {len(found) - NAMES_SHOWN} more" if len(found) > NAMES_SHOWN else ""
        message = (
            f"whole numbers of few values: {', '.join(found[:NAMES_SHOWN])}{rest}. Each has one "
            "slope, as counts and grades do"
        )
        yield Problem(message, "Name those that are codes in category=", severity="note")
