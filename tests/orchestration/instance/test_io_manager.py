"""Inputs are found by the event log, in every way in which Dagster runs an asset."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from lr_pipeline.orchestration.instance.io_manager import ArtifactIOManager
from lr_pipeline.storage.storage_error import ArtifactError
from lr_pipeline.tables.table import Table


@dg.asset
def upstream(context: dg.AssetExecutionContext) -> dict:
    """Return the run that wrote it."""
    return {"run": context.run.run_id}


@dg.asset
def downstream(context: dg.AssetExecutionContext, upstream: dict) -> dict:
    """Return the run that wrote it, and the run that wrote its input."""
    return {"run": context.run.run_id, "upstream_run": upstream["run"]}


def materialize(assets, root: Path, instance: dg.DagsterInstance, **options):
    """Run with the IO manager for ``root``."""
    resources = {"io_manager": ArtifactIOManager(root=str(root))}
    return dg.materialize(assets, resources=resources, instance=instance, **options)


def recorded(instance: dg.DagsterInstance, name: str) -> dict:
    """Return the metadata of the asset's latest materialization."""
    entry = instance.get_latest_materialization_event(dg.AssetKey(name.split("/")))
    return {key: value.value for key, value in entry.asset_materialization.metadata.items()}


def test_metadata_record_what_was_written(tmp_path: Path, instance):
    """Path, hash, kind, size, fingerprint and library versions are on the materialization."""
    table = Table.from_pandas(pd.DataFrame({"x": [0.5, 1.5], "y": [0, 1]}), target="y")

    @dg.asset(key_prefix="prefix")
    def dataset() -> Table:
        return table

    result = materialize([dataset], tmp_path, instance)
    found = recorded(instance, "prefix/dataset")
    path = Path(found["path"])
    assert path.name == "data.parquet"
    assert path.parent.parent == tmp_path / "prefix" / "dataset"
    assert path.parent.name.endswith(f"Z-{result.run_id[:8]}")
    assert found["size"] == path.stat().st_size
    assert (found["kind"], found["fingerprint"]) == ("table", table.fingerprint)
    assert len(found["sha256"]) == 64
    assert {"numpy", "scipy", "pyarrow"} <= set(found["versions"])


def test_relative_root_is_recorded_as_an_absolute_path(tmp_path: Path, instance, monkeypatch):
    """The default root is in the current folder; later it is found from anywhere."""
    monkeypatch.chdir(tmp_path)
    dg.materialize([upstream], resources={"io_manager": ArtifactIOManager()}, instance=instance)
    assert Path(recorded(instance, "upstream")["path"]).is_relative_to(
        tmp_path / "data" / "artifacts"
    )


def test_every_run_writes_its_own_version(tmp_path: Path, instance):
    """An earlier version is not changed or removed; downstream alone reads the latest."""
    first = materialize([upstream], tmp_path, instance).run_id
    kept = recorded(instance, "upstream")
    second = materialize([upstream], tmp_path, instance).run_id
    assert len(list((tmp_path / "upstream").iterdir())) == 2
    assert json.loads(Path(kept["path"]).read_text()) == {"format_version": 1, "run": first}
    alone = materialize([upstream, downstream], tmp_path, instance, selection=[downstream])
    assert alone.asset_value("downstream")["upstream_run"] == second


@pytest.mark.promise("Artifacts", "Two runs at once never read what the other has written.")
def test_interleaved_runs_never_mix(tmp_path: Path, instance):
    """A second run starts and ends between a run's write and its read: each reads its own."""
    runs: dict[str, str] = {}

    def run(between: Callable[[], None]) -> None:
        @dg.asset(deps=[upstream])
        def gate() -> None:
            between()

        @dg.asset(deps=[gate])
        def reader(upstream: dict) -> dict:
            return upstream

        result = materialize([upstream, gate, reader], tmp_path, instance)
        runs[result.run_id] = result.asset_value("reader")["run"]

    # Nested, not in threads: two in-process runs of one process deadlock in Dagster's logging.
    run(between=lambda: run(between=lambda: None))
    assert len(runs) == 2
    assert all(run_id == read_run for run_id, read_run in runs.items())


