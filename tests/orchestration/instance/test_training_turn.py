"""A training run waits for those of the same table that began before it, and for no other."""

from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events import StepMaterializationData

from lr_pipeline.orchestration.instance import training_turn
from lr_pipeline.orchestration.instance.io_manager import ArtifactIOManager
from lr_pipeline.orchestration.instance.run_processes import PID_TAG, START_TAG, process_tags
from lr_pipeline.orchestration.instance.training_turn import trained_tables
from lr_pipeline.orchestration.table_names import TableNames
from tests.orchestration.instance.test_run_processes import some_job

SHOP, BANK = TableNames("shop"), TableNames("bank")


@dg.asset(key=SHOP.key("dataset"))
def dataset() -> dict:
    """The first asset of a training run."""
    return {}


def begin(instance: dg.DagsterInstance, tags: dict[str, str]) -> dg.DagsterRun:
    """Record a run that has begun and goes on in this process."""
    run = instance.create_run_for_job(some_job, tags=process_tags() | tags)
    event = dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, job_name=run.job_name)
    instance.report_dagster_event(event, run.run_id)
    return run


def train(instance: dg.DagsterInstance, root: Path) -> dg.ExecuteInProcessResult:
    """Make the dataset as a training run."""
    resources = {"io_manager": ArtifactIOManager(root=str(root))}
    return dg.materialize(
        [dataset], instance=instance, resources=resources, tags=SHOP.training_tags
    )


@pytest.fixture
def meanwhile(monkeypatch) -> Callable[..., list[float]]:
    """Do something instead of sleeping; return the times slept."""

    def instead(*happenings: Callable[[], object]) -> list[float]:
        slept: list[float] = []

        def sleep(seconds: float) -> None:
            happenings[len(slept)]()  # an IndexError if it waits longer
            slept.append(seconds)

        monkeypatch.setattr(training_turn.time, "sleep", sleep)
        return slept

    return instead


def test_it_waits_until_an_earlier_run_of_the_table_has_ended(instance, tmp_path, meanwhile):
    """What it waits for is said once, and again when the other run has made something."""
    other = begin(instance, SHOP.training_tags)
    slept = meanwhile(
        lambda: None,
        lambda: instance.report_dagster_event(materialized(other), other.run_id),
        lambda: None,
        lambda: instance.report_run_canceled(other),
    )
    result = train(instance, tmp_path)
    assert len(slept) == 4
    log = [one.user_message for one in instance.all_logs(result.run_id)]
    said = [one for one in log if one.startswith("waiting for ")]
    assert len(said) == 2
    assert said[0].startswith(f"waiting for another run of this table: {other.run_id}, since 20")
    assert said[1] == f"waiting for run {other.run_id}, which has made shop/numpy_model"


def materialized(run: dg.DagsterRun) -> dg.DagsterEvent:
    """The event that a run has made its model."""
    made = dg.AssetMaterialization(SHOP.key("numpy_model"))
    return dg.DagsterEvent(
        dg.DagsterEventType.ASSET_MATERIALIZATION.value,
        job_name=run.job_name,
        event_specific_data=StepMaterializationData(made),
    )


def test_a_run_of_a_dead_process_is_not_waited_for(instance, tmp_path, meanwhile):
    """It is failed at the first look."""
    dead = {START_TAG: "another-boot.1", PID_TAG: "1"}
    other = begin(instance, SHOP.training_tags | dead)
    slept = meanwhile(lambda: None)
    assert train(instance, tmp_path).success
    assert len(slept) == 1
    assert instance.get_run_by_id(other.run_id).status is dg.DagsterRunStatus.FAILURE


def test_other_runs_are_not_waited_for(instance, tmp_path, meanwhile):
    """Of another table, or of the same that do not train, or that ended, or have not begun."""
    begin(instance, BANK.training_tags)
    begin(instance, SHOP.tags)
    instance.report_run_canceled(begin(instance, SHOP.training_tags))
    instance.create_run_for_job(some_job, tags=process_tags() | SHOP.training_tags)
    slept = meanwhile()
    assert train(instance, tmp_path).success
    assert slept == []


def test_a_run_does_not_wait_for_one_that_began_later(instance, tmp_path, meanwhile):
    """So two runs never wait for each other."""

    @dg.asset(key=SHOP.key("train_set"), deps=[dataset])
    def train_set(context: dg.AssetExecutionContext) -> None:
        begin(instance, SHOP.training_tags)
        training_turn.await_turn(context.instance, context.run, context.log)

    slept = meanwhile()
    resources = {"io_manager": ArtifactIOManager(root=str(tmp_path))}
    assert dg.materialize(
        [dataset, train_set], instance=instance, resources=resources, tags=SHOP.training_tags
    ).success
    assert slept == []


def test_the_tables_that_a_run_trains_are_read_from_its_assets_or_its_tag():
    """The button of an asset gives a run of these assets without the job's tag."""

    def run(*assets: str, **tags: str) -> set[str]:
        keys = frozenset(dg.AssetKey(one.split("/")) for one in assets)
        return trained_tables(dg.DagsterRun("job", asset_selection=keys or None, tags=tags or None))

    assert run("shop/numpy_model", "bank/champion") == {"shop__training", "bank__training"}
    assert run("numpy_model") == {"training"}
    assert run("shop/predictions", "shop/drift_report") == set()
    assert run(**SHOP.training_tags) == {"shop__training"}
    assert run() == set()
