"""The IO manager: every asset's value is an immutable artifact; the event log has its path.

The folders are never searched. An input is the version recorded by this run, else by a run that it
re-executes, else the current one: of the run that began last. So two runs at the same time never
mix. Where the asset has partitions, all of this holds within the run's partition.
"""

from collections.abc import Sequence
from typing import Any

import dagster as dg
from pydantic import Field, PrivateAttr

from lr_pipeline.orchestration.instance.catalogue import (
    NO_VALUE,
    last_recorded,
    latest_artifact,
    latest_materialization,
    load_recorded,
    materialization_of_run,
)
from lr_pipeline.orchestration.instance.peak_memory import peak_since_last_call
from lr_pipeline.orchestration.instance.run_opening import open_run
from lr_pipeline.orchestration.instance.run_order import with_ancestors
from lr_pipeline.orchestration.resources.fixed_in_code import FixedInCode
from lr_pipeline.orchestration.table_names import TABLE_TAG
from lr_pipeline.storage.artifact_root import DEFAULT_ROOT, ROOT, artifact_root
from lr_pipeline.storage.artifacts import Artifact, version_name, write_artifact
from lr_pipeline.storage.plain_values import metadata_values
from lr_pipeline.storage.storage_error import ArtifactError
from lr_pipeline.tables.freed_memory import release_freed_memory
from lr_pipeline.versions import library_versions

PEAK_MEMORY = "peak_memory_mb"


class ArtifactIOManager(FixedInCode, dg.ConfigurableIOManager):
    """Stores tables as Parquet, models, reports and dictionaries as JSON; verifies when it reads.

    Each output's metadata record ``path``, ``sha256``, ``kind``, ``size`` in bytes, ``versions`` of
    the libraries, ``peak_memory_mb`` since the last output of this process, and the value's
    ``fingerprint`` if it has one.
    """

    root: str = Field(
        default="",
        description="Folder or URL (s3://bucket/prefix) of the artifacts, by default that in the "
        f"environment variable {ROOT}, else {DEFAULT_ROOT} below the current folder.",
    )

    # The event log need not be asked again for what this run has made: it makes an asset once.
    _of_run: dict[tuple[str, dg.AssetKey, str | None], dg.EventLogEntry] = PrivateAttr(
        default_factory=dict
    )

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Wait for other training runs of the table before anything is read."""
        open_run(context)

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        """Write a new version of the asset; ``None`` is recorded without a file."""
        _partition(context)
        _tag_run_of_table(context)
        if obj is None:
            context.add_output_metadata({"kind": NO_VALUE})
            return
        retry = context.step_context.previous_attempt_count
        artifact = write_artifact(
            artifact_root(self.root),
            context.asset_key.path,
            version_name(context.run_id, retry),
            obj,
            latest_artifact(context.step_context.instance, context.asset_key),
        )
        release_freed_memory()
        metadata = artifact_metadata(artifact)
        if (fingerprint := getattr(obj, "fingerprint", None)) is not None:
            metadata["fingerprint"] = fingerprint
        if (peak := peak_since_last_call()) is not None:
            metadata[PEAK_MEMORY] = dg.MetadataValue.float(round(peak, 1))
        if artifact.kind == "predictions":  # metadata are known once all rows are scored
            metadata = metadata_values(obj.metadata()) | metadata  # type: ignore[attr-defined]
        context.add_output_metadata(metadata)

    def load_input(self, context: dg.InputContext) -> Any:
        """Read this run's version of the asset if there is one, else the current one.

        Raises
        ------
        ArtifactError
            No version is recorded, or the file is not what was recorded.
        """
        instance, key = context.instance, context.asset_key
        partition, lineage = _partition(context), _lineage(context)
        asked = (lineage[0], key, partition) if lineage else None
        if asked is not None and asked in self._of_run:
            return load_recorded(key, self._of_run[asked])
        found = last_recorded(instance, key, partition)
        if found is None:
            of = "" if partition is None else f", partition {partition}"
            raise ArtifactError(
                f"asset {key.to_user_string()}{of}: expected a materialization in the event log of "
                "this Dagster instance, found none. Materialize it first."
            )
        for run_id in lineage:
            if found.run_id == run_id:  # the common case, without reading the run's whole log
                if asked is not None and run_id == asked[0]:
                    self._of_run[asked] = found
                return load_recorded(key, found)
            if of_run := materialization_of_run(instance, key, run_id):
                return load_recorded(key, of_run)
        current = found if partition else latest_materialization(instance, key)
        return load_recorded(key, current or found)


def artifact_metadata(artifact: Artifact) -> dict[str, Any]:
    """Return what a materialization must record for the artifact to be found and verified."""
    return {
        "path": dg.MetadataValue.path(str(artifact.path)),
        "sha256": artifact.sha256,
        "kind": artifact.kind,
        "size": artifact.size,
        "versions": library_versions(),
    }


def _lineage(context: dg.InputContext) -> Sequence[str]:
    """Return the ids of this run and of those it executes again, newest first; [] outside a run."""
    try:
        run = context.step_context.dagster_run
    except dg.DagsterInvariantViolationError:
        return []
    return [one.run_id for one in with_ancestors(context.instance, run)]


def _partition(context: dg.OutputContext | dg.InputContext) -> str | None:
    """Return the run's partition if the asset has partitions; an artifact is never of several.

    A check is given all partitions of its asset, and reads that of its run.
    """
    if not context.has_asset_partitions:
        return None
    if not context.has_partition_key:
        raise ArtifactError(
            f"asset {context.asset_key.to_user_string()}: expected a run of one partition, found a "
            "run of none or of a range. Launch a run for each partition."
        )
    return str(context.partition_key)


def _tag_run_of_table(context: dg.OutputContext) -> None:
    """Tag the run of this output with its table if all its assets are of one, and no job did it.

    The web UI's button runs assets without a job.
    """
    step = context.step_context
    if TABLE_TAG in step.dagster_run.tags:
        return
    prefixes = {tuple(key.path[:-1]) for key in step.job_def.asset_layer.selected_asset_keys}
    if len(prefixes) == 1 and len(prefix := prefixes.pop()) == 1:
        step.instance.add_run_tags(step.run_id, {TABLE_TAG: prefix[0]})