@dg.asset
def fails_on_request(upstream: dict) -> dict:
    """Pass its input on, or fail."""
    if "FAIL_ON_REQUEST" in os.environ:
        raise RuntimeError("asked to fail")
    return upstream


def resumable_job() -> dg.JobDefinition:
    """Both assets in one job that Dagster can build again."""
    return dg.Definitions(
        assets=[upstream, fails_on_request],
        jobs=[dg.define_asset_job("resumable", executor_def=dg.in_process_executor)],
        resources={"io_manager": ArtifactIOManager(root=os.environ["ARTIFACT_ROOT"])},
    ).resolve_job_def("resumable")


def test_run_resumed_after_a_failure_reads_the_version_it_continues(
    tmp_path: Path, instance, monkeypatch
):
    """Another run has made a newer upstream, but the re-execution stays consistent."""
    monkeypatch.setenv("ARTIFACT_ROOT", str(tmp_path))
    monkeypatch.setenv("FAIL_ON_REQUEST", "1")
    job = dg.reconstructable(resumable_job)
    failed = dg.execute_job(job, instance)
    assert not failed.success
    monkeypatch.delenv("FAIL_ON_REQUEST")
    materialize([upstream], tmp_path, instance)
    options = dg.ReexecutionOptions.from_failure(failed.run_id, instance)
    resumed = dg.execute_job(job, instance, reexecution_options=options)
    assert resumed.success
    path = Path(recorded(instance, "fails_on_request")["path"])
    assert json.loads(path.read_text()) == {"format_version": 1, "run": failed.run_id}


def test_job_executed_in_process_and_value_loaded_outside_a_run(tmp_path: Path, instance):
    """`execute_in_process` works on an instance, and `load_asset_value` reads the latest."""
    definitions = dg.Definitions(
        assets=[upstream, downstream],
        jobs=[dg.define_asset_job("all_assets")],
        resources={"io_manager": ArtifactIOManager(root=str(tmp_path))},
    )
    result = definitions.resolve_job_def("all_assets").execute_in_process(instance=instance)
    value = definitions.load_asset_value("downstream", instance=instance)
    assert value == {"run": result.run_id, "upstream_run": result.run_id}


def test_ephemeral_instance_and_direct_invocation(tmp_path: Path):
    """No persistent instance is needed for a run, and none at all to call an asset."""
    with dg.DagsterInstance.ephemeral() as ephemeral:
        result = materialize([upstream, downstream], tmp_path, ephemeral)
        assert result.asset_value("downstream")["upstream_run"] == result.run_id

    @dg.asset
    def doubled(upstream: dict) -> float:
        return 2 * upstream["x"]

    assert doubled({"x": 1.5}) == 3.0


def test_checks_load_their_inputs(tmp_path: Path, instance):
    """A check reads its asset and others, within the run and alone later."""

    @dg.asset_check(asset=downstream, additional_ins={"other": dg.AssetIn("upstream")})
    def same_run(downstream: dict, other: dict) -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=downstream["upstream_run"] == other["run"])

    definitions = [upstream, downstream, same_run]
    together = materialize(definitions, tmp_path, instance)
    checks_only = dg.AssetSelection.checks(same_run)
    alone = materialize(definitions, tmp_path, instance, selection=checks_only)
    for result in (together, alone):
        assert [e.passed for e in result.get_asset_check_evaluations()] == [True]


def test_asset_without_a_value_stores_nothing_and_loads_as_none(tmp_path: Path, instance):
    """`None` is recorded as such, so that a dependent asset reads None rather than a file."""

    @dg.asset
    def nothing():
        return None

    @dg.asset
    def dependent(nothing) -> dict:
        return {"is_none": nothing is None}

    result = materialize([nothing, dependent], tmp_path, instance)
    assert result.asset_value("dependent") == {"is_none": True}
    assert not (tmp_path / "nothing").exists()
    assert recorded(instance, "nothing") == {"kind": "none"}


