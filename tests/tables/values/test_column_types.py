"""Every type of Arrow in every role: read exactly, or refused with file, column and remedy."""

import datetime as dt
import decimal
import uuid

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.sources.declared_tables import FileTable
from lr_pipeline.tables.split.leakage import find_leakage
from lr_pipeline.tables.split.split_table import SplitPolicy, split_table
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.validation.validate import require_sound
from lr_pipeline.tables.values.column_types import read_type, read_values

ROWS = 120
COUNT = list(range(ROWS))
DAY = dt.date(2024, 1, 1)
NOON = dt.datetime(2024, 1, 1, 12)
UUIDS = [uuid.UUID(int=(k + 1) * 0x0123_4567_890A_BCDE_F123_4567) for k in COUNT]


def decimals(kind: pa.DataType, start: int = 0, step: int = 1) -> pa.Array:
    """Decimals ``start``, ``start`` + ``step`` and so on, divided by 10^scale."""
    with decimal.localcontext(prec=80):
        values = [decimal.Decimal(start + k * step).scaleb(-kind.scale) for k in COUNT]
    return pa.array(values, kind)


def extension(kind: pa.DataType, stored: pa.Array) -> pa.Array:
    """Values of an extension type."""
    return pa.ExtensionArray.from_storage(kind, stored)


class Celsius(pa.ExtensionType):
    """An extension type that only this test knows."""

    def __init__(self) -> None:
        super().__init__(pa.int64(), "test.celsius")

    def __arrow_ext_serialize__(self) -> bytes:
        """Return nothing, since the type has no parameters."""
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type, serialized) -> "Celsius":
        """Return the type."""
        return cls()


FLOATS = [k / 8 for k in COUNT]
TEXTS = [f"v{k:03}" for k in COUNT]
BYTES = [f"v{k:03}".encode() for k in COUNT]
LONG = 12_345_678_901_234_567_890
# All values differ, and in the order of the rows where the type has an order.
DIFFERENT = {
    **{str(t): pa.array(COUNT, t) for t in (pa.int8(), pa.int16(), pa.int32(), pa.int64())},
    **{str(t): pa.array(COUNT, t) for t in (pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64())},
    "long integers": pa.array([2**53 + k for k in COUNT]),
    "longest integers": pa.array([2**64 - ROWS + k for k in COUNT], pa.uint64()),
    "float16": pa.array(np.array(FLOATS, np.float16)),
    "float32": pa.array(FLOATS, pa.float32()),
    "float64": pa.array(FLOATS),
    **{t: pa.array(TEXTS, t) for t in ("string", "large_string", "string_view")},
    **{t: pa.array(BYTES, t) for t in ("binary", "large_binary", "binary_view")},
    "fixed_size_binary": pa.array(BYTES, pa.binary(4)),
    "uuid": extension(pa.uuid(), pa.array([one.bytes for one in UUIDS], pa.binary(16))),
    "json": extension(pa.json_(), pa.array([f'{{"a": {k}}}' for k in COUNT])),
    "unknown extension": extension(Celsius(), pa.array(COUNT)),
    "decimal32": decimals(pa.decimal32(9, 2)),
    "decimal64": decimals(pa.decimal64(18, 2)),
    "decimal128": decimals(pa.decimal128(12, 2)),
    "long decimal128": decimals(pa.decimal128(38, 0), LONG),
    "fine decimal128": decimals(pa.decimal128(38, 30), LONG, 10**15),
    "long decimal256": decimals(pa.decimal256(70, 0), 10**60),
    "date32": pa.array([DAY + dt.timedelta(k) for k in COUNT], pa.date32()),
    "date64": pa.array([DAY + dt.timedelta(k) for k in COUNT], pa.date64()),
    "far dates": pa.array([dt.date(9999, 1, 1) + dt.timedelta(k) for k in COUNT]),
    "time32": pa.array(COUNT, pa.int32()).cast(pa.time32("ms")),
    "time64": pa.array(COUNT, pa.int64()).cast(pa.time64("ns")),
    **{f"timestamp[{u}]": pa.array(COUNT).cast(pa.timestamp(u)) for u in ("s", "ms", "us", "ns")},
    "zoned": pa.array(COUNT).cast(pa.timestamp("ns", "Europe/Vienna")),
    **{f"duration[{u}]": pa.array(COUNT).cast(pa.duration(u)) for u in ("s", "ms", "us", "ns")},
    "interval": pa.array([(1, k, 5) for k in COUNT], pa.month_day_nano_interval()),
    "list": pa.array([[k, None] for k in COUNT]),
    "large_list": pa.array([[k] for k in COUNT], pa.large_list(pa.int64())),
    "list_view": pa.array([[str(k)] for k in COUNT], pa.list_view(pa.string())),
    "fixed_size_list": pa.array([[k, 1] for k in COUNT], pa.list_(pa.int16(), 2)),
    "struct": pa.array([{"a": k, "b": {"c": [str(k)]}} for k in COUNT]),
    "map": pa.array([[("k", k)] for k in COUNT], pa.map_(pa.string(), pa.int64())),
    "union": pa.UnionArray.from_sparse(
        pa.array([k % 2 for k in COUNT], pa.int8()), [pa.array(COUNT), pa.array(TEXTS)]
    ),
    "dictionary of text": pa.array(TEXTS).dictionary_encode(),
    "dictionary of integers": pa.array(COUNT).dictionary_encode(),
    "dictionary of dates": pa.array([DAY + dt.timedelta(k) for k in COUNT]).dictionary_encode(),
    "run ends of integers": pa.RunEndEncodedArray.from_arrays([k + 1 for k in COUNT], COUNT),
    "run ends of text": pa.RunEndEncodedArray.from_arrays([k + 1 for k in COUNT], TEXTS),
}
TWO_VALUED = {
    "bool": pa.array([k % 2 == 0 for k in COUNT]),
    "bool8": extension(pa.bool8(), pa.array([k % 2 for k in COUNT], pa.int8())),
    "null": pa.nulls(ROWS),
}

