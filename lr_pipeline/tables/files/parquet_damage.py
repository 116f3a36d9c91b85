"""Where a Parquet file is damaged: the column and the row group that cannot be read."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from lr_pipeline.tables.errors import TableError, table_error

ROWS_TRIED = 65_536  # at a time, so that the search takes no more memory than reading does


def damaged(file: pq.ParquetFile, name: str, columns: Sequence[str], reason: str) -> TableError:
    """Say that ``file``, which messages call ``name``, is damaged, and where, if that is known."""
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
    """The first column chunk that raises, or has another number of rows than its row group."""
    for group in range(file.metadata.num_row_groups):
        for column in columns:
            try:
                batches = file.iter_batches(ROWS_TRIED, row_groups=[group], columns=[column])
                found = sum(batch.num_rows for batch in batches)
            except (pa.ArrowInvalid, OSError):
                return column, group
            if found != file.metadata.row_group(group).num_rows:
                return column, group
    return None
