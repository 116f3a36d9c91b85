"""Which version is current: that of the run that began last, whatever ended last."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from lr_pipeline.orchestration.instance.catalogue import latest_materialization, load
from lr_pipeline.orchestration.instance.earlier_reports import latest_earlier_report
from lr_pipeline.orchestration.instance.io_manager import ArtifactIOManager
from lr_pipeline.orchestration.instance.sqlite_waits import fewer_disk_waits
from lr_pipeline.report.render import Report

ROWS, MODEL, REPORT = (dg.AssetKey(["shop", name]) for name in ("rows", "model", "report"))


class Day(dg.Config):
    """What a run makes its assets from."""

    day: str


@dg.asset(key_prefix="shop")
def rows(config: Day) -> dict:
    """The rows of a day, unless it is asked to fail."""
    if os.environ.get("FAILS") == "rows":
        raise RuntimeError("asked to fail")
    return {"day": config.day}


@dg.asset(key_prefix="shop")
def model(rows: dict) -> dict:
    """A model of these rows, unless it is asked to fail."""
    if os.environ.get("FAILS") == "model":
        raise RuntimeError("asked to fail")
    return rows


def materialize(day: str, instance: dg.DagsterInstance, root: Path, *assets) -> str:
    """Make rows and model of a day, then the other assets; return the run's id."""
    return dg.materialize(
        [rows, model, *assets],
        instance=instance,
        resources={"io_manager": ArtifactIOManager(root=str(root))},
        run_config=dg.RunConfig(ops={"shop__rows": Day(day=day)}),
    ).run_id


def shop_job() -> dg.JobDefinition:
    """Both assets in a job that Dagster can build again."""
    return dg.Definitions(
        assets=[rows, model],
        jobs=[dg.define_asset_job("shop", executor_def=dg.in_process_executor)],
        resources={"io_manager": ArtifactIOManager(root=os.environ["ARTIFACT_ROOT"])},
    ).resolve_job_def("shop")


@pytest.fixture(autouse=True)
def without_waits() -> Iterator[None]:
    """Do not wait for the disk at each event."""
    with fewer_disk_waits():
        yield


def around(instance: dg.DagsterInstance, root: Path, between: Callable[[], object]) -> None:
    """Run Monday's job, in which something happens before it stores its rows."""

    @dg.asset(key=ROWS)
    def slow_rows() -> dict:
        between()
        return {"day": "Monday"}

    dg.materialize(
        [slow_rows, model],
        instance=instance,
        resources={"io_manager": ArtifactIOManager(root=str(root))},
    )


@pytest.mark.promise(
    "Runs",
    "A run that began earlier and ends later, or is resumed later, never displaces a newer one.",
)
def test_a_run_that_began_earlier_and_ends_later_displaces_nothing(instance, home, tmp_path):
    """The newer one began and ended meanwhile; each reads what it made itself."""
    runs = []
    around(instance, tmp_path, lambda: runs.append(materialize("Tuesday", instance, tmp_path)))
    assert instance.get_latest_materialization_event(MODEL).run_id not in runs
    for key in (ROWS, MODEL):
        assert latest_materialization(instance, key).run_id == runs[0]
    assert load("shop/model", home) == {"day": "Tuesday"}


def test_a_later_run_reads_the_newer_input(instance, tmp_path):
    """Dagster's own last event would give it Monday's rows."""
    around(instance, tmp_path, lambda: materialize("Tuesday", instance, tmp_path))
    alone = dg.materialize(
        [rows, model],
        instance=instance,
        resources={"io_manager": ArtifactIOManager(root=str(tmp_path))},
        selection=[model],
    )
    assert alone.asset_value(MODEL) == {"day": "Tuesday"}


@pytest.fixture
def fail(instance, monkeypatch, tmp_path_factory) -> Callable[[str], str]:
    """Let Monday's run fail at an asset, and return its id."""
    monkeypatch.setenv("ARTIFACT_ROOT", str(tmp_path_factory.mktemp("artifacts")))

    def run_until(asset: str) -> str:
        config = {"ops": {"shop__rows": {"config": {"day": "Monday"}}}}
        with monkeypatch.context() as patch:
            patch.setenv("FAILS", asset)
            run = dg.execute_job(dg.reconstructable(shop_job), instance, run_config=config)
        assert not run.success
        return run.run_id

    return run_until