INTEGERS = {str(t) for t in (pa.int8(), pa.int16(), pa.int32(), pa.int64())}
INTEGERS |= {str(t) for t in (pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64())}
NUMBERS = INTEGERS | {"float16", "float32", "float64", "decimal32", "decimal64", "decimal128"}
NUMBERS |= {"fine decimal128", "dictionary of integers", "run ends of integers"}
EXACT_NUMBERS = NUMBERS | {"long integers", "longest integers"}
DECIMALS = {"long decimal128", "long decimal256"}
TEXT = {"string", "large_string", "string_view", "json", "dictionary of text", "run ends of text"}
TIMES = {name for name in DIFFERENT if name.startswith(("date", "time", "duration"))}
TIMES |= {"far dates", "zoned", "dictionary of dates"}
READ = {
    "feature": NUMBERS | TEXT | {"bool", "bool8"},
    "target": EXACT_NUMBERS | TEXT | {"bool", "bool8"},
    "id": DIFFERENT.keys() - {"union"},
    "group": (DIFFERENT.keys() | {"bool", "bool8"}) - {"union"},
    "time": EXACT_NUMBERS | DECIMALS | TIMES,
    "weight": NUMBERS,
}
TYPES = DIFFERENT | TWO_VALUED
X = np.random.default_rng(5).normal(size=ROWS)
Y = [int(k % 3 == 0) for k in COUNT]


DIFFERENT_VALUES = {"target": 2, "group": 30, "feature": 4}


def column_for(role: str, name: str) -> pa.Array:
    """Values of the type in random order, with as many different ones as the role allows."""
    values = TYPES[name]
    if role in ("id", "time", "weight"):
        places = np.random.default_rng(7).permutation(ROWS)
    else:
        places = np.arange(ROWS) % DIFFERENT_VALUES[role]
    return taken(values, places)


