"""The run history in PostgreSQL: every verb, the log stream, two runs at once, a stopped server."""

import asyncio
import os
import queue
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy
from aiohttp import ClientSession
from click.testing import CliRunner

import lr_pipeline
from lr_pipeline.cli.command_line import main
from lr_pipeline.orchestration.instance.catalogue import (
    latest_materialization,
    load_recorded,
    recorded,
)
from lr_pipeline.orchestration.instance.check_results import failed_in_run
from lr_pipeline.orchestration.instance.history_database import DATABASE, database_problem
from lr_pipeline.orchestration.instance.home import initialise_home
from lr_pipeline.orchestration.instance.home_lock import one_process_at_a_time
from lr_pipeline.orchestration.instance.pruning import carry_out, plan_prune
from lr_pipeline.orchestration.instance.run_archive import removed_looks, whole_history
from tests.orchestration.instance.test_pruning import CHAMPION, LEAST, NIGHTS, run_night
from tests.postgres_server import PostgresServer

pytestmark = pytest.mark.postgres

SPECTOR = Path(__file__).parents[1] / "data" / "samples" / "spector.csv"
PASSWORD = "correct-horse"
SECONDS = 120


@pytest.fixture
def new_home(postgres_server: PostgresServer, tmp_path: Path, monkeypatch) -> Path:
    """A home whose history is in a database of its own; the verbs run in the folder above it."""
    url = postgres_server.new_database(f"test_{os.urandom(4).hex()}")
    monkeypatch.setenv(DATABASE, url.replace("tester@", f"tester:{PASSWORD}@"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    return initialise_home(tmp_path / "home")


@pytest.fixture
def opened(new_home: Path) -> Iterator[dg.DagsterInstance]:
    """The instance of that home."""
    with dg.DagsterInstance.from_config(str(new_home)) as instance:
        yield instance


def command(home: Path, *arguments: object) -> subprocess.Popen:
    """Start lr-pipeline in a process of its own, in the folder of the home."""
    program = "import sys; from lr_pipeline.cli.command_line import main; sys.exit(main())"
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=home.parent,
        env=os.environ | {"COLUMNS": "200", "PYTHONPATH": str(Path(__file__).parents[1])},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ended(process: subprocess.Popen) -> str:
    """Wait for a command, which must succeed, and return what it printed."""
    output, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, output
    return output


def verb(*arguments: object) -> str:
    """Run a command in this process, which must succeed, and return what it printed."""
    result = CliRunner().invoke(main, [str(part) for part in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def train(home: Path, name: str = "spector") -> subprocess.Popen:
    """Start a run on spector's 32 students."""
    return command(home, "run", SPECTOR, "--target", "GRADE", "--name", name)


def read_until(process: subprocess.Popen, word: str) -> None:
    """Read what a command prints until a line has the word."""
    assert any(word in line for line in process.stdout)


def statuses(instance: dg.DagsterInstance) -> list[str]:
    """The status of each run, the oldest first."""
    return [run.status.value for run in reversed(instance.get_runs())]


def require_sound_artifacts(instance: dg.DagsterInstance) -> int:
    """Load every artifact that was ever recorded, verified; return how many there are."""
    events = [
        (key, record.event_log_entry)
        for key in instance.get_asset_keys()
        for record in instance.fetch_materializations(key, limit=100).records
    ]
    for key, entry in events:
        load_recorded(key, entry)
    return len(events)


@pytest.mark.promise("Files of yours", "The password of the database is in no file.")
def test_every_verb_works_and_no_file_has_the_password(new_home, tmp_path, monkeypatch):
    """The history is in the database alone; what SQLite would have kept is not in the home."""
    monkeypatch.chdir(tmp_path)

    verb("run", SPECTOR, "--target", "GRADE")
    verb("champion", "spector", "--promote", "latest", "--because", "a textbook's")
    assert "a textbook's" in verb("champion", "spector", "--history")
    assert "report.html" in verb("report", "spector")
    verb("predict", SPECTOR, "--model", "spector", "--output", "scores.csv")
    assert len(Path("scores.csv").read_text().splitlines()) == 33
    assert "No drift" in verb("drift", "spector", SPECTOR)
    verb("replay", "spector")
    verb("export", "spector", "--to", "json", "--output", "model.json")
    assert lr_pipeline.load("spector/numpy_model").converged
    with dg.DagsterInstance.from_config(str(new_home)) as instance:
        assert statuses(instance) == ["SUCCESS", "SUCCESS"]  # run and drift
        require_sound_artifacts(instance)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if path.suffix == ".db"]
    assert not [path for path in files if PASSWORD.encode() in path.read_bytes()]


def new_run(instance: dg.DagsterInstance) -> dg.DagsterRun:
    """Create a run that nothing executes."""

    @dg.job
    def nothing() -> None:
        pass

    return instance.create_run_for_job(nothing)


def test_the_log_is_streamed_while_a_run_goes_on(opened):
    """Whoever watches a run gets each of its events once, in order, as the web UI does."""
    told: queue.Queue = queue.Queue()
    run = new_run(opened)
    opened.watch_event_logs(run.run_id, None, lambda event, _cursor: told.put(event.message))
    for number in range(20):
        opened.report_engine_event(f"event {number}", run)
    assert [told.get(timeout=20) for _ in range(20)] == [f"event {k}" for k in range(20)]


SUBSCRIPTION = """subscription Logs($run: ID!) { pipelineRunLogs(runId: $run) {
  ... on PipelineRunLogsSubscriptionSuccess { messages { ... on MessageEvent { message } } }
} }"""


@pytest.fixture
def web_server(new_home: Path) -> Iterator[str]:
    """The address of a web server of that home that answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    options = ["-h", "127.0.0.1", "-p", port, "--empty-workspace"]
    server = subprocess.Popen(
        [sys.executable, "-m", "dagster_webserver", *options],
        cwd=new_home.parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    latest = time.monotonic() + SECONDS
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", int(port)), 1).close()
                break
            except OSError:
                assert server.poll() is None
                assert time.monotonic() < latest
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/graphql"
    finally:
        server.terminate()
        server.wait(30)


def test_the_web_ui_is_told_of_a_run_that_goes_on(opened, web_server):
    """A page that subscribed has the events of before, and gets the later ones."""
    run = new_run(opened)
    opened.report_engine_event("before", run)

    async def messages() -> list[str]:
        found: list[str] = []
        asked = {"query": SUBSCRIPTION, "variables": {"run": run.run_id}}
        async with (
            ClientSession() as session,
            session.ws_connect(web_server, protocols=["graphql-ws"]) as page,
        ):
            await page.send_json({"type": "connection_init"})
            await page.send_json({"type": "start", "id": "1", "payload": asked})
            while "after" not in found:
                reply = await page.receive_json(timeout=60)
                if reply["type"] == "data":
                    logs = reply["payload"]["data"]["pipelineRunLogs"]
                    found += [one["message"] for one in logs["messages"]]
                    if found == ["before"]:
                        opened.report_engine_event("after", run)
        return found

    assert asyncio.run(messages()) == ["before", "after"]


def test_a_server_that_is_started_again_within_seconds_is_waited_for(
    new_home, opened, postgres_server
):
    """The run goes on where it was, if no query was cut."""
    process = train(new_home)
    read_until(process, "spector/train_set")
    postgres_server.stop("smart")
    postgres_server.start()
    assert "does not answer yet" in ended(process)
    assert statuses(opened) == ["SUCCESS"]


@pytest.mark.promise(
    "Runs", "A database that stops in a run ends it with one line, and nothing is torn."
)
def test_a_server_that_stays_away_ends_the_run_with_one_line(new_home, opened, postgres_server):
    """The next run marks the lost one as failed and succeeds; every recorded artifact is sound."""
    process = train(new_home)
    read_until(process, "spector/train_set")
    postgres_server.stop()
    try:
        output, _ = process.communicate(timeout=SECONDS)
        said = ended_with_one_line(command(new_home, "report", "spector"))
    finally:
        postgres_server.start()
    assert process.returncode == 1
    assert "Traceback" not in output + said
    for text in (output, said):
        assert text.splitlines()[-1].startswith("error: the database of the run history does not")
        assert PASSWORD not in text
    stored = require_sound_artifacts(opened)
    assert statuses(opened) == ["STARTED"]
    ended(train(new_home))
    assert statuses(opened) == ["FAILURE", "SUCCESS"]
    assert require_sound_artifacts(opened) > stored


def ended_with_one_line(process: subprocess.Popen) -> str:
    """Wait for a command that must fail, and return what it printed."""
    output, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 1, output
    return output


@pytest.mark.promise("Runs", "Runs at once on PostgreSQL do not mix.")
def test_runs_at_once_on_a_new_database_do_not_mix(new_home, opened):
    """Two of one table, of which one waits, and one of another: each makes all of its assets."""
    tables = ["spector", "spector", "other"]
    for process in [train(new_home, name) for name in tables]:
        ended(process)
    assert statuses(opened) == ["SUCCESS"] * 3
    for name in set(tables):
        makers = [
            {one.run_id for one in opened.fetch_materializations(key, limit=10).records}
            for key in (dg.AssetKey([name, "train_set"]), dg.AssetKey([name, "numpy_model"]))
        ]
        assert makers[0] == makers[1]
        assert len(makers[0]) == tables.count(name)
    assert require_sound_artifacts(opened) == 3 * 11


def test_one_process_at_a_time_rules_on_a_champion(opened, new_home):
    """The lock is the database's, so that it holds between machines, too."""
    taken = threading.Event()

    def wait() -> None:
        with (
            dg.DagsterInstance.from_config(str(new_home)) as other,
            one_process_at_a_time(other, "spector.champion"),
        ):
            taken.set()

    waiting = threading.Thread(target=wait)
    with one_process_at_a_time(opened, "spector.champion"):
        with one_process_at_a_time(opened, "another.champion"):
            waiting.start()
        with (
            dg.DagsterInstance.from_config(str(new_home)) as other,
            one_process_at_a_time(other, "spector.champion", wait=False) as held,
        ):
            assert not held
        assert not taken.wait(2)
    assert taken.wait(20)
    waiting.join()


def test_an_error_of_the_database_is_recognised(opened, postgres_server: PostgresServer):
    """Dagster gives up after some seconds with an error of its own, which has the driver's."""
    postgres_server.stop()
    try:
        with pytest.raises(Exception, match="too many retries") as caught:
            opened.get_runs()
    finally:
        postgres_server.start()
    said = database_problem(caught.value)
    assert said is not None
    assert "Connection refused" in said
    assert "\n" not in said


def nights(instance: dg.DagsterInstance, root: Path) -> list[str]:
    """Six nights of a table, of which the second put its model in use; return the runs' ids."""
    runs = [""]
    for night in range(NIGHTS):
        runs.append(run_night(instance, root, night, runs[-1]))
    return runs[1:]


def runs_in_tables(instance: dg.DagsterInstance) -> dict[str, set[str]]:
    """Table of the database → the runs whose rows it holds."""
    with instance.run_storage.connect() as connection:
        named = "SELECT table_name FROM information_schema.columns WHERE column_name = 'run_id'"
        tables = connection.execute(sqlalchemy.text(named)).scalars().all()
        return {
            table: set(connection.execute(sqlalchemy.text(f"SELECT run_id FROM {table}")).scalars())
            - {None}
            for table in tables
        }


def test_what_is_pruned_is_gone_from_every_table_and_what_stays_loads(new_home, opened, tmp_path):
    """The run that promoted, the last, and those that their reports name stay of six."""
    runs = nights(opened, tmp_path / "artifacts")
    before = whole_history(opened, CHAMPION)
    assert "2 runs, 7 artifacts removed" in verb("prune", "--keep-days", 0, "--keep-runs", 1)
    kept = {runs[0], runs[1], runs[4], runs[5]}
    held = {table: found for table, found in runs_in_tables(opened).items() if found}
    assert {"runs", "run_tags", "event_logs", "asset_check_executions"} <= set(held)
    assert held == dict.fromkeys(held, kept)
    assert {path.name for path in (new_home / "storage").glob("*-*")} <= kept
    assert require_sound_artifacts(opened) == 4 * 4
    assert len(list((tmp_path / "artifacts/t/dataset").iterdir())) == 4
    after = whole_history(opened, CHAMPION)
    assert {one.ruling.challenger for one in after} == {one.ruling.challenger for one in before}
    assert removed_looks(opened, "rows") == 2
    assert verb("prune", "--keep-days", 0, "--keep-runs", 1).startswith("nothing removed")


def test_a_prune_whose_database_stops_is_finished_by_the_next(
    new_home, opened, tmp_path, postgres_server
):
    """One line says so; what was removed by then is gone, and all that stays is whole."""
    nights(opened, tmp_path / "artifacts")
    plan = plan_prune(opened, LEAST)
    (first, *_) = [one for one in plan.removals if one.run]
    carry_out(opened, replace(plan, removals=(*plan.removals[:3], first)))
    postgres_server.stop()
    try:
        said = ended_with_one_line(command(new_home, "prune", "--keep-days", 0, "--keep-runs", 1))
    finally:
        postgres_server.start()
    assert "Traceback" not in said
    assert said.splitlines()[-1].startswith("error: the database of the run history does not")
    carry_out(opened, plan_prune(opened, LEAST))
    assert require_sound_artifacts(opened) == 4 * 4
    assert removed_looks(opened, "rows") == 2
    assert plan_prune(opened, LEAST).removals == ()


@pytest.mark.promise("Runs", "A history that is copied from SQLite to PostgreSQL is the same.")
def test_a_home_moves_from_sqlite(postgres_server, tmp_path, monkeypatch):
    """Champion, reports, checks, latest versions, tags and schedules are what they were."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(DATABASE, raising=False)
    verb("run", SPECTOR, "--target", "GRADE", "--home", "old")
    promotion = ["--promote", "latest", "--because", "a textbook's"]
    verb("champion", "spector", *promotion, "--home", "old")
    verb("drift", "spector", SPECTOR, "--home", "old")
    url = postgres_server.new_database("moved")
    monkeypatch.setenv(DATABASE, url)
    said = verb("init", "--home", "new", "--history-from", "old")
    assert "2 runs copied from old" in said

    monkeypatch.delenv(DATABASE)
    before = told_of("old")
    monkeypatch.setenv(DATABASE, url)
    assert told_of("new") == before
    again = CliRunner().invoke(main, ["init", "--home", "new", "--history-from", "old"])
    assert again.exit_code == 1
    assert "expected an empty history" in again.output
    verb("drift", "spector", SPECTOR, "--home", "new")
    with dg.DagsterInstance.from_config(str(tmp_path / "new")) as instance:
        assert statuses(instance) == ["SUCCESS"] * 3
        ids = [record.storage_id for record in instance.get_run_records()]
        assert ids == sorted(set(ids), reverse=True)


def told_of(home: str) -> dict[str, object]:
    """What a home says of its history, without the numbers of its database."""
    with dg.DagsterInstance.from_config(str(Path(home).absolute())) as instance:
        runs = instance.get_runs()
        keys = sorted(instance.get_asset_keys())
        latest = {key: latest_materialization(instance, key) for key in keys}
        return {
            "runs": [(run.run_id, run.status, run.tags, run.job_snapshot_id) for run in runs],
            "graphs": [instance.get_job_snapshot(run.job_snapshot_id) for run in runs],
            "logs": [[one.message for one in instance.all_logs(run.run_id)] for run in runs],
            "latest": {key: recorded(entry, "path") for key, entry in latest.items()},
            "checks": [failed_in_run(instance, run.run_id) for run in runs],
            "champion": verb("champion", "spector", "--history", "--home", home),
            "report": verb("report", "spector", "--home", home),
        }
