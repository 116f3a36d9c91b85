"""The sensor on a table's source: what it does at each look, from cursor to cursor."""

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from lr_pipeline.orchestration.automation import sensors
from lr_pipeline.orchestration.automation.sensors import watch_source
from lr_pipeline.orchestration.automation.training_decision import INPUTS_TAG, Decision
from lr_pipeline.orchestration.pipeline import build_definitions
from lr_pipeline.orchestration.table_names import TableNames
from lr_pipeline.tables.sources.declared_tables import (
    FileTable,
    SqlTable,
    SyntheticTable,
    TableSource,
)

FIRST, SECOND = "x,y\n1,0\n2,1\n", "x,y\n1,0\n2,1\n3,1\n"
SETTLES = "skipped: its files are new or were written"


class Watched:
    """A table whose sensor is asked again and again; ``asked`` counts its requests."""

    def __init__(self, source: TableSource, asked: list[str]) -> None:
        self.source, self.asked, self.cursor = source, asked, None
        sensor = watch_source(source, names=TableNames("t"))
        assert sensor is not None
        self.sensor = sensor
        self.repository = build_definitions(source, "t").get_repository_def()

    def look(self) -> str:
        """Return why nothing was requested; "run" if a run was."""
        with dg.build_sensor_context(
            cursor=self.cursor, repository_def=self.repository, instance=INSTANCE
        ) as context:
            found = self.sensor.evaluate_tick(context)
        self.cursor = found.cursor
        if found.skip_message:
            return found.skip_message
        (request,) = found.run_requests
        assert request.run_key is None
        return "run"


INSTANCE = dg.DagsterInstance.ephemeral()


@pytest.fixture
def asked(monkeypatch, settled) -> Iterator[list[str]]:
    """Whoever asks whether the last training was of the same gets the answer that it was not."""
    found: list[str] = []

    def decide(_instance, _job, _names, _source, look) -> Decision:
        found.append(look.content())
        return Decision(True, "the data changed", "tag")

    monkeypatch.setattr(sensors, "decide_training", decide)
    yield found


def write(path: Path, text: str) -> None:
    """Replace a file's content; its inode is another."""
    other = path.with_suffix(".new")
    other.write_text(text)
    other.rename(path)


@pytest.mark.promise(
    "Automation", "The sensor starts no run on a file that is still being written."
)
def test_a_change_starts_a_run_once_two_looks_agree(asked, tmp_path) -> None:
    """No file is read while it is written."""
    path = tmp_path / "a.csv"
    write(path, FIRST)
    watched = Watched(FileTable(path, "y"), asked)
    assert watched.look().startswith(SETTLES)
    assert watched.look() == "run"
    assert watched.look() == "skipped: unchanged since the last look"
    write(path, SECOND)
    assert watched.look().startswith(SETTLES)
    write(path, SECOND + "4,1\n")  # still being written
    assert watched.look().startswith(SETTLES)
    assert watched.look() == "run"
    assert watched.look() == "skipped: unchanged since the last look"


def test_a_return_to_earlier_content_is_a_change_again(asked, tmp_path) -> None:
    """Nothing that was seen once is suppressed for ever."""
    path = tmp_path / "a.csv"
    write(path, FIRST)
    watched = Watched(FileTable(path, "y"), asked)
    outcomes = []
    for text in (FIRST, SECOND, FIRST, SECOND):
        write(path, text)
        outcomes += [watched.look(), watched.look()]
    assert outcomes.count("run") == 4
    assert asked[0] == asked[2] != asked[1] == asked[3]


def test_the_same_content_written_again_starts_nothing(asked, tmp_path) -> None:
    """Its hash is that of the cursor."""
    path = tmp_path / "a.csv"
    write(path, FIRST)
    watched = Watched(FileTable(path, "y"), asked)
    assert [watched.look(), watched.look()][1] == "run"
    write(path, FIRST)
    assert watched.look().startswith(SETTLES)
    assert watched.look() == "skipped: it was written again with the same content"
    assert watched.look() == "skipped: unchanged since the last look"
    assert len(asked) == 1


