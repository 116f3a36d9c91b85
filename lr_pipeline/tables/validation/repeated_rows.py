"""Whole rows that occur more than once, where that is remarkable."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from lr_pipeline.tables.errors import Problem
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.values.row_hash import RowHashes, row_hashes

MOST_VALUES = 4_000_000  # of all columns, that are hashed while the columns are looked at
REMARKABLE = 0.05  # of the rows; more repeat by themselves, where columns have few values


class RepeatedRows:
    """The rows that equal an earlier one in all columns but the id, gathered block by block."""

    def __init__(self, table: Table) -> None:
        id = table.roles.id
        self.names = [one.name for one in table.schema if one.name != id]
        comparable = all(_is_comparable(one.type) for one in table.schema)
        self.hashes: list[RowHashes] | None = [] if comparable else None
        self.rows = 0

    def add(self, block: pa.RecordBatch) -> None:
        """Take in the next rows; of a table of more than 4 million values nothing is kept."""
        self.rows += block.num_rows
        if self.rows * len(self.names) > MOST_VALUES:
            self.hashes = None
        if self.hashes is not None:
            self.hashes.append(row_hashes(block, self.names))

    def problems(self) -> Iterator[Problem]:
        """A note, if up to 5 % of the rows are repetitions; the first of them with its row."""
        hashes = np.concatenate([np.zeros(0, np.uint64), *(self.hashes or [])])
        _, firsts, places = np.unique(hashes, return_index=True, return_inverse=True)
        later = np.flatnonzero(firsts[places] != np.arange(len(hashes)))
        if 0 < len(later) <= REMARKABLE * self.rows:
            row = int(later[0])
            message = (
                f"{len(later)} of {self.rows} rows equal an earlier one in every column (first: "
                f"row {row + 1}, as row {firsts[places[row]] + 1})"
            )
            remedy = "Drop them if they were entered twice: a copy in the test part is no new row"
            yield Problem(message, remedy, row=row + 1, severity="note")


def _is_comparable(kind: pa.DataType) -> bool:
    """Whether a row's hash knows the type; no feature is of another."""
    other = pt.is_nested(kind) or pt.is_fixed_size_binary(kind) or pt.is_interval(kind)
    return not (other or isinstance(kind, pa.BaseExtensionType))
