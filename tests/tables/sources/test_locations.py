"""Files of a table: single, in folders, by a pattern, behind URLs, and only in allowed places."""

import gzip
import os

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.sources.declared_tables import FileTable
from lr_pipeline.tables.sources.locations import find_files
from tests.http_files import PartsOfFiles, served

PARTS = [{"y": [0, 1], "x": [1, 2]}, {"y": [1, 0], "x": [2.5, 4.0]}]


@pytest.fixture
def folder(tmp_path):
    """Two Parquet files and two CSV files, each pair the same table, and files without a table."""
    for kind in ("parquet", "csv"):
        (tmp_path / kind).mkdir()
    for number, columns in enumerate(PARTS):
        pq.write_table(pa.table(columns), tmp_path / "parquet" / f"{number}.parquet")
        text = "y,x\n" + "".join(f"{y},{x}\n" for y, x in zip(*columns.values(), strict=True))
        (tmp_path / "csv" / f"{number}.csv").write_text(text)
    (tmp_path / "parquet" / "_SUCCESS").write_text("")
    (tmp_path / "csv" / "README.md").write_text("rows")
    return tmp_path


@pytest.mark.parametrize("place", ["parquet", "csv", "parquet/*.parquet", "csv/[01].csv"])
def test_a_folder_or_a_glob_is_one_table(folder, place):
    """Its files come in the order of their names, in a type that holds all values."""
    table = FileTable(folder / place, "y").read()
    assert table.to_arrow().to_pydict() == {"y": [0, 1, 1, 0], "x": [1.0, 2.0, 2.5, 4.0]}
    assert table.provenance["source"] == str(folder / place)


@pytest.mark.parametrize("scheme", ["file", "memory"])
@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_a_url_is_read_through_fsspec(folder, scheme, kind):
    """The table is the same from a file, a folder or a pattern behind a URL."""
    base = f"file://{folder}" if scheme == "file" else "memory://rows"
    if scheme == "memory":
        fsspec.filesystem("memory").put(str(folder / kind), f"/rows/{kind}", recursive=True)
    expected = FileTable(folder / kind, "y").read()
    for place in (f"{base}/{kind}", f"{base}/{kind}/*.{kind}"):
        assert FileTable(place, "y").read().fingerprint == expected.fingerprint
    one = FileTable(f"{base}/{kind}/0.{kind}", "y").read()
    assert one.to_arrow().to_pydict() == PARTS[0]


def test_a_temporary_file_goes_with_its_table(folder):
    """It exists as long as any view of the table does."""
    table = FileTable(folder / "csv", "y").read()
    path, view = table.data, table.with_provenance({})
    del table
    assert view.num_rows == 4
    del view
    assert not path.parent.exists()


def test_a_name_that_looks_like_a_pattern_is_a_name(tmp_path):
    """That holds if a file with this name exists."""
    (tmp_path / "rows[1].csv").write_text("y,x\n0,1\n1,2\n")
    assert FileTable(tmp_path / "rows[1].csv", "y").read().num_rows == 2


@pytest.mark.parametrize("scheme", ["file", "memory"])
def test_packed_text_is_read_as_it_was(folder, scheme):
    """It may be a file, or a folder with some packed files, local or behind a URL."""
    second = folder / "csv" / "1.csv"
    expected = FileTable(folder / "csv", "y").read().fingerprint
    second.with_name("1.csv.gz").write_bytes(gzip.compress(second.read_bytes()))
    second.unlink()
    place = f"file://{folder}/csv"
    if scheme == "memory":
        fsspec.filesystem("memory").put(str(folder / "csv"), "/packed", recursive=True)
        place = "memory://packed"
    assert FileTable(place, "y").read().fingerprint == expected
    assert FileTable(f"{place}/1.csv.gz", "y").read().to_arrow().to_pydict() == PARTS[1]


