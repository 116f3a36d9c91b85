"""Reads and writes Parquet files in blocks of bounded memory, whatever their row groups.

For each column a reader holds one page (about 1 MiB, or less where the column chunk ends) and a
buffer of the file. Without ``pre_buffer`` and with buffered streams it holds nothing else, however
large a row group is: its memory grows with the number of columns, not of rows. The files written
here have one row group for each block, so that reading them takes little more memory than a block.
They have a checksum for each page; reading verifies the checksums that a file has.
"""

import os
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as pt

from lr_pipeline.tables.errors import TableError, table_error
from lr_pipeline.tables.files.urls import url_filesystem

BLOCK_ROWS = 65_536
BLOCK_BYTES = 8 << 20  # of a block of numbers in float64
VALUE_BYTES = 8
BUFFER_BYTES = 32 << 20  # of all columns' buffers together
SMALLEST_BUFFER, LARGEST_BUFFER = 4 << 10, 64 << 10
# Limits a column's dictionary to a few thousand values. For numbers that rarely repeat, a larger
# dictionary makes the file 25 % larger and its writing five times slower. Numbers of which
# the first nearly all differ get no dictionary at all, and are written in four fifths of the time.
DICTIONARY_BYTES = 32 << 10
FIRST_ROWS, DIFFERENT = 4096, 0.9
# Columns of which Snappy saves less than a tenth are stored as they are: numbers of many digits,
# which are then written in three quarters of the time.
COMPRESSED, WORTH_IT = "snappy", 0.9


