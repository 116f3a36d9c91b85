"""What can be wrong with a table, and the exception that says so."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a table, and what to do about it.

    ``row`` is the first row concerned, counted from 1 without the header. A table with an error
    cannot be used; with a warning it can. ``useless``: the feature can be left out instead.
    """

    message: str
    remedy: str
    column: str | None = None
    row: int | None = None
    severity: Severity = "error"
    useless: bool = False

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
        super().__init__("\n".join(f"{prefix}{problem}" for problem in problems))

    def __reduce__(self) -> tuple[Any, ...]:
        """Keep the problems when it is raised in one process and caught in another."""
        return partial(TableError, source=self.source), self.problems


def table_error(
    message: str,
    remedy: str,
    column: str | None = None,
    row: int | None = None,
    source: str | Path | None = None,
) -> TableError:
    """``TableError`` with a single problem."""
    return TableError(Problem(message, remedy, column, row), source=source)
