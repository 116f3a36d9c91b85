"""Checks a target for values that mean an unknown answer, and for more than two answers."""

from collections.abc import Mapping
from typing import Any

from lr_pipeline.core.listed_names import listed
from lr_pipeline.tables.errors import Problem, table_error
from lr_pipeline.tables.roles import PositiveValue
from lr_pipeline.tables.values.number_forms import MARKERS
from lr_pipeline.tables.values.spelling import shown_spelling, spelling_key

# Words that mean a missing value in a feature but may be an answer in a target.
ANSWERS = (
    "none nil x xx - -- --- * ** void nd n.d. nr n.r. bd b.d. bdl lod blq bloq bql loq <loq nq"
)
UNKNOWN = frozenset(MARKERS).difference(ANSWERS.split())
UNKNOWN_NUMBERS = frozenset({-9, -99, -999, -9999, -99999})  # beside at least two other values
SHOWN = 5


def require_known_answers(
    name: str,
    counts: Mapping[Any, int],
    first_rows: Mapping[Any, int],
    meant: PositiveValue | None,
) -> None:
    """Refuse values that mean an unknown answer, except the value that the user ``meant``.

    ``counts``: value → rows. If there are more than two values, numbers such as -999 are refused.

    Raises
    ------
    TableError
        There are such values; the message has the number of their rows and the first row.
    """
    several = len(counts) > 2
    unknown = [value for value in counts if value != meant and _is_unknown(value, several)]
    if unknown:
        rows, row = sum(counts[v] for v in unknown), min(first_rows[v] for v in unknown)
        raise table_error(
            f"target {name!r} has {', '.join(map(_shown, unknown[:SHOWN]))} (rows: {rows}, first "
            f"at row {row}), which would count as an answer",
            "Correct or drop those rows, or write another word if it is an answer",
            name,
            row,
        )


def other_answers(
    name: str, counts: Mapping[Any, int], positive: PositiveValue | None
) -> list[Problem]:
    """Return a note if several values count as the other answer."""
    others = [value for value in counts if value != positive]
    if positive is None or len(others) < 2:
        return []
    others.sort(key=lambda value: -counts[value])
    shown = listed((f"{_shown(value)} (rows: {counts[value]})" for value in others), SHOWN)
    message = (
        f"target {name!r} has {len(others)} values besides {_shown(positive)} that count as the "
        f"other answer: {shown}"
    )
    return [Problem(message, "Drop rows of which the answer is not known", severity="note")]


def _is_unknown(value: object, several: bool) -> bool:
    if isinstance(value, str):
        key = spelling_key(value).lower()
        return key in UNKNOWN or (several and key in map(str, UNKNOWN_NUMBERS))
    return several and not isinstance(value, bool) and value in UNKNOWN_NUMBERS


def _shown(value: object) -> str:
    return shown_spelling(value) if isinstance(value, str) else repr(value)
