"""Whoever executes the steps, the artifacts are the same."""

from pathlib import Path

import dagster as dg
import pytest

from lr_pipeline.orchestration.instance.catalogue import last_recorded, recorded
from lr_pipeline.orchestration.pipeline import build_definitions
from lr_pipeline.tables.sources.declared_tables import FileTable

pytestmark = pytest.mark.slow

SPECTOR = Path(__file__).parents[2] / "data" / "samples" / "spector.csv"
# The report and the champion's record hold the run and the time.
SAME_BYTES = ("dataset", "train_set", "test_set", "feature_profile", "mle_existence")
SAME_BYTES += ("linear_baseline", "numpy_model", "torch_model")
WORKERS = {dg.DagsterEventType.STEP_WORKER_STARTED}


def training_job(executor: dg.ExecutorDefinition) -> dg.JobDefinition:
    """Return the job that makes every asset."""
    table = FileTable(str(SPECTOR), target="GRADE")
    return build_definitions(table, executor=executor).resolve_job_def("training_job")


def in_one_process() -> dg.JobDefinition:
    """The job as it is executed by default."""
    return training_job(dg.in_process_executor)


def in_many_processes() -> dg.JobDefinition:
    """The job with a process for each step, made from one that has imported the package."""
    forked = {"start_method": {"forkserver": {"preload_modules": [build_definitions.__module__]}}}
    return training_job(dg.multiprocess_executor.configured(forked))


def test_steps_in_processes_of_their_own_make_the_same_artifacts(home, tmp_path, monkeypatch):
    """Every asset of the graph is made by another process, and has the hash that one gave it."""
    monkeypatch.setenv("LR_PIPELINE_ARTIFACTS", str(tmp_path / "artifacts"))
    hashes, processes = [], []
    with dg.DagsterInstance.from_config(str(home)) as instance:
        for job in (in_one_process, in_many_processes):
            with dg.execute_job(dg.reconstructable(job), instance) as result:
                assert result.success
                logs = instance.all_logs(result.run_id)
            entries = [last_recorded(instance, dg.AssetKey(asset)) for asset in SAME_BYTES]
            assert {entry.run_id for entry in entries} == {result.run_id}
            hashes.append([recorded(entry, "sha256") for entry in entries])
            started = [log.get_dagster_event() for log in logs if log.is_dagster_event]
            processes.append([one for one in started if one.event_type in WORKERS])
    assert None not in hashes[0]
    assert hashes[1] == hashes[0]
    assert not processes[0]
    assert len(processes[1]) > len(SAME_BYTES)
