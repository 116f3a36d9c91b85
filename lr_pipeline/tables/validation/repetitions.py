"""Finds rows that repeat an earlier row, and features that repeat an earlier feature."""

from collections.abc import Hashable, Iterator, Mapping
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from lr_pipeline.tables.errors import Problem
from lr_pipeline.tables.fingerprint import is_hashable
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.validation.column_summary import ColumnSummary
from lr_pipeline.tables.values.column_values import plain_values
from lr_pipeline.tables.values.row_hash import RowHashes, row_hashes

MOST_VALUES = 4_000_000  # of all columns; the rows of a larger table are not hashed
REMARKABLE = 0.05  # share of rows; if columns have few values, more rows repeat by chance


class RepeatedRows:
    """Finds rows that equal an earlier row in all columns except the id, block by block."""

    def __init__(self, table: Table) -> None:
        id = table.roles.id
        self.names = [one.name for one in table.schema if one.name != id]
        kinds = table.schema.types
        comparable = all(is_hashable(k) and not pt.is_fixed_size_binary(k) for k in kinds)
        self.hashes: list[RowHashes] | None = [] if comparable else None
        self.rows = 0

    def add(self, block: pa.RecordBatch) -> None:
        """Take in the next rows; for a table of more than 4 million values nothing is kept."""
        self.rows += block.num_rows
        if self.rows * len(self.names) > MOST_VALUES:
            self.hashes = None
        if self.hashes is not None:
            self.hashes.append(row_hashes(block, self.names))

    def problems(self) -> Iterator[Problem]:
        """A note with the first repetition, if at most 5 % of the rows are repetitions."""
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


def repeated_features(table: Table, summaries: Mapping[str, ColumnSummary]) -> Iterator[Problem]:
    """Warn of features that equal an earlier one in every row.

    Only features of equal range and with equal numbers of missing values are compared, block by
    block.
    """
    alike: dict[tuple[Hashable, ...], list[str]] = {}
    for name in table.roles.features:
        one = summaries[name]
        if one.usable and one.missing < one.rows and one.least != one.greatest:
            alike.setdefault((one.missing, one.least, one.greatest), []).append(name)
    groups = [names for names in alike.values() if len(names) > 1]
    for block in table.blocks(columns=list(chain(*groups))) if groups else ():
        parts: dict[tuple[int, bytes], list[str]] = {}
        for number, name in ((k, name) for k, names in enumerate(groups) for name in names):
            values = pa.record_batch([plain_values(block.column(name))], names=["values"])
            content = row_hashes(values, ["values"]).tobytes()
            parts.setdefault((number, content), []).append(name)
        groups = [names for names in parts.values() if len(names) > 1]
        if not groups:
            return
    for first, *others in groups:
        for name in others:
            message = f"feature {name!r} equals {first!r} in every row"
            remedy = f"Set exclude=[{name!r}]"
            yield Problem(message, remedy, name, severity="warning", useless=True)
