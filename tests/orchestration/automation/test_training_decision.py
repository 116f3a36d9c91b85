"""A tick compares the next run with the last complete one: each case skips or trains, and says why.

The history is written event by event; that a real run records the same is tested with the graph.
"""

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.events import StepMaterializationData
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)

from lr_pipeline.orchestration.asset_names import DATASET
from lr_pipeline.orchestration.assets import models
from lr_pipeline.orchestration.automation.training_decision import (
    INPUTS_TAG,
    REASON_TAG,
    decide_training,
)
from lr_pipeline.orchestration.automation.training_inputs import inputs_of_next_run
from lr_pipeline.orchestration.instance.last_training import INPUTS, last_training
from lr_pipeline.orchestration.pipeline import build_definitions
from lr_pipeline.orchestration.table_names import TableNames
from lr_pipeline.tables.sources.declared_tables import FileTable
from lr_pipeline.tables.sources.source_look import look_at

SPECTOR = Path(__file__).parents[3] / "data/samples/spector.csv"
JOB = "spector__training_job"
LOCATION = RegisteredCodeLocationOrigin("spector")
ORIGIN = RemoteJobOrigin(RemoteRepositoryOrigin(LOCATION, "__repository__"), JOB)


@dataclass
class History:
    """An instance with one complete run of a table, and the file that it read."""

    instance: dg.DagsterInstance
    file: Path
    run: str = ""

    def trained(
        self,
        only: Sequence[str] = (),
        inputs: bool = True,
        parent: str | None = None,
        **settings: Any,
    ) -> str:
        """Write a run of all assets, or ``only`` of some, as ended well; return its id."""
        source = table(self.file)
        job = job_of(json.dumps(settings))
        run = self.instance.create_run_for_job(
            job,
            status=dg.DagsterRunStatus.SUCCESS,
            parent_run_id=parent,
            root_run_id=parent,
        )
        look = look_at(source)
        made = inputs_of_next_run(job, TableNames("spector"), source)
        made["source"] = {"content": look.content(), "state": look.proof}
        for key in job.asset_layer.selected_asset_keys:
            if only and key.path[-1] not in only:
                continue
            metadata = {INPUTS: made} if inputs and key.path[-1] == DATASET else {}
            event = dg.AssetMaterialization(key, metadata=metadata)
            self.instance.report_dagster_event(
                dg.DagsterEvent(
                    event_type_value=dg.DagsterEventType.ASSET_MATERIALIZATION.value,
                    job_name=job.name,
                    event_specific_data=StepMaterializationData(event),
                ),
                run.run_id,
            )
        return run.run_id


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """An instance in memory, since each event on a disk is waited for."""
    with dg.DagsterInstance.ephemeral() as opened:
        yield opened


@pytest.fixture
def history(instance, tmp_path, settled) -> History:
    """One complete run; its file was written long before it."""
    file = tmp_path / "spector.csv"
    shutil.copy(SPECTOR, file)
    found = History(instance, file)
    found.run = found.trained()
    return found


def table(file: Path, path: Path | str | None = None, **declared: Any) -> FileTable:
    """Return the table in a file."""
    return FileTable(file if path is None else path, **({"target": "GRADE"} | declared))


@cache
def job_of(settings: str = "{}") -> dg.JobDefinition:
    """Return the training job with these settings (JSON), whatever its table's file."""
    source = FileTable(SPECTOR, "GRADE")
    return build_definitions(source, "spector", **json.loads(settings)).resolve_job_def(JOB)


def tick(
    history: History, declared: dict[str, Any] | None = None, **settings: Any
) -> tuple[str, Mapping[str, str]]:
    """Return the reason of a skip, or "" and the tags of the run that is requested."""
    source = table(history.file, **(declared or {}))
    job = job_of(json.dumps(settings))
    found = decide_training(history.instance, job, TableNames("spector"), source).result()
    if isinstance(found, dg.SkipReason):
        assert found.skip_message
        return found.skip_message, {}
    assert found.run_key is None
    return "", found.tags


def reason(history: History, **settings: Any) -> str:
    """Return why the run of a tick is requested."""
    skipped, tags = tick(history, **settings)
    assert not skipped
    return tags[REASON_TAG]


@pytest.mark.promise(
    "Automation", "A schedule does not train again on unchanged data, code and settings."
)
def test_unchanged_data_code_and_settings_are_not_trained_again(history) -> None:
    """The tick names the run whose data they are."""
    skipped, _ = tick(history)
    assert skipped.startswith(f"skipped: the data are those of run {history.run[:8]} of 20")
    assert skipped.endswith("Z, code and settings too")


def test_the_same_content_written_again_is_not_trained_again(history) -> None:
    """Time and inode are others; the content is compared."""
    content = history.file.read_bytes()
    history.file.unlink()
    history.file.write_bytes(content)
    assert history.run[:8] in tick(history)[0]