@pytest.fixture
def partitioned(tmp_path):
    """The two Parquet files in folders as pyarrow writes them, two columns deep."""
    for (year, place), columns in zip([(2023, "Aix"), (2024, "Bois d'=x")], PARTS, strict=True):
        table = pa.table(columns | {"year": [year] * 2, "place": [place] * 2})
        pq.write_to_dataset(table, tmp_path / "rows", partition_cols=["year", "place"])
    (tmp_path / "rows" / "_SUCCESS").write_text("")
    (tmp_path / "rows" / "year=2023" / "_temporary").mkdir()
    (tmp_path / "rows" / "year=2023" / "_temporary" / "0.parquet").write_text("half of it")
    return tmp_path / "rows"


@pytest.mark.parametrize("scheme", ["path", "relative", "memory"])
def test_the_names_of_partitions_are_columns(partitioned, scheme, monkeypatch):
    """They are numbers if all values are numbers, else text, and can have any role."""
    place = partitioned
    if scheme == "relative":
        monkeypatch.chdir(partitioned.parent)
        place = "rows"
    if scheme == "memory":
        fsspec.filesystem("memory").put(str(partitioned), "/partitioned", recursive=True)
        place = "memory://partitioned"
    table = FileTable(place, "y", group="place", features=["x", "year"]).read()
    assert table.to_arrow().to_pydict() == {
        "x": [1.0, 2.0, 2.5, 4.0],
        "y": [0, 1, 1, 0],
        "year": [2023, 2023, 2024, 2024],
        "place": ["Aix", "Aix", "Bois d'=x", "Bois d'=x"],
    }
    assert FileTable(place, "y", exclude=["year", "place"]).read().roles.features == ("x",)


def test_a_folder_with_hexadecimal_digits_in_its_name_is_text(tmp_path):
    """The integer parser of Arrow would read 0x35 as 53."""
    for name, columns in zip(("g=0x35", "g=0x36"), PARTS, strict=True):
        (tmp_path / name).mkdir()
        pq.write_table(pa.table(columns), tmp_path / name / "part.parquet")
    table = FileTable(tmp_path, "y", category=["g"]).read()
    assert set(table.column("g").to_pylist()) == {"0x35", "0x36"}
    with pytest.raises(TableError, match=r"'g' is text because of '0x35'.*with hexadecimal digits"):
        FileTable(tmp_path, "y").read()


def test_a_partition_without_a_value_is_missing(tmp_path):
    """Hive writes such names; a group's name keeps its leading zeros."""
    for name, columns in zip(("g=07", "g=__HIVE_DEFAULT_PARTITION__"), PARTS, strict=True):
        (tmp_path / name).mkdir()
        pq.write_table(pa.table(columns), tmp_path / name / "part.parquet")
    assert FileTable(tmp_path, "y").read().column("g").to_pylist() == [7, 7, None, None]
    with pytest.raises(TableError, match=r"column 'g' has missing values: 2 \(first at row 3\)"):
        FileTable(tmp_path, "y", group="g").read()
    (tmp_path / "g=__HIVE_DEFAULT_PARTITION__").rename(tmp_path / "g=08")
    table = FileTable(tmp_path, "y", group="g").read()
    assert table.column("g").to_pylist() == ["07", "07", "08", "08"]


def test_partitions_that_are_no_table_say_why(partitioned):
    """Other files lie beside them, their columns differ, or the files have such a column too."""
    pq.write_table(pa.table(PARTS[0]), partitioned / "more.parquet")
    with pytest.raises(TableError, match="the folder has files beside folders named column=value"):
        FileTable(partitioned, "y").read()
    (partitioned / "more.parquet").unlink()
    (partitioned / "x=1").mkdir()
    pq.write_table(pa.table(PARTS[0]), partitioned / "x=1" / "0.parquet")
    with pytest.raises(TableError, match="folders name different columns: 'x' and 'year', 'place'"):
        FileTable(partitioned, "y").read()
    alone = partitioned.parent / "alone"
    alone.mkdir()
    (partitioned / "x=1").rename(alone / "x=1")
    with pytest.raises(TableError, match="both in the files and in their folders' names: 'x'"):
        FileTable(alone, "y").read()


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("none/*.csv", "no file matches. Check the pattern."),
        ("*", "some files are Parquet and some are not. Name those you mean."),
        ("", "the folder has both Parquet and text files. Name those you mean, as in folder/*.csv"),
        ("memory://nowhere.csv", "no such file. Check the path."),
        ("nosuch://rows.csv", "the location cannot be opened: Protocol not known: nosuch"),
    ],
)
def test_a_place_without_a_table_says_why(folder, place, message):
    """The message has the place as it was given."""
    for kind in ("parquet", "csv"):
        for file in (folder / kind).iterdir():
            file.rename(folder / file.name)
        (folder / kind).rmdir()
    (folder / "README.md").unlink()
    where = place if "://" in place else f"{folder}/{place}"
    with pytest.raises(TableError) as caught:
        FileTable(where, "y").read()
    assert f"{where}: {message}" in str(caught.value)


