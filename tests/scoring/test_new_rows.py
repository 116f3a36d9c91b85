"""New rows: what is accepted, and that all differences from training are listed at once."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lr_pipeline.scoring.new_rows import SchemaMismatchError, open_new_rows
from lr_pipeline.tables.errors import TableError


def test_extra_columns_and_another_order_are_no_difference(model, new_rows) -> None:
    """The target is not needed, and columns without a role are not read."""
    table = open_new_rows(new_rows, model.preparation).table
    assert set(table.schema.names) == {"city", "key", "age", "dose"}
    assert table.num_rows == 4


def test_parquet_is_read_like_csv(model, new_rows, tmp_path) -> None:
    """The file's name need not end in .parquet."""
    frame = pd.read_csv(new_rows)
    for name in ("new.parquet", "new.dat"):
        frame.to_parquet(tmp_path / name)
        assert open_new_rows(tmp_path / name, model.preparation).table.num_rows == 4


def test_categories_and_ids_that_look_like_numbers_are_text(model, tmp_path) -> None:
    """Training decided the type, and leading zeros stay."""
    path = tmp_path / "new.csv"
    path.write_text("city,key,age,dose\n1,007,50,1\n2,008,51,1\n")
    table = open_new_rows(path, model.preparation).table
    assert table.column("key").to_pylist() == ["007", "008"]
    assert table.column("city").to_pylist() == ["1", "2"]


def test_every_difference_is_in_one_table(model, tmp_path) -> None:
    """For columns missing, repeated or of another type it has name, expected and found."""
    path = tmp_path / "new.csv"
    path.write_text("Key,age,dose,dose\nk,old,1,2\n")
    with pytest.raises(SchemaMismatchError) as caught:
        open_new_rows(path, model.preparation)
    found = {one.column: (one.expected, one.found) for one in caught.value.differences}
    assert found == {
        "key": ("identifier", "missing; there is 'Key'"),
        "age": ("number or boolean", "string"),
        "dose": ("number or boolean", "2 columns of that name"),
        "city": ("text", "missing"),
    }
    lines = str(caught.value).splitlines()
    assert lines[0] == f"{path}: these columns are not as in training, so that nothing was written:"
    assert lines[1].split() == ["column", "expected", "found"]
    assert lines[2].startswith("'key'   identifier")
    assert len(lines) == 7


def test_a_similar_name_is_offered(model, tmp_path) -> None:
    """The likely cause is a renamed column."""
    path = tmp_path / "new.csv"
    path.write_text("city,key,age,doses\nOslo,a,1,1\n")
    with pytest.raises(SchemaMismatchError, match="missing; there is 'doses'"):
        open_new_rows(path, model.preparation)


@pytest.mark.parametrize(
    ("column", "values", "kind"),
    [
        ("age", [["x"]], "list<element: string>"),
        ("age", ["x"], "string"),
        ("city", [1], "int64"),
    ],
)
def test_other_types_in_parquet_are_differences(model, tmp_path, column, values, kind) -> None:
    """Nested types are differences, too."""
    good = {"key": ["a"], "age": [1.0], "dose": [1.0], "city": ["Oslo"]}
    pq.write_table(pa.table(good | {column: values}), tmp_path / "new.parquet")
    with pytest.raises(SchemaMismatchError) as caught:
        open_new_rows(tmp_path / "new.parquet", model.preparation)
    (difference,) = caught.value.differences
    assert (difference.column, difference.found) == (column, kind)


@pytest.mark.parametrize("kind", [pa.bool_(), pa.int8(), pa.decimal128(30, 2), pa.null()])
def test_any_number_is_a_number(model, tmp_path, kind) -> None:
    """Booleans, integers, decimals, and a column without a value are accepted."""
    age = pa.array([None if kind == pa.null() else 1]).cast(kind)
    columns = {"key": ["a"], "age": age, "dose": [1.0], "city": ["Oslo"]}
    pq.write_table(pa.table(columns), tmp_path / "new.parquet")
    assert open_new_rows(tmp_path / "new.parquet", model.preparation).table.num_rows == 1


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.csv", None, "no such file"),
        ("empty.csv", b"", "the file is empty"),
        ("cut.parquet", b"PAR1 and no more", "not a readable Parquet file"),
        ("latin.csv", "city,key\nKöln,a\n".encode("latin-1"), "not UTF-8"),
    ],
)
def test_an_unreadable_file_is_named(model, tmp_path, name, content, message) -> None:
    """The error says what is wrong."""
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TableError, match=message) as caught:
        open_new_rows(path, model.preparation)
    assert str(caught.value).startswith(str(path))


def split_in_two(frame: pd.DataFrame, folder: Path, kind: str) -> Path:
    """Return a folder with half of the rows in each of two files."""
    folder.mkdir()
    for number, half in enumerate((frame[:2], frame[2:])):
        write(half, folder / f"{number}.{kind}")
    return folder


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write Parquet or CSV, packed or not, as the name says."""
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False)


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "parquet"])
def test_folders_patterns_and_urls_are_one_table(model, new_rows, tmp_path, kind) -> None:
    """They are read as in training; all files determine the content's hash."""
    folder = split_in_two(pd.read_csv(new_rows), tmp_path / "rows", kind)
    expected = open_new_rows(new_rows, model.preparation).table.column("key").to_pylist()
    places = (folder, folder / f"*.{kind}", f"file://{folder}")
    found = [open_new_rows(place, model.preparation) for place in places]
    assert [one.table.column("key").to_pylist() for one in found] == [expected] * 3
    assert [one.table.column("age").to_pylist()[:3] for one in found] == [[50, 150, 50]] * 3
    assert found[0].content == found[1].content == found[2].content
    before = found[0].content
    write(pd.read_csv(new_rows)[2:3], folder / f"1.{kind}")
    after = open_new_rows(folder, model.preparation)
    assert after.table.num_rows == 3
    assert after.content[0] == before[0]
    assert after.content[1] != before[1]


def test_partitions_are_columns_of_new_rows(model, new_rows, tmp_path) -> None:
    """Text that looks like a number stays text; the columns count in the content's hash."""
    folder = tmp_path / "rows"
    for city in ("Oslo", "02"):
        (folder / f"city={city}").mkdir(parents=True)
        rows = pd.read_csv(new_rows).drop(columns="city")
        rows.to_parquet(folder / f"city={city}" / "part.parquet")
    found = open_new_rows(folder, model.preparation)
    assert found.table.column("city").to_pylist() == ["02"] * 4 + ["Oslo"] * 4
    assert [partition for _, partition in found.content] == [{"city": "02"}, {"city": "Oslo"}]


def test_a_later_file_that_differs_is_named(model, new_rows, tmp_path) -> None:
    """The error has its own type, and only this file's differences."""
    folder = split_in_two(pd.read_csv(new_rows), tmp_path / "rows", "parquet")
    pd.read_csv(new_rows).drop(columns="dose").to_parquet(folder / "1.parquet")
    with pytest.raises(SchemaMismatchError) as caught:
        open_new_rows(folder, model.preparation)
    assert str(caught.value).startswith(f"{folder}/1.parquet: these columns are not as in training")
    assert [one.column for one in caught.value.differences] == ["dose"]


def test_a_folder_without_tables_is_refused(model, tmp_path) -> None:
    """The error says that a file is expected."""
    with pytest.raises(TableError, match="found a folder"):
        open_new_rows(tmp_path, model.preparation)