def taken(values: pa.Array, places: np.ndarray) -> pa.Array:
    """Take some of the values without changing their type; Arrow's take lacks some types."""
    if pa.types.is_run_end_encoded(values.type):
        plain = values.values.take(pa.array(places))
        return pa.RunEndEncodedArray.from_arrays(list(range(1, len(plain) + 1)), plain)
    if str(values.type).endswith("_view"):
        plain = pa.string() if values.type == pa.string_view() else pa.binary()
        if not pa.types.is_list_view(values.type):
            return values.cast(plain).take(pa.array(places)).cast(values.type)
    return values.take(pa.array(places))


def columns_with(role: str, column: pa.Array) -> tuple[pa.Table, dict[str, str]]:
    """A table with the column in this role, and all roles."""
    if role == "target":
        return pa.table({"x": X, "c": column}), {"target": "c"}
    roles = {} if role == "feature" else {role: "c"}
    return pa.table({"x": X, "y": Y, "c": column}), {"target": "y", **roles}


def read_in_memory(columns: pa.Table, roles: dict[str, str], _folder) -> Table:
    """The table built from arrays in memory."""
    table = Table.from_arrow(columns, **roles)
    require_sound(table, policy=SplitPolicy())
    return table


def read_from_file(columns: pa.Table, roles: dict[str, str], folder) -> Table:
    """The table read from a Parquet file and validated."""
    pq.write_table(columns, folder / "rows.parquet")
    return FileTable(folder / "rows.parquet", **roles).read(to_split=True)


def read_from_two_files(columns: pa.Table, roles: dict[str, str], folder) -> Table:
    """The table read from a folder of Parquet files."""
    (folder / "parts").mkdir()
    for number, part in enumerate((columns.slice(0, 50), columns.slice(50))):
        pq.write_table(part, folder / "parts" / f"{number}.parquet")
    return FileTable(folder / "parts", **roles).read(to_split=True)


def no_parquet(name: str) -> bool:
    """Whether Parquet has no such type."""
    return name.startswith(("interval", "union", "run ends"))


def checked(table: Table, role: str, name: str) -> None:
    """Assert that the role gets the right values."""
    column = column_for(role, name)
    policy = SplitPolicy()
    train, test = split_table(table, policy)
    leakage = find_leakage(table, train, test)
    assert leakage.clean, leakage
    if role == "feature":
        block = table.to_arrow().to_batches()[0]
        assert_feature(Preparation.fit(table), block, column, name)
    elif role == "target":
        places = np.arange(ROWS) % 2
        assert set(zip(places, table.labels().tolist(), strict=True)) in (
            {(0, 0.0), (1, 1.0)},
            {(0, 1.0), (1, 0.0)},
        )
    elif role == "weight":
        assert table.weights().tolist() == [one for one in as_floats(column) if one != 0.0]
    elif role == "group":
        rank = {x: place for place, x in enumerate(table.to_arrow()["x"].to_pylist())}
        of_test = [rank[x] % 30 for x in test.to_arrow()["x"].to_pylist()]
        groups = 30 if name in DIFFERENT else 2
        assert len({g % groups for g in of_test}) == round(groups * 0.2 + 0.49)
    elif role == "time":
        order = np.random.default_rng(7).permutation(ROWS)  # the place in time of each row
        latest = {X[row] for row in range(ROWS) if order[row] >= ROWS - 24}
        assert set(test.to_arrow()["x"].to_pylist()) == latest
    else:
        assert role == "id"
        assert len(test.to_arrow()["c"].unique()) == 24


def as_floats(column: pa.Array) -> list[float]:
    """The float64 nearest to each value, computed by Python."""
    if pa.types.is_run_end_encoded(column.type):
        column = column.values
    return [float(value) for value in column.to_pylist()]