def resume(run_id: str, instance: dg.DagsterInstance, whole: bool = False) -> str:
    """Re-execute a run from its failure, or from its start; return the new run's id."""
    options = (
        dg.ReexecutionOptions(run_id)
        if whole
        else dg.ReexecutionOptions.from_failure(run_id, instance)
    )
    config = instance.get_run_by_id(run_id).run_config
    job = dg.reconstructable(shop_job)
    resumed = dg.execute_job(job, instance, run_config=config, reexecution_options=options)
    assert resumed.success
    return resumed.run_id


def test_a_resumed_run_is_as_old_as_the_rows_it_goes_on_with(instance, fail, tmp_path):
    """Monday's model, made on Wednesday, does not displace Tuesday's."""
    failed = fail("model")
    tuesday = materialize("Tuesday", instance, tmp_path)
    resumed = resume(failed, instance)
    assert latest_materialization(instance, MODEL).run_id == tuesday
    said = [entry.user_message for entry in instance.all_logs(resumed)]
    assert any("what a newer run has made stays current" in one for one in said)


def test_a_run_made_again_from_its_start_is_new(instance, fail, tmp_path):
    """It reads its rows anew."""
    failed = fail("model")
    materialize("Tuesday", instance, tmp_path)
    again = resume(failed, instance, whole=True)
    assert latest_materialization(instance, MODEL).run_id == again
    said = [entry.user_message for entry in instance.all_logs(again)]
    assert not any("stays current" in one for one in said)


def test_a_resumed_run_whose_parent_made_nothing_is_new(instance, fail, tmp_path):
    """It goes on with nothing, so that it reads its rows anew."""
    failed = fail("rows")
    materialize("Tuesday", instance, tmp_path)
    resumed = resume(failed, instance)
    assert latest_materialization(instance, MODEL).run_id == resumed


def test_a_clock_that_was_set_back_changes_no_order(instance, tmp_path, monkeypatch):
    """The second run has the earlier time, and is current all the same."""
    materialize("Monday", instance, tmp_path)
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() - 86_400)
    second = materialize("Tuesday", instance, tmp_path)
    assert latest_materialization(instance, MODEL).run_id == second


def test_the_earlier_report_is_of_a_run_that_began_earlier(instance, tmp_path):
    """Sunday's for Monday's run, although Tuesday's is there when Monday's reports."""
    found: list[str] = []

    @dg.asset(key=REPORT)
    def report(context: dg.AssetExecutionContext, rows: dict) -> Report:
        earlier = latest_earlier_report(context.instance, REPORT, context.run.run_id)
        found.append(earlier and earlier.numbers["day"])
        return Report("<p>", {"day": rows["day"]})

    @dg.asset(key=ROWS)
    def slow_rows() -> dict:
        materialize("Tuesday", instance, tmp_path, report)
        return {"day": "Monday"}

    materialize("Sunday", instance, tmp_path, report)
    dg.materialize(
        [slow_rows, report],
        instance=instance,
        resources={"io_manager": ArtifactIOManager(root=str(tmp_path))},
    )
    assert found == [None, "Sunday", "Sunday"]


def test_a_version_without_a_run_counts_from_its_recording(instance, tmp_path):
    """A version that a person reports has no run."""
    materialize("Monday", instance, tmp_path)
    instance.report_runless_asset_event(dg.AssetMaterialization(MODEL))
    assert latest_materialization(instance, MODEL).run_id == ""
    tuesday = materialize("Tuesday", instance, tmp_path)
    assert latest_materialization(instance, MODEL).run_id == tuesday


def test_a_version_whose_run_was_deleted_is_none(instance, tmp_path):
    """The web UI deletes what the run recorded together with the run."""
    monday = materialize("Monday", instance, tmp_path)
    instance.delete_run(materialize("Tuesday", instance, tmp_path))
    assert latest_materialization(instance, MODEL).run_id == monday
