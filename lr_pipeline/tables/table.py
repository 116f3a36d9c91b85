"""A lazy, immutable handle over rows and columns whose parts are known."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Integer

from lr_pipeline.core.types import RowVector
from lr_pipeline.tables.errors import Problem, TableError, count_of, renumbered, table_error
from lr_pipeline.tables.files.file_watch import FileWatch, watch_stored
from lr_pipeline.tables.files.parquet import (
    BLOCK_BYTES,
    BLOCK_ROWS,
    Stored,
    is_url,
    open_parquet,
    read_batches,
    read_footer,
    rows_within,
    write_blocks,
)
from lr_pipeline.tables.fingerprint import content_fingerprint
from lr_pipeline.tables.in_memory import (
    require_no_numbers_as_text,
    rows_of_frame,
    without_markers_in,
)
from lr_pipeline.tables.prefetch import prefetched
from lr_pipeline.tables.roles import (
    ColumnRoles,
    PositiveValue,
    assign_roles,
    read_metadata,
    require_column,
    with_metadata,
)
from lr_pipeline.tables.row_choice import (
    CountedRows,
    RowChoice,
    choice_within,
    counts_at_all,
    picked,
)
from lr_pipeline.tables.target import labels, positive_value
from lr_pipeline.tables.values.column_types import read_batch, read_schema
from lr_pipeline.tables.values.column_values import plain_values
from lr_pipeline.tables.values.declared_kinds import as_declared, declared_field
from lr_pipeline.tables.values.reading_rules import READING, ReadingRules
from lr_pipeline.versions import FormatVersionError

if TYPE_CHECKING:
    import pandas

__all__ = ["BLOCK_ROWS", "ColumnRoles", "Table"]

RowIndices = Integer[np.ndarray, " m"]


@dataclass(frozen=True)
class RowGroups:
    """Neighbouring row groups of a Parquet file, and the number of their first row, from 0."""

    numbers: tuple[int, ...]
    first_row: int
    num_rows: int


@dataclass(frozen=True, eq=False, repr=False)
class Table:
    """Rows in memory (a pyarrow table) or in a Parquet file, and the columns' roles.

    Only columns with a role belong to the table, in the order in which they are stored. Where
    there are ``choices``, only the rows that all of them choose, one after the other, belong to
    it. The constructor checks nothing; ``from_pandas``, ``from_arrow`` and the sources do.
    ``holder`` is what keeps a temporary file in being, for as long as a table reads it.
    ``row_groups``: those of the file that are meant, where not all are. ``watch``: what holds a
    file that is read where it lies to its first state, whenever it is read.
    """

    data: pa.Table | Stored
    roles: ColumnRoles
    provenance_json: str = "{}"
    choices: tuple[RowChoice, ...] = ()
    holder: object = None
    row_groups: RowGroups | None = None
    watch: FileWatch | None = None

    @classmethod
    def from_arrow(
        cls,
        data: pa.Table,
        target: str,
        positive: PositiveValue | None = None,
        *,
        features: Sequence[str] | None = None,
        exclude: Sequence[str] = (),
        id: str | None = None,
        group: str | None = None,
        time: str | None = None,
        weight: str | None = None,
        category: Sequence[str] = (),
        number: Sequence[str] = (),
        missing: Sequence[str] = (),
    ) -> "Table":
        """Table in memory; every column without another role is a feature.

        ``missing``: markers that stand for a missing value, such as ``?``. Rows of weight 0 are
        left out.

        Raises
        ------
        TableError
            A column is missing, the target has not exactly two values, a feature is text that is
            mostly numbers, or all weights are 0.
        """
        roles = assign_roles(
            data.column_names,
            target,
            features=features,
            exclude=exclude,
            id=id,
            group=group,
            time=time,
            weight=weight,
            category=category,
            number=number,
        )
        rules = ReadingRules(tuple(map(str, missing)))
        data = without_markers_in(data, rules) if missing else data
        counted = None if weight is None else _counted(data, weight)
        if counted is not None:
            data = cls(data, roles, choices=(CountedRows(weight or ""),)).to_arrow()
        try:
            settled = positive_value(target, data.column(target), positive)
            require_no_numbers_as_text(data, roles)
        except TableError as error:
            problems = error.problems if counted is None else renumbered(error.problems, [counted])
            raise TableError(*problems, source=error.source) from None
        provenance = json.dumps({READING: rules.to_dict()}) if missing else "{}"
        return cls(data, replace(roles, positive=settled), provenance)

    @classmethod
    def from_pandas(
        cls,
        df: "pandas.DataFrame",
        target: str,
        positive: PositiveValue | None = None,
        *,
        features: Sequence[str] | None = None,
        exclude: Sequence[str] = (),
        id: str | None = None,
        group: str | None = None,
        time: str | None = None,
        weight: str | None = None,
        category: Sequence[str] = (),
        number: Sequence[str] = (),
        missing: Sequence[str] = (),
    ) -> "Table":
        """Table from a data frame's columns (its index is left out); see ``from_arrow``."""
        data = rows_of_frame(df, missing)
        return cls.from_arrow(
            data,
            target,
            positive,
            features=features,
            exclude=exclude,
            id=id,
            group=group,
            time=time,
            weight=weight,
            category=category,
            number=number,
            missing=missing,
        )

    @classmethod
    def read_parquet(cls, path: str | Path) -> "Table":
        """Handle on a file written by ``write_parquet``; rows are read when asked for.

        ``path`` may be a URL of any scheme that fsspec knows, such as ``s3://bucket/rows.parquet``.

        Raises
        ------
        TableError
            The file is missing, is not Parquet, carries no column roles, or a later version of
            this package wrote it.
        """
        with open_parquet(path) as file:
            try:
                found = read_metadata(file.schema_arrow)
            except FormatVersionError as error:
                raise table_error(error.message, error.remedy, source=path) from None
        if found is None:
            raise table_error(
                "the Parquet schema carries no column roles",
                "Read it with FileTable(path, target=…)",
                source=path,
            )
        roles, provenance = found
        text = json.dumps(provenance)
        if is_url(path):
            return cls(str(path), roles, text)
        return cls(Path(path), roles, text, watch=watch_stored(Path(path)))

    @cached_property
    def schema(self) -> pa.Schema:
        """Columns and types; roles and provenance are in its metadata."""
        if isinstance(self.data, Stored):
            self._require_unchanged()
            with open_parquet(self.data, self._metadata) as file:
                stored = file.schema_arrow
        else:
            stored = self.data.schema
        columns = self.roles.columns
        fields = [field for field in stored if field.name in columns]
        read = read_schema(pa.schema(fields), self._keys)
        declared = [declared_field(field, self.roles) for field in read]
        return with_metadata(pa.schema(declared), self.roles, self.provenance)

    @cached_property
    def num_rows(self) -> int:
        """Number of rows; where rows are chosen, a pass over what the choice reads."""
        if self.choices:
            return sum(batch.num_rows for batch in self._batches(BLOCK_ROWS, []))
        if self.row_groups is not None:
            return self.row_groups.num_rows
        return int((self._metadata if isinstance(self.data, Stored) else self.data).num_rows)

    @cached_property
    def _metadata(self) -> pq.FileMetaData:
        """The Parquet file's footer."""
        assert isinstance(self.data, Stored)
        self._require_unchanged()
        return read_footer(self.data)

    def _require_unchanged(self, content: bool = False) -> None:
        """Raise ``TableError`` where the file that is read is not what it was at first."""
        if self.watch is not None:
            self.watch.require_unchanged(content)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of roles, column names, types and values; the provenance is not in it."""
        return content_fingerprint(self.schema, self.roles, self.blocks())

    @property
    def provenance(self) -> dict[str, Any]:
        """Where the rows come from, e.g. ``{"split": {…}}``: a fresh copy."""
        values: dict[str, Any] = json.loads(self.provenance_json)
        return values

    def with_provenance(self, provenance: dict[str, Any]) -> "Table":
        """Return the same rows with another provenance."""
        same = replace(self, provenance_json=json.dumps(provenance))
        known = {"fingerprint", "num_rows", "_metadata"} & self.__dict__.keys()
        same.__dict__.update({name: self.__dict__[name] for name in known})  # passes over the rows
        return same

    def where(self, choice: RowChoice) -> "Table":
        """Those of the rows that ``choice`` chooses, in their order, picked whenever read."""
        return replace(self, choices=(*self.choices, choice))

    def part(self, groups: RowGroups) -> "Table":
        """Return those of the rows that are in some row groups of the stored table."""
        choices = (choice_within(one, groups.first_row, groups.num_rows) for one in self.choices)
        return replace(self, choices=tuple(choices), row_groups=groups)

    def blocks(
        self, rows: int | None = None, columns: Sequence[str] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Yield the rows in order, exactly ``rows`` at a time but for the last block.

        Of all columns, or those named. ``rows`` unless given: as many as fit in 8 MiB as float64
        numbers, at most 65,536.
        """
        names = self.schema.names if columns is None else list(columns)
        if rows is None:
            rows = rows_within(BLOCK_BYTES, len(names))
        schema = self.schema if columns is None else pa.schema(map(self.schema.field, names))
        return _equal_blocks(self._batches(rows, names), rows, schema)

    def column(self, name: str) -> pa.ChunkedArray:
        """One column, read alone."""
        require_column(self.schema.names, name)
        field = self.schema.field(name)
        batches = self._batches(BLOCK_ROWS, [name])
        return pa.chunked_array([batch.column(name) for batch in batches], type=field.type)

    def label_blocks(self) -> Iterator[RowVector]:
        """Yield the labels block by block."""
        name = self.roles.target
        require_column(self.schema.names, name)
        for block in self.blocks(columns=[name]):
            yield labels(name, block.column(name), self.roles.positive)

    def labels(self) -> RowVector:
        """(n,) 1.0 where the target has its positive value, 0.0 elsewhere."""
        return np.concatenate([np.empty(0), *self.label_blocks()])

    def weights(self) -> RowVector | None:
        """(n,) how often each row counts; ``None`` where no column says so."""
        name = self.roles.weight
        if name is None:
            return None
        blocks = (weights_of(block, name) for block in self.blocks(columns=[name]))
        return np.concatenate([np.empty(0), *blocks])

    def to_arrow(self) -> pa.Table:
        """All rows in memory."""
        return pa.Table.from_batches(self.blocks(), schema=self.schema)

    def to_pandas(self) -> "pandas.DataFrame":
        """All rows in memory as a data frame."""
        df: pandas.DataFrame = self.to_arrow().to_pandas()
        return df

    def take(self, indices: RowIndices, provenance: dict[str, Any] | None = None) -> "Table":
        """Rows in the order of ``indices`` (from 0), in memory; one pass over the blocks."""
        order = np.argsort(indices, kind="stable")
        wanted = np.asarray(indices, dtype=np.int64)[order]
        pieces, start = [], 0
        for block in self.blocks():
            first, last = np.searchsorted(wanted, [start, start + block.num_rows])
            pieces.append(block.take(pa.array(wanted[first:last] - start)))
            start += block.num_rows
        if len(wanted) and not 0 <= wanted[0] <= wanted[-1] < start:
            raise IndexError(f"rows {wanted[0]} to {wanted[-1]} asked for, the table has {start}")
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        rows = pa.Table.from_batches(pieces, schema=self.schema).combine_chunks()
        kept = self.provenance if provenance is None else provenance
        return Table(rows.take(pa.array(back)), self.roles, json.dumps(kept))

    def write_parquet(self, path: str | Path) -> None:
        """Write rows, roles and provenance block by block; the file must not be its own source.

        Raises
        ------
        TableError
            The source changed meanwhile, or gave another number of rows than before.
        """
        written = write_blocks(path, self.schema, prefetched(self.blocks()))
        self._require_unchanged(content=True)
        known = "num_rows" in self.__dict__ or not self.choices  # else counting is a pass
        if known and written != self.num_rows:
            raise table_error(
                f"the table has {count_of(self.num_rows, 'row')}, and {written:,} were written",
                "Run again once nothing writes to its source",
                source=self.provenance.get("source"),
            )

    def _batches(self, rows: int, names: list[str]) -> Iterator[pa.RecordBatch]:
        """Yield batches as they are stored, without the rows that are not chosen."""
        keys = {choice.column for choice in self.choices if choice.column is not None}
        needed = [*names, *sorted(keys.difference(names))]
        first = 0 if self.row_groups is None else self.row_groups.first_row
        starts = [first] + [0] * len(self.choices)
        for stored in self._stored_batches(rows, needed):
            batch = stored
            for place, choice in enumerate(self.choices):
                rows_before = batch.num_rows
                batch = picked(batch, choice, starts[place])
                starts[place] += rows_before
            yield batch.select(names)

    @property
    def _keys(self) -> set[str]:
        """Columns of which only equality counts."""
        return {name for name in (self.roles.id, self.roles.group) if name is not None}

    def _stored_batches(self, rows: int, names: list[str]) -> Iterator[pa.RecordBatch]:
        """All rows, a batch at a time, in the types in which they are read or declared."""
        stored = read = None
        start = 0
        for batch in self._batches_as_stored(rows, names):
            if stored is None or not batch.schema.equals(stored):
                stored, read = batch.schema, read_schema(batch.schema, self._keys)
            same = read is None or read.equals(stored)
            found = batch if same else read_batch(batch, read, self._keys)
            yield as_declared(found, self.roles, start)
            start += batch.num_rows

    def _batches_as_stored(self, rows: int, names: list[str]) -> Iterator[pa.RecordBatch]:
        """All rows, a batch at a time."""
        if isinstance(self.data, Stored):
            numbers = None if self.row_groups is None else self.row_groups.numbers
            batches = read_batches(self.data, self._metadata, names, rows, numbers)
            return batches if self.watch is None else self.watch.guarded(batches)
        return iter(self.data.select(names).to_batches(max_chunksize=rows))

    def __repr__(self) -> str:
        return (
            f"Table({count_of(self.num_rows, 'row')}, "
            f"{count_of(len(self.roles.features), 'feature')}, "
            f"target {self.roles.target!r}, positive {self.roles.positive!r})"
        )


