"""A look tells whether a source has the content of an earlier reading."""

import hashlib
import os
import sqlite3
import time
from pathlib import Path

import pytest

from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.sources.declared_tables import FileTable, SqlTable, SyntheticTable
from lr_pipeline.tables.sources.source_look import look_at
from tests.http_files import served

TEXT = "x,y\n1,0\n2,1\n3,0\n4,1\n"
LONG_AGO = 1_000_000_000


def written(path: Path, text: str = TEXT, at: float = LONG_AGO) -> FileTable:
    """Return the table of a file that was written long ago."""
    path.write_text(text)
    os.utime(path, (at, at))
    return FileTable(path, "y")


def test_content_is_the_files_sha256(tmp_path) -> None:
    """It is what sha256sum prints, so that a person can compare it."""
    table = written(tmp_path / "a.csv")
    digest = hashlib.sha256(TEXT.encode()).hexdigest()
    assert look_at(table).content() == f"sha256:{digest}"


def test_the_content_of_a_reading_is_that_of_the_look(tmp_path) -> None:
    """What a run records is what a later tick finds, without the file being read twice."""
    table = written(tmp_path / "a.csv", TEXT + "1,0\n2,1\n" * 5)
    look = look_at(table)
    assert look.content_of_reading(table.read()) == look_at(table).content()


def test_the_state_is_the_same_while_nothing_is_written(tmp_path, settled) -> None:
    """Then no file is read."""
    table = written(tmp_path / "a.csv")
    first, second = look_at(table), look_at(table)
    assert first.proof is not None
    assert first.proof == second.proof


@pytest.mark.parametrize("text", [TEXT, TEXT.replace("4", "5"), TEXT + "5,1\n"])
def test_another_file_has_another_state_whatever_it_says_of_its_time(
    tmp_path, settled, text
) -> None:
    """The time of writing can be put back, the time of change cannot."""
    table = written(tmp_path / "a.csv")
    before = look_at(table)
    content = before.content()
    time.sleep(0.02)
    written(tmp_path / "a.csv", text)
    after = look_at(table)
    assert before.state != after.state
    assert (content == after.content()) == (text == TEXT)


def test_a_file_written_just_before_the_look_proves_nothing(tmp_path) -> None:
    """A file system's clock may stand still while more is written."""
    path = tmp_path / "a.csv"
    path.write_text(TEXT)
    look = look_at(FileTable(path, "y"))
    assert look.young
    assert look.proof is None
    assert look.content() is not None


def test_a_file_that_comes_to_a_folder_is_another_content(tmp_path, settled) -> None:
    """Names count, not only sizes and times."""
    written(tmp_path / "a.csv")
    folder = FileTable(tmp_path, "y")
    before = look_at(folder)
    content = before.content()
    written(tmp_path / "b.csv")
    after = look_at(folder)
    assert before.state != after.state
    assert content != after.content()


def test_a_server_that_sends_sizes_alone_does_not_tell(tmp_path) -> None:
    """A file of the same size may be another one."""
    (tmp_path / "a.csv").write_text(TEXT)
    with served(tmp_path) as (address, _):
        look = look_at(FileTable(f"{address}/a.csv", "y"))
        assert look.state is None
        assert look.content() is None


def test_a_file_behind_a_url_has_the_version_that_its_server_sends() -> None:
    """Nothing of it is read: fsspec's file system in memory tells when it was created."""
    from fsspec.implementations.memory import MemoryFileSystem

    files, table = MemoryFileSystem(), FileTable("memory://watched/a.csv", "y")
    files.pipe("/watched/a.csv", TEXT.encode())
    first = look_at(table).content()
    assert first.startswith("version:")
    assert look_at(table).content() == first
    files.pipe("/watched/a.csv", TEXT.encode())
    assert look_at(table).content() != first


def test_a_missing_file_is_an_error_that_names_it(tmp_path) -> None:
    """The message is that of a reading."""
    with pytest.raises(TableError, match=r"gone\.csv"):
        look_at(FileTable(tmp_path / "gone.csv", "y"))


@pytest.fixture
def database(tmp_path) -> str:
    """Two customers in SQLite."""
    path = tmp_path / "rows.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE customers (x INTEGER, y INTEGER, day INTEGER)")
        connection.execute("INSERT INTO customers VALUES (1, 0, 1), (2, 1, 1)")
    connection.close()
    return str(path)


def change(database: str, statement: str) -> None:
    """Execute a statement and commit."""
    with sqlite3.connect(database) as connection:
        connection.execute(statement)
    connection.close()


QUERY = "SELECT x, y FROM customers"


def test_a_query_is_known_by_the_answer_of_its_version_query(database) -> None:
    """It sees what it selects, and no more: an update that sets no day goes unseen."""
    version = "SELECT count(*), max(day) FROM customers"
    table = SqlTable(f"sqlite:///{database}", QUERY, "y", version_query=version)
    first = look_at(table).content()
    change(database, "UPDATE customers SET x = 7")
    assert look_at(table).content() == first
    change(database, "UPDATE customers SET x = 7, day = 2")
    second = look_at(table).content()
    assert second != first
    change(database, "UPDATE customers SET day = 1")
    assert look_at(table).content() == first


def test_a_query_without_a_version_query_is_not_known(database) -> None:
    """Whether its rows changed would have to be found by reading them."""
    look = look_at(SqlTable(f"sqlite:///{database}", QUERY, "y"))
    assert look.state is None
    assert look.content() is None


def test_a_version_query_that_fails_is_named(database) -> None:
    """A person looks for the fault in the right query."""
    table = SqlTable(f"sqlite:///{database}", QUERY, "y", version_query="SELECT count(*) FROM t")
    with pytest.raises(TableError, match=r"\(version_query\).*no such table"):
        look_at(table).content()


def test_a_declaration_has_its_version_query_only_where_there_is_one() -> None:
    """Declarations that are stored stay as they are."""
    plain = SqlTable("env:DB", QUERY, "y")
    assert "version_query" not in plain.to_dict()
    asked = SqlTable("env:DB", QUERY, "y", version_query="SELECT 1")
    assert asked.to_dict()["version_query"] == "SELECT 1"


def test_a_generated_table_never_changes() -> None:
    """Its declaration says all of it."""
    assert look_at(SyntheticTable()).proof == look_at(SyntheticTable()).proof