def test_files_of_different_tables_are_refused(folder):
    """They have other columns, another order, or types without a common type."""
    (folder / "csv" / "1.csv").write_text("y,z\n0,1\n")
    with pytest.raises(TableError, match=r"1\.csv lacks 'x' of .*0\.csv and has 'z' more"):
        FileTable(folder / "csv", "y").read()
    (folder / "csv" / "1.csv").write_text("x,y\n0,1\n")
    with pytest.raises(TableError, match="another order or another delimiter"):
        FileTable(folder / "csv", "y").read()
    pq.write_table(pa.table({"y": [0], "x": ["a"]}), folder / "parquet" / "1.parquet")
    with pytest.raises(TableError, match=r"column 'x' is int64 in .* and string in .*1\.parquet"):
        FileTable(folder / "parquet", "y").read()


def test_a_type_that_a_later_file_contradicts_is_read_again(folder):
    """It works across all files of a folder as within one file."""
    (folder / "csv" / "1.csv").write_text("y,x\n" + "0,many\n" * 3)
    assert FileTable(folder / "csv", "y").read().column("x").to_pylist() == [
        "1",
        "2",
        *["many"] * 3,
    ]


def test_a_path_outside_the_allowed_root_is_refused(folder, monkeypatch):
    """Links and URLs are refused as well; below the root all works as before."""
    monkeypatch.setenv("LR_PIPELINE_DATA_ROOT", str(folder / "csv"))
    (folder / "csv" / "link.csv").symlink_to(folder / "parquet" / "0.parquet")
    fsspec.filesystem("memory").pipe_file("/outside.csv", b"y,x\n0,1\n")
    for place in (folder / "parquet", folder / "csv" / "link.csv", "memory://outside.csv"):
        with pytest.raises(TableError, match="lies outside the data root"):
            find_files(place)
    (folder / "csv" / "link.csv").unlink()
    assert len(find_files(folder / "csv")) == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_that_may_not_be_read_says_so(folder):
    """The message says that permission is denied."""
    (folder / "csv" / "0.csv").chmod(0)
    with pytest.raises(TableError, match="permission denied"):
        FileTable(folder / "csv" / "0.csv", "y").read()


@pytest.mark.parametrize("name", ["rows.parquet", "rows.csv"])
def test_a_file_of_a_web_server_is_the_file(folder, name):
    """It is read like a file on disk."""
    (folder / "parquet" / "0.parquet").rename(folder / "rows.parquet")
    (folder / "csv" / "0.csv").rename(folder / "rows.csv")
    expected = FileTable(folder / name, "y").read()
    with served(folder) as (address, _):
        found = FileTable(f"{address}/{name}", "y").read()
        with pytest.raises(TableError, match=r"nothing.csv: no such file"):
            FileTable(f"{address}/nothing.csv", "y").read()
    assert found.fingerprint == expected.fingerprint


def test_a_server_that_sends_whole_files_only_is_named(folder, monkeypatch):
    """Parquet is read in parts, and Python's http.server does not send parts."""
    (folder / "parquet" / "0.parquet").rename(folder / "rows.parquet")
    monkeypatch.setattr(PartsOfFiles, "ranges", False)
    message = r"rows.parquet: its server sends whole files only"
    with served(folder) as (address, _), pytest.raises(TableError, match=message):
        FileTable(f"{address}/rows.parquet", "y").read()