def weights_of(block: pa.RecordBatch | pa.Table, name: str) -> RowVector:
    """(n,) float64 weights of some rows. Errors: ``TableError`` where they are no numbers."""
    column = plain_values(block.column(name))
    try:
        return np.asarray(column.cast(pa.float64()), dtype=np.float64)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise table_error(
            f"weight {name!r} must be numbers that float64 holds, found {column.type}",
            "Convert it, or name another weight",
            name,
        ) from None


def no_row_counts(weight: str) -> Problem:
    """What is wrong with a table of weights that are all 0."""
    message = f"weight {weight!r} is 0 in every row, so that none counts"
    return Problem(message, "Correct it, or name no weight", weight)


def _counted(data: pa.Table, weight: str) -> np.ndarray | None:
    """(n,) which rows do not have the weight 0; None where all do not."""
    counted = counts_at_all(data.column(weight))
    if len(counted) and not counted.any():
        raise TableError(no_row_counts(weight))
    return None if counted.all() else counted


def _equal_blocks(
    batches: Iterable[pa.RecordBatch], rows: int, schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    """Cut and join batches into blocks of ``rows`` rows; the last may be shorter."""
    if rows < 1:
        raise ValueError(f"a block needs at least 1 row, found rows={rows}")
    pending: list[pa.RecordBatch] = []
    held = 0
    for stored in batches:
        batch = stored
        while held + batch.num_rows >= rows:
            yield _joined([*pending, batch.slice(0, rows - held)], schema)
            batch = batch.slice(rows - held)
            pending, held = [], 0
        if batch.num_rows:
            pending.append(batch)
            held += batch.num_rows
    if held:
        yield _joined(pending, schema)


def _joined(batches: list[pa.RecordBatch], schema: pa.Schema) -> pa.RecordBatch:
    """One batch out of several, without a copy where it is one already."""
    if len(batches) == 1:
        return pa.RecordBatch.from_arrays(batches[0].columns, schema=schema)
    columns = (
        pa.chunked_array(list(parts)) for parts in zip(*(b.columns for b in batches), strict=True)
    )
    joined = [column.combine_chunks() for column in columns]
    return pa.RecordBatch.from_arrays(joined, schema=schema)
