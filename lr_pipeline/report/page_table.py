"""A table of the page: headings and cells as text."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lr_pipeline.evaluation.number_format import UNDEFINED

ROW_LIMIT = 200  # of a table of columns, features or tests

Cell = str | dict[str, str]  # text, or what the template's macro ``table`` reads


class PageTable(NamedTuple):
    """``left_out``: how many further rows are not shown."""

    headings: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]
    left_out: int = 0


def filled_table(
    heading: str, names: Sequence[str], columns: Mapping[str, Sequence[str]], left_out: int
) -> PageTable:
    """Return a table of named rows without the columns that would be empty.

    ``heading`` is that of the names, and ``columns`` has the cells of each further one.
    """
    filled = {one: cells for one, cells in columns.items() if set(cells) - {UNDEFINED}}
    return PageTable((heading, *filled), tuple(zip(names, *filled.values(), strict=True)), left_out)
