"""Parts of a table in a Parquet file that other processes can read independently."""

from collections.abc import Iterator
from dataclasses import replace

from lr_pipeline.tables.errors import table_error
from lr_pipeline.tables.files.parquet import RowGroups, Stored, read_footer
from lr_pipeline.tables.table import Table


def parts_of(table: Table, rows: int) -> list[Table]:
    """Cut the table at row groups into parts of at least ``rows`` rows, each as small as possible.

    The last part may be smaller. The parts are views: they hold the path, the roles and the
    choices, but no rows. In order, they give the table's rows in order. They depend only on
    the file and ``rows``. They do not keep a temporary file alive, and do not watch the file for
    changes, since it may be on another machine.

    Raises
    ------
    TableError
        The rows are in memory, or a choice depends on the number of rows chosen before.
    """
    if not isinstance(table.data, Stored):
        raise table_error(
            "the rows are in this process's memory, where workers cannot read them",
            "Write them with write_parquet, and read that with Table.read_parquet",
        )
    if any(choice.column is None for choice in table.choices[1:]):
        raise table_error(
            "the rows were chosen by number among rows that were chosen before",
            "Write them with write_parquet first",
        )
    return [
        replace(table.part(groups), provenance_json="{}", holder=None, watch=None)
        for groups in _row_groups(table.data, rows)
    ]


def _row_groups(stored: Stored, rows: int) -> Iterator[RowGroups]:
    """Group neighbouring row groups so that each group has at least ``rows`` rows."""
    footer = read_footer(stored)
    numbers: list[int] = []
    start = held = 0
    for number in range(footer.num_row_groups):
        numbers.append(number)
        held += footer.row_group(number).num_rows
        if held >= rows:
            yield RowGroups(tuple(numbers), start, held)
            numbers, start, held = [], start + held, 0
    if held:
        yield RowGroups(tuple(numbers), start, held)