@pytest.mark.promise(
    "Artifacts",
    "A file that was changed after it was written is refused when it is read.",
)
def test_changed_file_fails_the_step_that_reads_it(tmp_path: Path, instance):
    """An input whose file was edited after it was recorded is refused, not used."""
    materialize([upstream], tmp_path, instance)
    Path(recorded(instance, "upstream")["path"]).write_text('{"run": "edited"}')
    with pytest.raises(ArtifactError, match="content has changed"):
        materialize([upstream, downstream], tmp_path, instance, selection=[downstream])


@pytest.mark.promise(
    "Artifacts",
    "Only what the history records is an artifact, whatever lies in the folder.",
)
def test_asset_never_materialized_is_an_error_whatever_the_folder_holds(tmp_path: Path, instance):
    """A file that no event recorded is not an artifact."""
    (tmp_path / "upstream" / "v1").mkdir(parents=True)
    (tmp_path / "upstream" / "v1" / "upstream.json").write_text("{}")
    with pytest.raises(ArtifactError, match=r"asset upstream: .*found none.*Materialize it"):
        materialize([upstream, downstream], tmp_path, instance, selection=[downstream])


def test_materialization_without_a_file_is_an_error_not_an_older_version(tmp_path: Path, instance):
    """The latest event was reported by hand without an artifact; an older one is not used."""
    materialize([upstream], tmp_path, instance)
    instance.report_runless_asset_event(dg.AssetMaterialization("upstream"))
    with pytest.raises(ArtifactError, match="to record a file, found none"):
        materialize([upstream, downstream], tmp_path, instance, selection=[downstream])


BOTH = dg.StaticPartitionsDefinition(["a", "b"])


@dg.asset(partitions_def=BOTH)
def by_country(context: dg.AssetExecutionContext) -> dict:
    """Return the partition that it is of."""
    return {"country": context.partition_key}


@dg.asset(partitions_def=BOTH)
def summary(by_country: dict) -> dict:
    """Return the partition of the input."""
    return by_country


def test_an_input_is_of_the_runs_partition(tmp_path: Path, instance):
    """It does not matter which partition was made last, and no other partition fills a gap."""
    assets = [by_country, summary]
    for country in ("a", "b"):
        materialize([by_country], tmp_path, instance, partition_key=country)
    for country in ("a", "b"):
        only = {"selection": [summary], "partition_key": country}
        result = materialize(assets, tmp_path, instance, **only)
        assert result.output_for_node("summary") == {"country": country}


def test_a_partition_without_a_version_is_an_error(tmp_path: Path, instance):
    """The message names it."""
    materialize([by_country], tmp_path, instance, partition_key="a")
    with pytest.raises(ArtifactError, match=r"asset by_country, partition b: .*found none"):
        materialize(
            [by_country, summary], tmp_path, instance, selection=[summary], partition_key="b"
        )


def test_a_run_of_several_partitions_is_refused(tmp_path: Path, instance):
    """An artifact is never of several: neither one that is written nor one that is read."""

    @dg.asset
    def all_countries(by_country: dict) -> dict:
        return by_country

    materialize([by_country], tmp_path, instance, partition_key="a")
    with pytest.raises(ArtifactError, match="by_country: expected a run of one partition"):
        materialize([by_country, all_countries], tmp_path, instance, selection=[all_countries])


def test_retried_step_names_its_version(tmp_path: Path, instance):
    """The version's name says that it is the step's second attempt."""
    attempts: list[int] = []

    @dg.asset(retry_policy=dg.RetryPolicy(max_retries=1))
    def unsteady() -> dict:
        attempts.append(1)
        if len(attempts) == 1:
            raise RuntimeError("first attempt")
        return {}

    materialize([unsteady], tmp_path, instance)
    assert Path(recorded(instance, "unsteady")["path"]).parent.name.endswith("-retry1")
