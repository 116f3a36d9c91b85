"""Numbers of rows in messages: as rows are stored, where some of them were skipped."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from lr_pipeline.tables.errors import Problem
from lr_pipeline.tables.row_choice import RowMask

ROW = re.compile(r"\brow (\d+)\b")


def renumbered(problems: Sequence[Problem], masks: Iterable[RowMask]) -> list[Problem]:
    """The problems with their rows' numbers among all rows, of which some are marked.

    So far they number the marked rows, from 1; ``masks`` are read only where a problem has a row.
    """
    rows = {row for one in problems for row in _rows_of(one)}
    numbers = _among_all(masks, rows) if rows else {}
    return [_renumbered(one, numbers) for one in problems]


def _rows_of(problem: Problem) -> list[int]:
    """The row of a problem, and those in its message."""
    if problem.row is None:
        return []
    return [problem.row, *(int(found[1]) for found in ROW.finditer(problem.message))]


def _among_all(masks: Iterable[RowMask], rows: Iterable[int]) -> dict[int, int]:
    """Number of a marked row → its number among all."""
    wanted, found = np.array(sorted(rows)), dict[int, int]()
    marked = before = 0
    for mask in masks:
        places = np.flatnonzero(mask)
        for row in wanted[(wanted > marked) & (wanted <= marked + len(places))].tolist():
            found[row] = before + int(places[row - marked - 1]) + 1
        marked, before = marked + len(places), before + len(mask)
    return found


def _renumbered(problem: Problem, numbers: dict[int, int]) -> Problem:
    """The problem with other numbers of its rows, in its message too."""
    if problem.row is None:
        return problem

    def other(found: re.Match[str]) -> str:
        return f"row {numbers.get(int(found[1]), found[1])}"

    message = ROW.sub(other, problem.message)
    return replace(problem, row=numbers.get(problem.row, problem.row), message=message)