def rows_within(num_bytes: int, num_columns: int, most: int = BLOCK_ROWS) -> int:
    """Rows of a block of ``num_columns`` float64 columns within ``num_bytes``; at least 1."""
    return max(1, min(most, num_bytes // (VALUE_BYTES * max(1, num_columns))))


Stored = Path | str  # a file here, or a URL of any scheme that fsspec knows


@dataclass(frozen=True)
class RowGroups:
    """Neighbouring row groups of a Parquet file; ``first_row`` is numbered from 0."""

    numbers: tuple[int, ...]
    first_row: int
    num_rows: int


def open_parquet(
    source: Any,
    metadata: pq.FileMetaData | None = None,
    name: str | None = None,
) -> pq.ParquetFile:
    """Open a Parquet file, or raise a ``TableError`` that says what the path is instead.

    ``metadata`` is the file's footer if it is known, since a footer of thousands of row groups is
    slow to parse. ``source`` is a path, a URL or an open file; messages call it ``name``.
    """
    shown = name or str(source)
    remote = is_url(source)
    if isinstance(source, str | Path) and Path(source).is_dir():
        raise table_error("a file is expected, found a folder", "Name a file in it", source=shown)
    columns = metadata.num_columns if metadata is not None else 1
    buffer = min(LARGEST_BUFFER, max(SMALLEST_BUFFER, BUFFER_BYTES // max(1, columns)))
    try:
        file = _open_url(source) if remote else source
        # From a remote file neighbouring columns are fetched at once, not page by page.
        return pq.ParquetFile(
            file,
            metadata=metadata,
            pre_buffer=remote,
            buffer_size=buffer,
            page_checksum_verification=True,
        )
    except FileNotFoundError:
        raise table_error("no such file", "Check the path", source=shown) from None
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeDecodeError, OSError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise table_error(
            f"not a readable Parquet file: {reason}",
            "Write it again, or give CSV",
            source=shown,
        ) from None
    except ValueError as error:
        if "HTTP" not in str(error):  # fsspec says so
            raise
        raise table_error(
            "its server sends whole files only, and Parquet is read in parts",
            "Download it and name the copy, or serve it with byte ranges",
            source=shown,
        ) from None


def is_url(source: Any) -> bool:
    """Whether a source is a URL."""
    return isinstance(source, str) and "://" in source


def _open_url(url: str) -> Any:
    filesystem, path = url_filesystem(url)
    return filesystem.open(path, "rb")


def read_footer(stored: Stored) -> pq.FileMetaData:
    """Return the file's footer, parsed once in a process unless the file changes."""
    return _footer(stored, _state(stored))


def _state(stored: Stored) -> Hashable:
    """A value that changes when the file changes; None if there is no file (opening will fail)."""
    try:
        if isinstance(stored, str) and is_url(stored):
            filesystem, path = url_filesystem(stored)
            return str(filesystem.ukey(path))
        stat = Path(stored).stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size


@lru_cache(maxsize=16)
def _footer(stored: Stored, _state: Hashable) -> pq.FileMetaData:
    with open_parquet(stored) as file:
        return file.metadata


def file_batches(
    file: pq.ParquetFile,
    name: str,
    rows: int,
    columns: Sequence[str],
    use_threads: bool = True,
    row_groups: Sequence[int] | None = None,
) -> Iterator[pa.RecordBatch]:
    """Yield the columns of an open file in batches of at most ``rows`` rows, cut at row groups.

    It reads all row groups, or those numbered. It raises ``TableError``, which calls the file
    ``name``, if the content is damaged: a page does not match its checksum, or rows are missing.
    """
    found = 0
    try:
        for batch in file.iter_batches(
            rows, row_groups=row_groups, columns=list(columns), use_threads=use_threads
        ):
            found += batch.num_rows
            yield batch
    except (pa.ArrowInvalid, OSError) as error:
        raise damaged(file, name, columns, str(error)) from None
    if found != (declared := _declared_rows(file.metadata, row_groups)):
        raise damaged(file, name, columns, f"{declared:,} rows are declared, {found:,} found")


def _declared_rows(metadata: pq.FileMetaData, row_groups: Sequence[int] | None) -> int:
    if row_groups is None:
        return int(metadata.num_rows)
    return sum(metadata.row_group(number).num_rows for number in row_groups)


def read_batches(
    stored: Stored,
    metadata: pq.FileMetaData,
    names: Sequence[str],
    rows: int,
    row_groups: Sequence[int] | None,
) -> Iterator[pa.RecordBatch]:
    """Yield the columns ``names`` in batches of at most ``rows`` rows, cut at row groups.

    It reads all row groups, or those numbered.
    """
    threads = (os.cpu_count() or 1) > 2  # the caller's own thread computes meanwhile
    with open_parquet(stored, metadata) as file:
        for batch in file_batches(file, str(stored), rows, names, threads, row_groups):
            yield batch.select(names)


def write_blocks(path: str | Path, schema: pa.Schema, blocks: Iterable[pa.RecordBatch]) -> int:
    """Write each block as one row group, which a reader will hold; return the number of rows."""
    rows, blocks = 0, iter(blocks)
    first = next(blocks, None)
    sample = pa.RecordBatch.from_pylist([], schema) if first is None else first.slice(0, FIRST_ROWS)
    repeating = _worth_a_dictionary(sample)
    with pq.ParquetWriter(
        path,
        schema,
        use_dictionary=repeating,
        compression={
            name: COMPRESSED
            if name in repeating or _is_compressible(sample.column(name))
            else "none"
            for name in schema.names
        },
        dictionary_pagesize_limit=DICTIONARY_BYTES,
        write_page_checksum=True,
    ) as writer:
        for block in chain([] if first is None else [first], blocks):
            writer.write_table(pa.Table.from_batches([block]), row_group_size=block.num_rows)
            rows += block.num_rows
    return rows


def _worth_a_dictionary(first: pa.RecordBatch) -> list[str]:
    """The columns but those of numbers whose first values nearly all differ."""
    return [
        field.name
        for field, column in zip(first.schema, first.columns, strict=True)
        if not (pt.is_integer(field.type) or pt.is_floating(field.type))
        or pc.count_distinct(column).as_py() < DIFFERENT * len(column)
    ]


def _is_compressible(numbers: pa.Array) -> bool:
    data = np.asarray(numbers.drop_null()).tobytes()
    return len(pa.compress(data, COMPRESSED, asbytes=True)) <= WORTH_IT * len(data)


def damaged(file: pq.ParquetFile, name: str, columns: Sequence[str], reason: str) -> TableError:
    """Return the error of a damaged file, called ``name``; it says where, if that is known."""
    column, group = _first_unreadable(file, columns) or (None, 0)
    place, row = "", None
    if column is not None:
        sizes = [file.metadata.row_group(number).num_rows for number in range(group + 1)]
        row = sum(sizes[:-1]) + 1
        place = (
            f" in column {column!r}, row group {group + 1} of {file.metadata.num_row_groups} "
            f"(rows {row:,} to {sum(sizes):,})"
        )
    reason = " ".join(reason.split()).rstrip(".")
    return table_error(
        f"the Parquet file is damaged{place}: {reason}",
        "Write it again, or fetch it again from where it came",
        column,
        row,
        source=name,
    )


def _first_unreadable(file: pq.ParquetFile, columns: Sequence[str]) -> tuple[str, int] | None:
    """The first column chunk that cannot be read or has fewer rows than its row group."""
    for group in range(file.metadata.num_row_groups):
        for column in columns:
            try:
                batches = file.iter_batches(BLOCK_ROWS, row_groups=[group], columns=[column])
                found = sum(batch.num_rows for batch in batches)
            except (pa.ArrowInvalid, OSError):
                return column, group
            if found != file.metadata.row_group(group).num_rows:
                return column, group
    return None
