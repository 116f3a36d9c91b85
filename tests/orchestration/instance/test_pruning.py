"""Pruning a real instance: what goes is gone without a trace, and what stays still loads."""

import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner

from lr_pipeline.cli.command_line import main
from lr_pipeline.lifecycle.challenge import Challenge, Policy
from lr_pipeline.lifecycle.model_in_use import Record, Ruling
from lr_pipeline.orchestration.instance.catalogue import load, load_recorded
from lr_pipeline.orchestration.instance.io_manager import ArtifactIOManager
from lr_pipeline.orchestration.instance.pruning import (
    PrunePlan,
    carry_out,
    plan_prune,
    size_text,
)
from lr_pipeline.orchestration.instance.retention import RetentionPolicy
from lr_pipeline.orchestration.instance.rulings import champion_key
from lr_pipeline.orchestration.instance.run_archive import (
    TEST_ROWS_TAG,
    removed_looks,
    whole_history,
)
from lr_pipeline.orchestration.instance.sqlite_waits import fewer_disk_waits
from lr_pipeline.orchestration.metadata.champion_metadata import champion_metadata
from lr_pipeline.report.render import Report
from lr_pipeline.storage.artifacts import version_name
from tests.homes import ready_home

LEAST = RetentionPolicy(keep_days=0.0, keep_runs=1)
NIGHTS, PROMOTED = 6, 1
CHAMPION = champion_key(["t"])


def record_of(night: int) -> Record:
    """The ruling of a night: a model is promoted once, later ones are tested and stay out."""
    challenge = Challenge("kept", "a", Policy(), ("said",), p_value=0.4, level=0.05)
    version, replaced = (one if night > when else None for one, when in (("a", 0), ("a", 1)))
    ruling = Ruling(
        "tested",
        "ada",
        f"2031-01-0{night + 1}",
        "why",
        0.0,
        f"c{night}",
        replaced,
        test_fingerprint="rows",
        challenge=challenge,
    )
    return Record(version, ruling)


def run_night(instance: dg.DagsterInstance, root: Path, night: int, earlier: str) -> str:
    """A run like those of a table: data, model, check, report and ruling; return its id."""

    @dg.asset(key=["t", "dataset"])
    def dataset() -> dict:
        return {"rows": night}

    @dg.asset(key=["t", "numpy_model"], ins={"dataset": dg.AssetIn(["t", "dataset"])})
    def numpy_model(dataset: dict) -> dict:
        return {"coefficient": dataset["rows"] // 2}

    @dg.asset_check(asset=numpy_model)
    def converged() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=True)

    @dg.asset(key=["t", "evaluation_report"], ins={"model": dg.AssetIn(["t", "numpy_model"])})
    def evaluation_report(model: dict) -> Report:
        return Report("<p>", {"run": {"since": {"run": earlier}}, "model": model})

    @dg.asset(key=CHAMPION, ins={"model": dg.AssetIn(["t", "numpy_model"])})
    def champion(model: dict) -> dg.MaterializeResult:
        return dg.MaterializeResult(
            value={"night": night}, metadata=champion_metadata(record_of(night))
        )

    result = dg.materialize(
        [dataset, numpy_model, evaluation_report, champion, converged],
        instance=instance,
        resources={"io_manager": ArtifactIOManager(root=str(root))},
        tags={TEST_ROWS_TAG: "rows", "lr_pipeline/table": "t"},
    )
    return result.run_id


@pytest.fixture(scope="module")
def nights(tmp_path_factory) -> tuple[Path, list[str]]:
    """A folder with a home and artifacts of six nights, and the runs' ids."""
    folder = tmp_path_factory.mktemp("nights")
    ready_home(folder / "home")
    runs = [""]
    with fewer_disk_waits(), dg.DagsterInstance.from_config(str(folder / "home")) as instance:
        for night in range(NIGHTS):
            runs.append(run_night(instance, folder / "artifacts", night, runs[-1]))
    shutil.copytree(folder, folder.parent / "saved")
    return folder, runs[1:]


@pytest.fixture
def place(
    nights: tuple[Path, list[str]], tmp_path: Path, monkeypatch
) -> Iterator[tuple[Path, list[str]]]:
    """The same for one test."""
    folder, runs = nights
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    shutil.rmtree(folder)
    shutil.copytree(folder.parent / "saved", folder)
    yield folder, runs


