"""The rows before a moment: whatever the type of the times, and before anything is judged."""

from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.rows_until import rows_until
from lr_pipeline.tables.sources.declared_tables import FileTable, source_from_dict
from lr_pipeline.tables.table import Table

DAYS = [date(2024, 1, 30), date(2024, 1, 31), date(2024, 2, 1), date(2024, 2, 2)]
EVENING = [
    datetime(2024, 1, 31, 22, 59, 59),
    datetime(2024, 1, 31, 23, 0),
    datetime(2024, 1, 31, 23, 59, 59, 999_999),
    datetime(2024, 2, 1),
]


def table_of(times: list[object], kind: pa.DataType) -> Table:
    """Return a table with a time column of this type, and the row's number as x."""
    columns = {
        "day": pa.array(times, kind),
        "x": list(range(len(times))),
        "y": [k % 2 for k in range(len(times))],
    }
    return Table.from_arrow(pa.table(columns), target="y", time="day")


def kept(table: Table, until: str) -> list[int]:
    """Return the numbers of the rows that are earlier."""
    return rows_until(table, until).to_arrow()["x"].to_pylist()


@pytest.mark.parametrize("kind", [pa.date32(), pa.date64()])
@pytest.mark.parametrize(
    ("until", "rows"),
    [
        ("2024-02-01", [0, 1]),
        ("2024-02-01T00:00:00+01:00", [0, 1]),  # the calendar at that place
        ("2024-02-01T00:00:01", [0, 1, 2]),  # the day had begun
        ("2024-03-01", [0, 1, 2, 3]),
    ],
)
def test_days_are_compared_with_the_calendar(kind, until, rows) -> None:
    """A day is earlier if it had begun."""
    assert kept(table_of(DAYS, kind), until) == rows


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_times_without_a_zone_are_compared_with_the_clock(unit) -> None:
    """Midnight is midnight, wherever."""
    table = table_of(EVENING, pa.timestamp(unit))
    assert kept(table, "2024-02-01") == [0, 1, 2]
    assert kept(table, "2024-02-01T00:00:00+01:00") == [0, 1, 2]


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_times_with_a_zone_are_moments(unit) -> None:
    """Midnight in Berlin is eleven in the evening in UTC, which is meant where nothing is said."""
    aware = [one.replace(tzinfo=UTC) for one in EVENING]
    for zone in ("UTC", "America/New_York"):
        table = table_of(aware, pa.timestamp(unit, zone))
        assert kept(table, "2024-02-01T00:00:00+01:00") == [0]
        assert kept(table, "2024-02-01") == [0, 1, 2]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_a_row_of_the_moment_before_is_earlier_in_every_unit(unit) -> None:
    """A moment between two ticks is after the first of them."""
    table = table_of([datetime(2024, 1, 1, 6, 0), datetime(2024, 1, 1, 6, 1)], pa.timestamp(unit))
    assert kept(table, "2024-01-01T06:00:00.0005") == [0]


@pytest.mark.parametrize("kind", [pa.date32(), pa.date64(), pa.timestamp("ns")], ids=str)
def test_a_moment_that_the_column_cannot_hold_is_compared_all_the_same(kind) -> None:
    """Nanoseconds end in 2262, and no day follows the last one of the calendar."""
    table = table_of(DAYS if pa.types.is_date(kind) else EVENING, kind)
    assert kept(table, "9999-12-31T12:00") == [0, 1, 2, 3]
    with pytest.raises(TableError, match="no row is earlier than 0001-01-01"):
        rows_until(table, "0001-01-01")


def test_what_has_no_calendar_is_refused() -> None:
    """A number may be a year, a day or seconds."""
    with pytest.raises(TableError, match="needs dates or timestamps in column 'day', found int64"):
        rows_until(table_of([1, 2, 3, 4], pa.int64()), "2024-02-01")


def test_no_row_is_an_error_that_says_when(tmp_path) -> None:
    """The partition of a month before the first row has nothing to train on."""
    with pytest.raises(TableError, match="no row is earlier than 2020-01-01"):
        rows_until(table_of(DAYS, pa.date32()), "2020-01-01")


@pytest.fixture(params=["csv", "parquet"])
def stored(request, tmp_path) -> FileTable:
    """Forty days; `late` is constant in January, and `y` has a third value in March."""
    days = [date(2024, 1, 1 + k) for k in range(30)] + [date(2024, 3, 1 + k) for k in range(10)]
    rows = pa.table(
        {
            "day": pa.array(days),
            "x": [float(k * k % 17) for k in range(40)],
            "late": [0.0] * 30 + [float(k) for k in range(10)],
            "y": [k % 2 for k in range(30)] + [2] * 10,
        }
    )
    path = tmp_path / f"rows.{request.param}"
    if request.param == "csv":
        rows.to_pandas().to_csv(path, index=False)
    else:
        pq.write_table(rows, path)
    return FileTable(path, "y", time="day")


def test_later_rows_do_not_count_for_what_is_judged(stored) -> None:
    """A column that was constant then is left out, and a value that came later is no third one."""
    with pytest.raises(TableError, match="must have two values"):
        stored.read(to_split=True)
    then = source_from_dict(stored.to_dict() | {"until": "2024-02-01"})
    table = then.read(to_split=True)
    assert table.num_rows == 30
    assert table.roles.features == ("x",)
    assert table.provenance["declaration"]["until"] == "2024-02-01"


def test_messages_number_the_rows_of_the_file(tmp_path) -> None:
    """Later rows stand between the earlier ones, and a row of weight 0 does not count."""
    days = ["2024-01-01", "2024-05-01"] * 12
    rows = [f"{day},{k},{k % 3},{k // 2 % 2}" for k, day in enumerate(days)]
    rows[10] = "2024-01-01,inf,1,0"
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(["day,x,n,y", *rows]))
    for weight in (None, "n"):
        with pytest.raises(TableError, match=r"'x' has infinite values: 1 \(first at row 11\)"):
            FileTable(path, "y", time="day", weight=weight, until="2024-02-01").read()


def test_until_is_declared_only_where_it_is_given(stored) -> None:
    """Declarations that are stored stay as they are, and a text that is no time is refused."""
    assert "until" not in stored.to_dict()
    with pytest.raises(TableError, match="until='spring' is no date or time"):
        source_from_dict(stored.to_dict() | {"until": "spring"})
    without = FileTable(stored.path, "y", until="2024-02-01")
    with pytest.raises(TableError, match="needs a time column, found none"):
        without.read()