def test_the_file_is_not_read_while_its_times_are_those_of_the_run(history, monkeypatch) -> None:
    """A tick on a large table takes no longer than on a small one."""
    monkeypatch.setattr(
        "lr_pipeline.tables.files.file_watch.FileWatch.sha256",
        lambda _watch: pytest.fail("the file is read"),
    )
    assert tick(history)[0]


def test_one_changed_byte_is_trained_on(history) -> None:
    """Size and time of writing may be the same."""
    before, content = history.file.stat(), history.file.read_bytes()
    other = b"1" if content[-2:-1] == b"0" else b"0"
    history.file.write_bytes(content[:-2] + other + content[-1:])
    os.utime(history.file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert reason(history).startswith(f"the data changed since run {history.run[:8]}")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"training": {"penalty": "l2", "l2": 0.5}}, "the setting numpy_model.l2, the setting nu"),
        ({"evaluation": {"row_seed": 3}}, "the setting evaluation_report.row_seed"),
        ({"declared": {"exclude": ["PSI"]}}, "the table's exclude"),
        ({"declared": {"missing": ["?"]}}, "the table's missing"),
    ],
)
def test_another_setting_is_trained_with(history, settings, said) -> None:
    """The reason names the field."""
    found = reason(history, **settings)
    assert found.startswith(f"changed since run {history.run[:8]}")
    assert f": {said}" in found


def test_a_declaration_that_was_taken_back_is_trained_without(history) -> None:
    """What was declared and is no longer is a change, too."""
    history.run = history.trained(training={"penalty": "l2", "l2": 2.0})
    assert "numpy_model.l2" in reason(history)


def test_what_does_not_change_a_model_is_no_reason(history, monkeypatch) -> None:
    """Neither is another spelling of the path, nor a time zone, nor new rows to score."""
    monkeypatch.chdir(history.file.parent)
    same = {"timezone": "Europe/Berlin", "score_path": "new.csv"}
    assert tick(history, {"path": history.file.name}, **same)[0]


def test_another_code_version_is_trained_with(history, monkeypatch) -> None:
    """Whoever changes what an asset computes raises it."""
    job_of.cache_clear()
    newer = vars(models.mle_existence) | {"code_version": "next"}
    monkeypatch.setattr(models, "mle_existence", type(models.mle_existence)(**newer))
    assert reason(history).endswith(": the code of mle_existence")
    job_of.cache_clear()


def test_another_version_of_a_library_is_trained_with(history, monkeypatch) -> None:
    """Its arithmetic may be another; Dagster's own version has none."""
    from lr_pipeline.orchestration.automation import training_inputs
    from lr_pipeline.versions import library_versions

    found = library_versions() | {"dagster": "9.9.9"}
    monkeypatch.setattr(training_inputs, "library_versions", lambda: found)
    assert tick(history)[0]
    found["numpy"] = "9.9.9"
    assert reason(history).endswith(": the version of numpy")


def test_an_asset_that_another_run_made_is_trained_again(history) -> None:
    """The latest versions are then not those of one run."""
    other = history.trained(only=["train_set"])
    found = reason(history)
    assert found.startswith(f"train_set is of run {other[:8]}, and the last report of run")
    assert history.run[:8] in found


def test_another_champion_is_no_reason(history) -> None:
    """A person may return to an earlier one; the same data would only train the same model."""
    history.trained(only=["champion"])
    assert tick(history)[0]


def test_a_run_that_continued_a_failed_one_counts_with_what_that_made(history) -> None:
    """The rows that it trained on are those of the first."""
    split = ["dataset", "train_set", "test_set"]
    rest = sorted({key.path[-1] for key in keys(history)} - set(split))
    first = history.trained(only=split)
    history.trained(only=rest)
    assert reason(history).startswith(tuple(split))
    second = history.trained(only=rest, parent=first)
    assert second[:8] in tick(history)[0]


def keys(history: History) -> frozenset[dg.AssetKey]:
    """Return the keys of the assets of the training job."""
    job = job_of()
    return frozenset(job.asset_layer.selected_asset_keys)


def test_a_failed_run_does_not_count(history) -> None:
    """Its models may be there, but nobody knows what else it would have made."""
    run = history.instance.get_run_by_id(history.run)
    history.instance.report_run_failed(run)
    assert reason(history).endswith("which made the last report, ended as FAILURE")


def test_a_run_that_has_not_ended_does_not_count(history) -> None:
    """It may still fail, and is not said to have ended."""
    run = history.instance.get_run_by_id(history.run)
    started = dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, run.job_name)
    history.instance.report_dagster_event(started, run.run_id)
    found = last_training(history.instance, sorted(keys(history)))
    assert found.endswith("which made the last report, has not ended")


def test_a_run_that_was_deleted_does_not_count(history) -> None:
    """What it was made of went with it."""
    history.instance.delete_run(history.run)
    assert reason(history)


def test_a_run_of_an_earlier_version_is_trained_again(history) -> None:
    """It did not record what it was made of."""
    history.trained(inputs=False)
    assert reason(history).endswith("did not record what it was made of")