def assert_feature(preparation: Preparation, block: pa.RecordBatch, column, name: str) -> None:
    """Assert that the design has the values as numbers, or a column for each text but one."""
    design = preparation.design(block)[:, 1:]
    if name in TEXT:
        texts = np.arange(ROWS) % 4
        assert len({(text, *row) for text, row in zip(texts, design.tolist(), strict=True)}) == 4
        assert design.shape[1] == 3
    else:
        assert design[:, 0].tolist() == as_floats(column)


@pytest.fixture(autouse=True)
def known_extension():
    """Register an extension type, so that Parquet returns it."""
    pa.register_extension_type(Celsius())
    yield
    pa.unregister_extension_type("test.celsius")


@pytest.mark.parametrize("read", [read_in_memory, read_from_file, read_from_two_files])
@pytest.mark.parametrize(("role", "name"), [(role, name) for role in READ for name in TYPES])
def test_a_type_is_read_exactly_or_refused_by_name(role, name, read, tmp_path):
    """No value is rounded or lost, and every error is our own, not the library's."""
    if read is not read_in_memory and no_parquet(name):
        pytest.skip("Parquet has no such type")
    columns, roles = columns_with(role, column_for(role, name))
    if name in READ[role]:
        checked(read(columns, roles, tmp_path), role, name)
        return
    if (role, name) == ("feature", "null") and read is not read_in_memory:
        (left_out,) = read(columns, roles, tmp_path).provenance["left_out"]
        assert left_out["reason"] == "feature 'c' has no value in any row"
        return
    with pytest.raises(TableError) as caught:
        read(columns, roles, tmp_path)
    problems = [problem for problem in caught.value.problems if problem.column == "c"]
    assert problems, caught.value
    assert "'c'" in problems[0].message
    assert all(problem.remedy for problem in problems)
    if read is not read_in_memory:
        assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize("key", [False, True])
@pytest.mark.parametrize("name", TYPES)
def test_the_type_that_is_announced_is_the_one_that_is_read(name, key):
    """That holds also for empty columns, slices and missing values."""
    column = TYPES[name]
    for values in (column, column[:0], column[7:9]):
        assert read_values(values, key).type == read_type(column.type, key)
        assert len(read_values(values, key)) == len(values)


def test_answers_that_float64_cannot_tell_apart_are_refused():
    """Two decimals of a target would become the same float."""
    answers = pa.array([decimal.Decimal(LONG + k % 2) for k in COUNT], pa.decimal128(38, 0))
    message = "target 'y' has decimals that float64 cannot tell apart. Write its answers as two"
    with pytest.raises(TableError, match=message):
        Table.from_arrow(pa.table({"x": X, "y": answers}), "y")


@pytest.mark.parametrize("name", [n for n in DIFFERENT if n != "union"])
def test_repeated_ids_are_counted_with_their_first_row(name):
    """Two rows of one id, far apart; all others differ."""
    places = np.arange(ROWS)
    places[100], places[110] = 3, 50
    columns, roles = columns_with("id", taken(TYPES[name], places))
    with pytest.raises(TableError, match=r"id 'c' .* found 2 repetitions \(first at row 101\)"):
        require_sound(Table.from_arrow(columns, **roles))


@pytest.mark.parametrize("name", sorted(n for n in READ["group"] if n in DIFFERENT))
def test_a_row_of_a_split_by_hash_stays_where_its_key_says(name):
    """With the rows in another order, and with fewer rows, the same keys are tested."""
    policy = SplitPolicy(kind="sticky", test_size=0.3)

    def tested(places: np.ndarray) -> set[float]:
        column = taken(TYPES[name], places)
        table = Table.from_arrow(
            pa.table({"x": places.astype(float), "y": places % 2, "c": column}), "y", group="c"
        )
        _, test = split_table(table, policy)
        return set(test.to_arrow()["x"].to_pylist())

    whole = tested(np.arange(ROWS))
    some = np.random.default_rng(2).permutation(ROWS)[:80]
    assert tested(some) == whole & set(some.astype(float))
