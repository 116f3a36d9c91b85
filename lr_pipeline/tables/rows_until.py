"""The rows of a table before a moment: the table as it was then."""

from datetime import UTC, datetime, time

import pyarrow as pa
import pyarrow.types as pt

from lr_pipeline.tables.errors import table_error
from lr_pipeline.tables.row_choice import TimedRows
from lr_pipeline.tables.table import Table

MILLISECONDS_A_DAY = 86_400_000
TICKS_A_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def moment_of(until: str) -> datetime:
    """Return the moment that a text of ISO 8601 names.

    Raises
    ------
    TableError
        The text is no date or time.
    """
    try:
        return datetime.fromisoformat(until)
    except (TypeError, ValueError):
        raise table_error(
            f"until={until!r} is no date or time", "Write it as in 2024-02-01 or 2024-02-01T06:00"
        ) from None


def rows_until(table: Table, until: str) -> Table:
    """Return a view of the rows whose time is before ``until`` (ISO 8601).

    Where times have a zone, ``until`` is a moment, in UTC unless it says otherwise; where they
    have none, and for dates, it is the local time that clock and calendar show.

    Raises
    ------
    TableError
        There is no time column, it holds neither dates nor timestamps, or no row is earlier.
    """
    name = table.roles.time
    if name is None:
        raise table_error(f"until={until} needs a time column, found none", "Set time=")
    kind = table.schema.field(name).type
    if not (pt.is_date(kind) or pt.is_timestamp(kind)):
        raise table_error(
            f"until={until} needs dates or timestamps in column {name!r}, found {kind}",
            "Store the column as one of these",
            name,
        )
    earlier = table.where(TimedRows(name, _ticks(moment_of(until), kind), later=False))
    if earlier.num_rows == 0:
        raise table_error(f"no row is earlier than {until}", "Take a later one", name)
    return earlier


def _ticks(until: datetime, kind: pa.DataType) -> int:
    """Return the least tick of the column's type that is not before ``until``.

    The column's own type might not hold it: nanoseconds end in 2262.
    """
    if pt.is_date(kind):
        begun = until.time() > time()
        days: int = pa.scalar(until.date(), pa.date32()).value + begun
        return days * MILLISECONDS_A_DAY if pt.is_date64(kind) else days
    if kind.tz is None:
        until = until.replace(tzinfo=None)
    elif until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    microseconds: int = pa.scalar(until, pa.timestamp("us", kind.tz)).value
    ticks_a_second = TICKS_A_SECOND[kind.unit]
    return -(-microseconds * ticks_a_second // 1_000_000)  # rounded up