def test_what_was_never_trained_is(instance, tmp_path) -> None:
    """The first tick has nothing to compare with."""
    file = Path(shutil.copy(SPECTOR, tmp_path))
    assert reason(History(instance, file)) == "it was never trained completely"


def test_a_missing_file_is_left_to_the_run_which_fails_visibly(history) -> None:
    """A skip would look like a quiet night."""
    history.file.unlink()
    assert "the source cannot be looked at, and the run will say why" in reason(history)


def append(history: History, row: str) -> None:
    """Write a row at the end of the file."""
    history.file.write_bytes(history.file.read_bytes() + f"{row}\n".encode())


def begun(history: History, tags: Mapping[str, str] | None = None, **config: Any) -> dg.DagsterRun:
    """Write a run that has begun with its first step; return it."""
    run = waiting(history, dg.DagsterRunStatus.STARTED, tags, **config)
    write(history, run, dg.DagsterEventType.STEP_START, None)
    return run


def waiting(
    history: History,
    status: dg.DagsterRunStatus,
    tags: Mapping[str, str] | None = None,
    **config: Any,
) -> dg.DagsterRun:
    """Write a run without any step; ``config``: the settings of `numpy_model`."""
    ops = {"ops": {"spector__numpy_model": {"config": config}}} if config else {}
    run = dg.DagsterRun(
        JOB, run_config=ops, tags=dict(tags or {}), status=status, remote_job_origin=ORIGIN
    )
    return history.instance.add_run(run)


def write(history: History, run: dg.DagsterRun, kind: dg.DagsterEventType, data: Any) -> None:
    """Write an event of the run's step `dataset`."""
    event = dg.DagsterEvent(
        event_type_value=kind.value,
        job_name=run.job_name,
        step_key="spector__dataset",
        event_specific_data=data,
    )
    history.instance.report_dagster_event(event, run.run_id)


def test_a_run_that_is_training_on_the_same_is_not_doubled(history) -> None:
    """The sensor may have started it a minute before the schedule's tick."""
    append(history, "3.0,20,0,1")
    _, tags = tick(history)
    run = begun(history, tags)
    assert f"run {run.run_id[:8]} is training on these data already" in tick(history)[0]
    append(history, "3.0,21,0,1")
    assert tick(history)[1][INPUTS_TAG] != tags[INPUTS_TAG]


def test_a_run_of_a_person_that_has_read_the_same_is_not_doubled(history) -> None:
    """It has no tag of a tick; its dataset says what it is made of, as soon as it is stored."""
    append(history, "3.0,20,0,1")
    run = begun(history)
    assert not tick(history)[0]  # it may have read the rows of before
    source = table(history.file)
    made = inputs_of_next_run(job_of(), TableNames("spector"), source)
    look = look_at(source)
    made["source"] = {"content": look.content(), "state": look.proof}
    key = TableNames("spector").key(DATASET)
    stored = StepMaterializationData(dg.AssetMaterialization(key, metadata={INPUTS: made}))
    write(history, run, dg.DagsterEventType.ASSET_MATERIALIZATION, stored)
    assert f"run {run.run_id[:8]} is training on these data already" in tick(history)[0]
    append(history, "3.0,21,0,1")
    assert not tick(history)[0]


@pytest.mark.parametrize("status", ["QUEUED", "NOT_STARTED", "STARTING", "STARTED"])
def test_a_run_that_has_not_begun_will_read_what_is_new(history, status) -> None:
    """Ticks that come faster than runs end do not fill the queue."""
    append(history, "3.0,20,0,1")
    run = waiting(history, dg.DagsterRunStatus(status), tick(history)[1])
    append(history, "3.0,21,0,1")
    said = tick(history)[0]
    assert said == f"skipped: run {run.run_id[:8]} waits for its turn, and will read these rows"


@pytest.mark.parametrize("config", [{"l2": 0.5, "penalty": "l2"}, {"l2": -1.0}])
def test_a_waiting_run_with_other_settings_does_not_stand_in(history, config) -> None:
    """A person may have launched it from the Launchpad, or with settings that it will refuse."""
    run = waiting(history, dg.DagsterRunStatus.NOT_STARTED)
    append(history, "3.0,20,0,1")
    assert tick(history)[0]
    history.instance.delete_run(run.run_id)
    waiting(history, dg.DagsterRunStatus.QUEUED, **config)
    assert not tick(history)[0]


def test_a_waiting_run_of_some_assets_does_not_stand_in(history) -> None:
    """A run that continues with the rows of a failed run does not stand in either."""
    append(history, "3.0,20,0,1")
    some = frozenset({TableNames("spector").key(DATASET)})
    history.instance.add_run(dg.DagsterRun(JOB, asset_selection=some))
    again = dg.DagsterRun(JOB, parent_run_id=history.run, root_run_id=history.run)
    history.instance.add_run(again)
    assert not tick(history)[0]
