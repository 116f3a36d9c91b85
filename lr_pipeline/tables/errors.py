"""What can be wrong with a table, and the exception that says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

Severity = Literal["error", "warning", "note"]

LONGEST_MESSAGE = 800  # characters of a message, and of a remedy
LONGEST_NAME = 80  # characters of a name or a value in a list
MOST_PROBLEMS = 50  # in one message


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a table, and what to do about it.

    ``row`` is the first row concerned, counted from 1 without the header. A table with an error
    cannot be used; with a warning it can, and someone should look; a note asks for nothing.
    ``useless``: the feature can be left out instead.
    """

    message: str
    remedy: str
    column: str | None = None
    row: int | None = None
    severity: Severity = "error"
    useless: bool = False

    def __post_init__(self) -> None:
        """Cut texts that a table's names and values made too long to read."""
        object.__setattr__(self, "message", cut(self.message, LONGEST_MESSAGE))
        object.__setattr__(self, "remedy", cut(self.remedy, LONGEST_MESSAGE))

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
        prefix = "" if source is None else f"{source}: "
        super().__init__("\n".join(f"{prefix}{line}" for line in problem_lines(problems)))

    def __reduce__(self) -> tuple[Any, ...]:
        """Keep the problems when it is raised in one process and caught in another."""
        return partial(TableError, source=self.source), self.problems


def problem_lines(problems: Sequence[Problem]) -> list[str]:
    """Each problem's text, of the first fifty, and how many more there are."""
    return first_lines(list(map(str, problems)))


def first_lines(lines: Sequence[str]) -> list[str]:
    """The first fifty of some problems' texts, and how many more there are."""
    rest = len(lines) - MOST_PROBLEMS
    more = [f"and {rest:,} more problems"] if rest > 0 else []
    return [*lines[:MOST_PROBLEMS], *more]


def cut(text: str, longest: int = LONGEST_NAME) -> str:
    """The text; of a longer one its beginning, and its length."""
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text):,} characters)"


def table_error(
    message: str,
    remedy: str,
    column: str | None = None,
    row: int | None = None,
    source: str | Path | None = None,
) -> TableError:
    """``TableError`` with a single problem."""
    return TableError(Problem(message, remedy, column, row), source=source)
