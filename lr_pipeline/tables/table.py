"""A lazy, immutable handle on rows and columns whose roles are known."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lr_pipeline.core.types import RowVector
from lr_pipeline.tables.errors import count_of, table_error
from lr_pipeline.tables.files.file_watch import FileWatch, watch_stored
from lr_pipeline.tables.files.parquet import (
    BLOCK_BYTES,
    BLOCK_ROWS,
    RowGroups,
    Stored,
    is_url,
    open_parquet,
    read_batches,
    read_footer,
    rows_within,
    write_blocks,
)
from lr_pipeline.tables.fingerprint import content_fingerprint
from lr_pipeline.tables.in_memory import rows_of_frame, sound_positive_value, without_markers_in
from lr_pipeline.tables.prefetch import prefetched
from lr_pipeline.tables.roles import (
    ColumnRoles,
    PositiveValue,
    RoleNames,
    assign_roles,
    require_column,
    stored_metadata,
    with_metadata,
)
from lr_pipeline.tables.row_batches import RowIndices, as_read, chosen, equal_blocks, taken
from lr_pipeline.tables.row_choice import RowChoice, choice_within
from lr_pipeline.tables.target import labels
from lr_pipeline.tables.values.column_types import read_schema
from lr_pipeline.tables.values.declared_kinds import declared_field
from lr_pipeline.tables.values.reading_rules import READING, ReadingRules
from lr_pipeline.tables.weights import CountedRows, counted_rows, weights_of

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, eq=False, repr=False)
class Table:
    """Rows in memory (a pyarrow table) or in a Parquet file, and the columns' roles.

    Only columns with a role belong to the table, in their stored order, and only the rows that all
    ``choices`` choose, applied one after the other. The constructor checks nothing;
    ``from_pandas``, ``from_arrow`` and the sources do. ``holder`` keeps a temporary file alive as
    long as a table reads it. ``row_groups`` of the file belong to the table, None for all.
    ``watch`` refuses a file that changed after it was first read. ``block_bytes`` limits a block.
    """

    data: pa.Table | Stored
    roles: ColumnRoles
    provenance_json: str = "{}"
    choices: tuple[RowChoice, ...] = ()
    holder: object = None
    row_groups: RowGroups | None = None
    watch: FileWatch | None = None
    block_bytes: int | None = None

    @classmethod
    def from_arrow(
        cls,
        data: pa.Table,
        target: str,
        positive: PositiveValue | None = None,
        *,
        missing: Sequence[str] = (),
        **roles: Unpack[RoleNames],
    ) -> "Table":
        """Make a table in memory; every column without another role is a feature.

        ``missing``: markers that stand for a missing value, such as ``?``. Rows of weight 0 are
        left out. The roles are ``features, exclude, id, group, time, weight, category, number,
        protected``, as in ``assign_roles``.

        Raises
        ------
        TableError
            A column is missing, the target has not exactly two values, a feature is text that is
            mostly numbers, or all weights are 0.
        """
        assigned = assign_roles(data.column_names, target, **roles)
        rules = ReadingRules(tuple(map(str, missing)))
        data = without_markers_in(data, rules) if missing else data
        counted = counted_rows(data, assigned.weight)
        if counted is not None:
            data = cls(data, assigned, choices=(CountedRows(str(assigned.weight)),)).to_arrow()
        settled = sound_positive_value(data, assigned, positive, counted)
        provenance = json.dumps({READING: rules.to_dict()}) if missing else "{}"
        return cls(data, replace(assigned, positive=settled), provenance)

    @classmethod
    def from_pandas(
        cls,
        df: "pandas.DataFrame",
        target: str,
        positive: PositiveValue | None = None,
        *,
        missing: Sequence[str] = (),
        **roles: Unpack[RoleNames],
    ) -> "Table":
        """Make a table of a data frame's columns, without its index; see ``from_arrow``."""
        rows = rows_of_frame(df, missing)
        return cls.from_arrow(rows, target, positive, missing=missing, **roles)

    @classmethod
    def read_parquet(cls, path: str | Path) -> "Table":
        """Return a handle on a file written by ``write_parquet``; rows are read when needed.

        ``path`` may be a URL of any scheme that fsspec knows, such as ``s3://bucket/rows.parquet``.

        Raises
        ------
        TableError
            The file is missing, is not Parquet, carries no column roles, or a later version of
            this package wrote it.
        """
        with open_parquet(path) as file:
            roles, provenance = stored_metadata(file.schema_arrow, path)
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
        read = read_schema(pa.schema(fields), self.roles.keys)
        declared = [declared_field(field, self.roles) for field in read]
        return with_metadata(pa.schema(declared), self.roles, self.provenance)

    @cached_property
    def num_rows(self) -> int:
        """Number of rows; if rows are chosen, this takes a pass over the choices' columns."""
        if self.choices:
            return sum(batch.num_rows for batch in self._batches(BLOCK_ROWS, []))
        held = self.row_groups or (self._metadata if isinstance(self.data, Stored) else self.data)
        return int(held.num_rows)

    @cached_property
    def _metadata(self) -> pq.FileMetaData:
        """The Parquet file's footer."""
        assert isinstance(self.data, Stored)
        self._require_unchanged()
        return read_footer(self.data)

    def _require_unchanged(self, content: bool = False) -> None:
        """Raise ``TableError`` where the file has changed since it was first read."""
        if self.watch is not None:
            self.watch.require_unchanged(content)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of roles, column names, types and values, without the provenance."""
        return content_fingerprint(self.schema, self.roles, self.blocks())

    def identified(self, fingerprint: str) -> "Table":
        """Return the same rows with their fingerprint, where it is known without reading them."""
        same = self.with_provenance(self.provenance)
        same.__dict__["fingerprint"] = fingerprint
        return same

    @property
    def provenance(self) -> dict[str, Any]:
        """Where the rows come from, e.g. ``{"split": {…}}``: a fresh copy."""
        return dict(json.loads(self.provenance_json))

    def with_provenance(self, provenance: dict[str, Any]) -> "Table":
        """Return the same rows with another provenance."""
        same = replace(self, provenance_json=json.dumps(provenance))
        known = {"fingerprint", "num_rows", "_metadata"} & self.__dict__.keys()
        same.__dict__.update({name: self.__dict__[name] for name in known})  # each cost a pass
        return same

    def where(self, choice: RowChoice) -> "Table":
        """Return a view with the rows that ``choice`` chooses, in their order."""
        return replace(self, choices=(*self.choices, choice))

    @property
    def first_row(self) -> int:
        """Number, from 0, of the first stored row: that of a part is not 0."""
        return 0 if self.row_groups is None else self.row_groups.first_row

    def part(self, groups: RowGroups) -> "Table":
        """Return a view of some row groups of the stored table."""
        choices = (choice_within(one, groups.first_row, groups.num_rows) for one in self.choices)
        return replace(self, choices=tuple(choices), row_groups=groups)

    def blocks(
        self, rows: int | None = None, columns: Sequence[str] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Yield the rows in order, exactly ``rows`` at a time except for the last block.

        A block has all columns, or those named. By default it has the number of rows that fit into
        ``block_bytes`` (8 MiB) as float64 numbers, at most 65,536.
        """
        names = self.schema.names if columns is None else list(columns)
        if rows is None:
            rows = rows_within(self.block_bytes or BLOCK_BYTES, len(names))
        schema = self.schema if columns is None else pa.schema(map(self.schema.field, names))
        return equal_blocks(self._batches(rows, names), rows, schema)

    def column(self, name: str) -> pa.ChunkedArray:
        """One column, read alone."""
        require_column(self.schema.names, name)
        columns = [batch.column(name) for batch in self._batches(BLOCK_ROWS, [name])]
        return pa.chunked_array(columns, type=self.schema.field(name).type)

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
        """(n,) how often each row counts; ``None`` if there is no weight column."""
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

    def take(self, indices: RowIndices) -> "Table":
        """Rows in the order of ``indices`` (from 0), in memory; one pass over the blocks."""
        return Table(taken(self.blocks(), indices, self.schema), self.roles, self.provenance_json)

    def write_parquet(self, path: str | Path) -> None:
        """Write rows, roles and provenance block by block; the file must not be its own source.

        Raises
        ------
        TableError
            The source changed meanwhile, or its number of rows differs from before.
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
        """Yield the chosen rows in batches as they are stored."""
        keys = {choice.column for choice in self.choices if choice.column is not None}
        stored = self._stored_batches(rows, [*names, *sorted(keys.difference(names))])
        for batch in chosen(stored, self.choices, self.first_row):
            yield batch.select(names)

    def _stored_batches(self, rows: int, names: list[str]) -> Iterator[pa.RecordBatch]:
        """Yield all rows in batches, in the types in which columns are read or declared."""
        if isinstance(self.data, Stored):
            numbers = None if self.row_groups is None else self.row_groups.numbers
            batches = read_batches(self.data, self._metadata, names, rows, numbers)
            batches = batches if self.watch is None else self.watch.guarded(batches)
        else:
            batches = iter(self.data.select(names).to_batches(max_chunksize=rows))
        return as_read(batches, self.roles, self.first_row)

    def __repr__(self) -> str:
        size = f"{count_of(self.num_rows, 'row')}, {count_of(len(self.roles.features), 'feature')}"
        return f"Table({size}, target {self.roles.target!r}, positive {self.roles.positive!r})"