def test_an_unchanged_file_is_not_read(asked, tmp_path, monkeypatch) -> None:
    """A look costs what its size and times cost."""
    path = tmp_path / "a.csv"
    write(path, FIRST)
    watched = Watched(FileTable(path, "y"), asked)
    watched.look(), watched.look()
    monkeypatch.setattr(
        "lr_pipeline.tables.files.file_watch.FileWatch.sha256",
        lambda _watch: pytest.fail("the file is read"),
    )
    assert watched.look() == "skipped: unchanged since the last look"


def test_a_file_that_is_gone_is_said_at_each_look_and_waited_for(asked, tmp_path) -> None:
    """The cursor stays: the same file coming back is no change."""
    path = tmp_path / "a.csv"
    write(path, FIRST)
    watched = Watched(FileTable(path, "y"), asked)
    watched.look(), watched.look()
    away = path.rename(tmp_path / "away")
    assert watched.look().startswith("skipped: the source cannot be looked at:")
    assert "a.csv" in watched.look()
    away.rename(path)
    assert watched.look() != "run"
    assert watched.look() != "run"


def test_a_file_that_was_just_written_is_waited_for(asked, tmp_path, monkeypatch) -> None:
    """Its times would not show what is written within the same tick of the clock."""
    path = tmp_path / "a.csv"
    write(path, FIRST)
    watched = Watched(FileTable(path, "y"), asked)
    now = [path.stat().st_ctime_ns + 1_900_000_000]
    monkeypatch.setattr(time, "time_ns", lambda: now[0])
    assert {watched.look() for _ in range(3)} == {watched.look()}
    assert not asked
    now[0] += 100_000_000
    assert watched.look() == "run"


def test_what_is_trained_already_is_left_alone(settled, tmp_path, monkeypatch) -> None:
    """It requests no run on its first look, or after a person or the schedule was faster."""
    same = Decision(False, "the data are those of run 12345678")
    monkeypatch.setattr(sensors, "decide_training", lambda *_: same)
    path = tmp_path / "a.csv"
    write(path, FIRST)
    watched = Watched(FileTable(path, "y"), [])
    watched.look()
    assert watched.look() == "skipped: the data are those of run 12345678"
    assert watched.look() == "skipped: unchanged since the last look"


def test_a_query_is_watched_by_its_version_query(asked, tmp_path) -> None:
    """Its answer is settled at once: a transaction is there or not."""
    path = tmp_path / "rows.db"

    def execute(statement: str) -> None:
        with sqlite3.connect(path) as connection:
            connection.execute(statement)
        connection.close()

    execute("CREATE TABLE t (x INTEGER, y INTEGER)")
    source = SqlTable(
        f"sqlite:///{path}", "SELECT x, y FROM t", "y", version_query="SELECT count(*) FROM t"
    )
    watched = Watched(source, asked)
    assert watched.look() == "run"
    assert watched.look() == "skipped: unchanged since the last look"
    execute("INSERT INTO t VALUES (1, 0)")
    assert watched.look() == "run"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (SyntheticTable(), "never changes"),
        (SqlTable("env:DB", "SELECT 1", "y"), "expected a version_query, found none"),
    ],
    ids=["generated", "query"],
)
def test_what_cannot_be_watched_has_no_sensor(source, said) -> None:
    """Asking for one is an error that says what to do."""
    assert not list(build_definitions(source).sensors)
    with pytest.raises(ValueError, match=said):
        build_definitions(source, watch=True)


def test_the_sensor_is_off_unless_it_is_asked_for(tmp_path) -> None:
    """It can be switched on in the web UI."""
    table = FileTable(tmp_path / "a.csv", "y")
    for watch, status in ((False, "STOPPED"), (True, "RUNNING")):
        (sensor,) = build_definitions(table, "t", watch=watch).sensors
        assert sensor.default_status.value == status
        assert sensor.name == "t__source_sensor"
        assert sensor.job_name == "t__training_job"


def test_a_request_carries_why_and_of_what() -> None:
    """The run's page shows it; settings are those of the declaration."""
    found = Decision(True, "the data changed since run 1", "tag").result()
    assert found.tags == {"lr_pipeline/because": "the data changed since run 1", INPUTS_TAG: "tag"}
    assert found.run_config == {}
