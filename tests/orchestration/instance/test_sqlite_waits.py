"""SQLite's write-ahead logs are kept during a run, flushed at its end, and survive a kill."""

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from lr_pipeline.orchestration.instance.sqlite_waits import fewer_disk_waits

SYNCHRONOUS = {1: "NORMAL", 2: "FULL"}
KILLED = """
import os, signal, sys
from tests.orchestration.instance.test_sqlite_waits import insert
from lr_pipeline.orchestration.instance.sqlite_waits import fewer_disk_waits
with fewer_disk_waits():
    for number in range(3):
        insert(sys.argv[1], number)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def insert(file: Path | str, number: int) -> str:
    """Insert a number as Dagster does, by a connection of its own; return its synchronous mode."""
    engine = sa.create_engine(f"sqlite:///{file}", poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO numbers VALUES (:number)"), {"number": number})
        return SYNCHRONOUS[connection.execute(sa.text("PRAGMA synchronous")).scalar_one()]


def numbers(file: Path) -> list[int]:
    """Read the numbers by sqlite3 alone."""
    connection = sqlite3.connect(file)
    found = [number for (number,) in connection.execute("SELECT * FROM numbers")]
    connection.close()
    return found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a database with a write-ahead log and an empty table."""
    connection = sqlite3.connect(tmp_path / "numbers.db")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE numbers (number INTEGER)")
    connection.close()
    return tmp_path / "numbers.db"


def test_the_log_is_kept_between_connections_until_the_end(file: Path) -> None:
    """Outside the block, each connection that closes as the last one deletes it."""
    log = file.with_name("numbers.db-wal")
    assert insert(file, 1) == "FULL"
    assert not log.exists()
    with fewer_disk_waits():
        assert insert(file, 2) == "NORMAL"
        assert log.exists()
        assert insert(file, 3) == "NORMAL"
    assert not log.exists()
    assert insert(file, 4) == "FULL"
    assert numbers(file) == [1, 2, 3, 4]


def test_the_end_flushes_a_log_that_another_process_keeps_open(file: Path) -> None:
    """The web UI may have the database open; its file holds everything all the same."""
    other = sqlite3.connect(file)
    other.execute("SELECT * FROM numbers").fetchall()
    with fewer_disk_waits():
        insert(file, 7)
        assert numbers_of_copy(file) == []
    assert numbers_of_copy(file) == [7]
    other.close()


def numbers_of_copy(file: Path) -> list[int]:
    """Read the numbers of the database's file without its log."""
    copy = file.with_name("copy.db")
    copy.write_bytes(file.read_bytes())
    return numbers(copy)


@pytest.mark.promise(
    "Runs",
    "A process that is killed loses nothing of the history that was committed.",
)
def test_a_killed_process_loses_nothing_that_was_committed(file: Path) -> None:
    """The log is in the file system; the next connection reads it."""
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", KILLED, str(file)]
    ended = subprocess.run(command, cwd=root, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert numbers(file) == [0, 1, 2]


def test_databases_without_a_log_and_in_memory_are_left_alone(tmp_path: Path) -> None:
    """A database in rollback mode is used as before, and no file appears."""
    engine = sa.create_engine("sqlite://")
    with fewer_disk_waits(), engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE numbers (number INTEGER)"))
    with fewer_disk_waits():
        engine.dispose()
    plain = sa.create_engine(f"sqlite:///{tmp_path / 'plain.db'}", poolclass=NullPool)
    with fewer_disk_waits(), plain.begin() as connection:
        connection.execute(sa.text("CREATE TABLE numbers (number INTEGER)"))
    assert [path.name for path in tmp_path.iterdir()] == ["plain.db"]