@pytest.fixture
def opened(place: tuple[Path, list[str]]) -> Iterator[dg.DagsterInstance]:
    """Its instance."""
    with dg.DagsterInstance.from_config(str(place[0] / "home")) as instance:
        yield instance


def require_that_all_loads(instance: dg.DagsterInstance, expected: int) -> None:
    """Every materialization that is left gives what it recorded, verified."""
    loaded = 0
    for key in instance.get_asset_keys():
        for record in instance.fetch_materializations(key, limit=100).records:
            load_recorded(key, record.event_log_entry)
            loaded += 1
    assert loaded == expected


def rows_of(path: Path, table: str, run: str) -> int:
    """How many rows of a table are of a run."""
    with closing(sqlite3.connect(path)) as connection:
        query = f"SELECT count(*) FROM {table} WHERE run_id = ?"
        return connection.execute(query, (run,)).fetchone()[0]


def test_what_goes_is_gone_without_a_trace_and_all_that_stays_loads(place, opened) -> None:
    """The run that promoted, the last, and those that their reports name stay of six."""
    folder, runs = place
    plan = plan_prune(opened, LEAST)
    carry_out(opened, plan)
    kept = [runs[0], runs[1], runs[4], runs[5]]
    assert sorted(one.run_id for one in opened.get_runs()) == sorted(kept)
    require_that_all_loads(opened, 4 * 4)
    assert load("t/champion", folder / "home") == {"night": 5}
    history = folder / "home" / "history"
    for run in runs:
        files = [*history.glob(f"runs/{run}*"), *(folder / "home/storage").glob(run)]
        assert bool(files) == (run in kept)
        for database, table in (
            ("runs.db", "runs"),
            ("runs.db", "run_tags"),
            ("runs/index.db", "event_logs"),
            ("runs/index.db", "asset_check_executions"),
        ):
            assert bool(rows_of(history / database, table, run)) == (run in kept), (table, run)
    left = {one.name for one in (folder / "artifacts/t/dataset").iterdir()}
    assert len(left) == len(kept)
    assert plan_prune(opened, LEAST).removals == ()


def test_the_tests_that_were_made_on_the_same_rows_are_not_forgotten(place, opened) -> None:
    """The level of the next test is as if no run had been removed, and so is the report's count."""
    before = whole_history(opened, CHAMPION)
    carry_out(opened, plan_prune(opened, LEAST))
    after = whole_history(opened, CHAMPION)
    assert sorted(one.ruling.when for one in after) == [one.ruling.when for one in before]
    assert {one.ruling.challenger: one for one in after} == {
        one.ruling.challenger: one for one in before
    }
    tag = dg.RunsFilter(tags={TEST_ROWS_TAG: "rows"})
    assert opened.get_runs_count(tag) + removed_looks(opened, "rows") == NIGHTS


def test_a_prune_that_is_killed_leaves_nothing_that_a_second_does_not_finish(
    place, opened, monkeypatch
) -> None:
    """Artifacts go before the runs that know where they are; nothing is counted twice."""
    removal = "lr_pipeline.orchestration.instance.run_removal.remove_run"

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(removal, killed)
        carry_out(opened, plan_prune(opened, LEAST))
    assert opened.get_runs_count() == NIGHTS
    carry_out(opened, plan_prune(opened, LEAST))
    require_that_all_loads(opened, 4 * 4)
    assert removed_looks(opened, "rows") == 2
    assert len(list((place[0] / "artifacts/t/champion").iterdir())) == 4


def test_a_run_that_goes_on_keeps_what_it_may_read(place, opened) -> None:
    """It began before the third night: all since the second stays."""
    (third,) = opened.get_run_records(dg.RunsFilter(run_ids=[place[1][2]]))
    run = dg.DagsterRun("training_job", "9" * 8 + "-0000-0000-0000-" + "0" * 12)
    opened.run_storage.add_run(run)
    with closing(sqlite3.connect(place[0] / "home/history/runs.db")) as connection, connection:
        began = (third.create_timestamp.replace(tzinfo=None).isoformat(" "), run.run_id)
        connection.execute("UPDATE runs SET create_timestamp = ? WHERE run_id = ?", began)
    assert [one.run for one in plan_prune(opened, LEAST).removals if one.run] == []
    opened.delete_run(run.run_id)
    assert len([one.run for one in plan_prune(opened, LEAST).removals if one.run]) == 2


