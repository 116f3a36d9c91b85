"""Problems of a table, and the exception that reports them."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool

from lr_pipeline.tables.sources.secrets import without_secrets

Severity = Literal["error", "warning", "note"]

LONGEST_MESSAGE = 800  # characters of a message, and of a remedy
LONGEST_NAME = 80  # characters of a name or a value in a list
MOST_PROBLEMS = 50  # in one message
# Quoted text is a name or a value of the table, whatever it looks like.
QUOTED = r"""(?<!\w)(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
ROW = re.compile(rf"{QUOTED}|\brow (?P<number>\d+)\b")
KeptRows = Bool[np.ndarray, " n"]


@dataclass(frozen=True)
class Problem:
    """One problem of a table, and its remedy.

    ``row`` is the first row concerned, counted from 1 without the header. A table with an error
    cannot be used. A table with a warning can be used, but the user should look at it. A note asks
    for nothing. ``useless``: the feature can be left out instead.
    """

    message: str
    remedy: str
    column: str | None = None
    row: int | None = None
    severity: Severity = "error"
    useless: bool = False

    def __post_init__(self) -> None:
        """Hide secrets of addresses; shorten texts that long names and values made too long."""
        for name in ("message", "remedy"):
            shown = cut(without_secrets(getattr(self, name)), LONGEST_MESSAGE)
            object.__setattr__(self, name, shown)

    def renumbered(self, number: Callable[[int], int]) -> "Problem":
        """Return the problem with its rows renumbered, in its message too."""
        if self.row is None:
            return self

        def with_new_number(found: re.Match[str]) -> str:
            return found[0] if found["number"] is None else f"row {number(int(found['number']))}"

        message = ROW.sub(with_new_number, self.message)
        return replace(self, row=number(self.row), message=message)

    def __str__(self) -> str:
        end = "" if self.remedy.endswith("?") else "."
        return f"{self.message}. {self.remedy}{end}"


class TableError(ValueError):
    """A table or its declaration is unusable.

    ``problems`` has every reason; the message has a line for each, which names the file (where
    there is one), the column, the row and the remedy.
    """

    def __init__(self, *problems: Problem, source: str | Path | None = None) -> None:
        self.problems, self.source = problems, source
        prefix = "" if source is None else f"{without_secrets(str(source))}: "
        lines = first_lines([str(problem) for problem in problems])
        super().__init__("\n".join(f"{prefix}{line}" for line in lines))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the problems as well, since a worker's error is caught in another process."""
        return partial(TableError, source=self.source), self.problems

    def after(self, rows: int) -> "TableError":
        """Return the error with ``rows`` added to its row numbers."""
        later = [problem.renumbered(lambda row: rows + row) for problem in self.problems]
        return TableError(*later, source=self.source)


def first_lines(lines: Sequence[str]) -> list[str]:
    """The first 50 lines, and the number of the others."""
    rest = len(lines) - MOST_PROBLEMS
    more = [f"and {rest:,} more problems"] if rest > 0 else []
    return [*lines[:MOST_PROBLEMS], *more]


def cut(text: str, longest: int = LONGEST_NAME) -> str:
    """The text; where it is too long, its beginning and its length."""
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text):,} characters)"


def count_of(number: int, noun: str) -> str:
    """The number with its noun: 1 row, 2 rows."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def table_error(
    message: str,
    remedy: str,
    column: str | None = None,
    row: int | None = None,
    source: str | Path | None = None,
) -> TableError:
    """Return a ``TableError`` with one problem."""
    return TableError(Problem(message, remedy, column, row), source=source)


def renumbered(problems: Sequence[Problem], masks: Iterable[KeptRows]) -> list[Problem]:
    """Return the problems with row numbers that also count the rows that were skipped.

    In ``problems`` only the kept rows (True in ``masks``, one mask for each block) are numbered,
    from 1. The masks are read only if a problem has a row.
    """
    rows = {row for one in problems for row in _rows_of(one)}
    numbers = _among_all(masks, rows) if rows else {}
    return [one.renumbered(lambda row: numbers.get(row, row)) for one in problems]


def _rows_of(problem: Problem) -> list[int]:
    """The row of a problem, and the rows that its message names."""
    if problem.row is None:
        return []
    named = (found["number"] for found in ROW.finditer(problem.message))
    return [problem.row, *(int(one) for one in named if one is not None)]


def _among_all(masks: Iterable[KeptRows], rows: Iterable[int]) -> dict[int, int]:
    """Number of a row among the kept rows → its number among all rows."""
    wanted, found = np.array(sorted(rows)), dict[int, int]()
    kept = before = 0
    for mask in masks:
        places = np.flatnonzero(mask)
        for row in wanted[(wanted > kept) & (wanted <= kept + len(places))].tolist():
            found[row] = before + int(places[row - kept - 1]) + 1
        kept, before = kept + len(places), before + len(mask)
    return found