def test_leftovers_go_once_they_are_a_day_old_and_others_artifacts_stay(place, opened) -> None:
    """Unfinished writes, versions never recorded, and logs of runs deleted in the web UI.

    What another home's run stored, and what was recorded under another folder, stays.
    """
    folder, runs = place
    dataset = folder / "artifacts" / "t" / "dataset"
    new, old = (datetime.now(UTC) - timedelta(hours=hours) for hours in (1, 25))
    leftovers = [
        dataset / ".20310101T000000.000000Z-12345678.0123456789abcdef.partial",
        dataset / version_name(runs[0], now=new),
        folder / "home" / "storage" / f"{'a' * 8}-0000-0000-0000-{'0' * 12}",
        folder / "home" / "history" / "runs" / f"{'b' * 8}-0000-0000-0000-{'0' * 12}.db",
    ]
    stranger = dataset / version_name("12345678", now=old)
    moved = shutil.copytree(next((dataset.parent / "champion").iterdir()), dataset / "here")
    moved = moved.rename(dataset / next((dataset.parent / "champion").iterdir()).name)
    for path in (*leftovers[:3], stranger):
        path.mkdir()
        (path / "f").write_bytes(b"x" * 1000)
    leftovers[3].write_bytes(b"x" * 1000)
    policy = RetentionPolicy()
    assert plan_prune(opened, policy).removals == ()
    for path in (*leftovers, stranger, moved):
        for one in (path, path / "f"):
            if one.exists():
                os.utime(one, (time.time() - 100_000,) * 2)
    leftovers[1] = leftovers[1].rename(dataset / version_name(runs[0], now=old))
    plan = plan_prune(opened, policy)
    assert {one.path for one in plan.removals} == set(leftovers)
    assert plan.size == 4000
    carry_out(opened, plan)
    assert not any(path.exists() for path in leftovers)
    assert stranger.exists()
    assert moved.exists()
    require_that_all_loads(opened, 4 * NIGHTS)


def test_a_path_that_is_not_where_artifacts_lie_is_never_removed(place, opened) -> None:
    """Whoever can report a materialization could otherwise have any folder removed."""
    precious = place[0] / "precious" / "v1" / "data.parquet"
    precious.parent.mkdir(parents=True)
    precious.touch()
    metadata = {"path": dg.MetadataValue.path(precious), "sha256": "0" * 64, "kind": "table"}

    @dg.op
    def report(context: dg.OpExecutionContext) -> None:
        context.log_event(dg.AssetMaterialization(["t", "other"], metadata=metadata))

    @dg.job
    def reporting() -> None:
        report()

    first, _ = (reporting.execute_in_process(instance=opened).run_id for _ in range(2))
    plan = plan_prune(opened, LEAST)
    carry_out(opened, plan)
    assert first in {one.run for one in plan.removals}
    assert precious.exists()


def test_the_verb_shows_what_would_go_and_then_what_went(place) -> None:
    """A dry run removes nothing; a second prune finds nothing."""
    folder, _ = place
    arguments = ["prune", "--keep-days", "0", "--keep-runs", "1", "--home", str(folder / "home")]
    dry = CliRunner().invoke(main, [*arguments, "--dry-run"])
    assert dry.exit_code == 0, dry.output
    assert "2 runs, 7 artifacts would go" in dry.output
    assert dry.output.rstrip().endswith("4 runs stay. Nothing was removed.")
    wet = CliRunner().invoke(main, arguments)
    assert "2 runs, 7 artifacts removed" in wet.output
    again = CliRunner().invoke(main, arguments)
    assert again.output.startswith("nothing removed (0 bytes); 4 runs stay.")


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (999_700, "1 MB"), (1_234_000, "1.23 MB")],
)
def test_sizes_have_three_digits_and_no_exponent(size: int, text: str) -> None:
    """What would be rounded to a thousand is one of the next unit."""
    assert size_text(size) == text


def test_one_run_stays() -> None:
    """The number agrees with its noun and verb."""
    assert PrunePlan((), 1).summary("removed") == "nothing removed (0 bytes); 1 run stays."
