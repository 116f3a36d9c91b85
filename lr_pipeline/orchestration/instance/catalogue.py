"""Dagster's event log as the catalogue of artifacts: find the latest version of each asset."""

import difflib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lr_pipeline.core.listed_names import listed
from lr_pipeline.orchestration.asset_names import CHAMPION
from lr_pipeline.orchestration.instance.home import opened_home
from lr_pipeline.orchestration.instance.run_order import place_of_data
from lr_pipeline.storage.artifact_root import present_location
from lr_pipeline.storage.artifacts import Artifact, load_artifact, local_copy
from lr_pipeline.storage.storage_error import ArtifactError

if TYPE_CHECKING:
    from dagster import AssetKey, DagsterInstance, EventLogEntry, EventLogRecord, EventRecordsResult
    from upath import UPath

NO_VALUE = "none"
NAMES_SHOWN = 12
PAGE = 8  # the first one or two decide, unless runs overlapped


def load(name: str, home: str | Path | None = None, partition: str | None = None) -> Any:
    """Load the latest artifact of an asset, verified: a model, a ``Table``, or a dict of numbers.

    ``name`` is the asset's key, its parts joined by ``/``: ``"breast_cancer/numpy_model"``. The
    latest versions of two assets may come from different runs: after a failed run, a table may be
    newer than its model (compare ``model.train_fingerprint``). ``home`` is the Dagster home, by
    default ``$DAGSTER_HOME`` or ``.dagster_home`` here. ``partition``: that of a month, such as
    ``"2023-01-01"``, of an asset below ``NAME_by_month``.

    Raises
    ------
    ArtifactError
        There is no such home, asset (the message lists up to twelve) or partition, or the file has
        changed.
    """
    from dagster import AssetKey

    key = AssetKey(name.split("/"))
    with opened_home(home) as instance:
        latest = latest_materialization(instance, key)
        found = last_recorded(instance, key, partition) if partition else latest
        if found is None and latest is not None:
            made = ", ".join(sorted(instance.get_materialized_partitions(key))) or "none"
            raise ArtifactError(
                f"asset {name}: expected an artifact of partition {partition!r}, found: {made}. "
                "Load one of these, or launch a run of it first."
            )
        if found is None:
            stored = stored_assets(instance)
            close = difflib.get_close_matches(name, stored, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise ArtifactError(
                f"{instance.root_directory}: expected an asset {name!r} with an artifact, found: "
                f"{listed(stored, NAMES_SHOWN) or 'none'}.{hint} Load one of these, or materialize "
                "it first."
            )
        value = load_recorded(key, found)
    return value.numbers if recorded(found, "kind") == "report" else value


def stored_assets(instance: "DagsterInstance") -> list[str]:
    """Return the sorted names of the assets whose latest materialization recorded an artifact."""
    entries = (record.asset_entry for record in instance.get_asset_records())
    return sorted(
        one.asset_key.to_user_string()
        for one in entries
        if one.last_materialization is not None
        and recorded(one.last_materialization, "sha256") is not None
    )


def latest_materialization(
    instance: "DagsterInstance", key: "AssetKey", before_run: str | None = None
) -> "EventLogEntry | None":
    """Return the asset's current version: the one of the run that began last.

    So an older run that ends later, or is resumed later, does not displace a newer one.
    ``before_run``: only of runs that began before this one.

    The champion is an exception: each of its materializations is a ruling that knew the one before
    it (see ``lifecycle.decide``), so that the one that was recorded last is current.
    """
    if key.path[-1] == CHAMPION:
        return last_recorded(instance, key)
    limit = place_of_data(instance, before_run) if before_run else None
    found, began = None, -1
    places: dict[str, int | None] = {}
    for record in newest_first(instance, key):
        if began >= record.storage_id:  # its run began earlier still
            break
        run = record.run_id
        if run not in places:
            places[run] = place_of_data(instance, run)
        place = record.storage_id if (known := places[run]) is None else known
        if place > began and run != before_run and (limit is None or place < limit):
            found, began = record.event_log_entry, place
    return found


def last_recorded(
    instance: "DagsterInstance", key: "AssetKey", partition: str | None = None
) -> "EventLogEntry | None":
    """Return the materialization of the asset, or of one partition, that ended last."""
    if partition is None:
        return instance.get_latest_materialization_event(key)
    from dagster import AssetRecordsFilter

    wanted = AssetRecordsFilter(asset_key=key, asset_partitions=[partition])
    records = instance.fetch_materializations(wanted, limit=1).records
    return records[0].event_log_entry if records else None


def newest_first(
    instance: "DagsterInstance", key: "AssetKey", read_at_once: int = PAGE
) -> "Iterator[EventLogRecord]":
    """Yield the asset's materializations; the one that was recorded last comes first."""
    return all_records(partial(instance.fetch_materializations, key), read_at_once)


def all_records(
    fetch: "Callable[..., EventRecordsResult]", at_once: int
) -> "Iterator[EventLogRecord]":
    """Yield the records that ``fetch`` gives page by page, so many at once."""
    cursor, more = None, True
    while more:
        page = fetch(limit=at_once, cursor=cursor)
        yield from page.records
        cursor, more = page.cursor, page.has_more


def latest_artifact(instance: "DagsterInstance", key: "AssetKey") -> Artifact | None:
    """Return the artifact of the asset's last materialization, None if it has none."""
    entry = last_recorded(instance, key)
    return None if entry is None else recorded_artifact(entry)


def recorded_artifact(entry: "EventLogEntry") -> Artifact | None:
    """Return the artifact that a materialization recorded, None if it recorded none."""
    path, sha256, size, kind = (
        recorded(entry, name) for name in ("path", "sha256", "size", "kind")
    )
    if path is None or sha256 is None or kind is None:
        return None
    key = entry.get_dagster_event().asset_key
    assert key is not None
    return Artifact(present_location(path, len(key.path)), sha256, int(size or 0), kind)


def materialization_of_run(
    instance: "DagsterInstance", key: "AssetKey", run_id: str
) -> "EventLogEntry | None":
    """Return the asset's last materialization by this run."""
    from dagster import DagsterEventType

    entries = instance.all_logs(run_id, of_type=DagsterEventType.ASSET_MATERIALIZATION)
    own = [entry for entry in entries if entry.get_dagster_event().asset_key == key]
    return own[-1] if own else None


def materialization_of_version(
    instance: "DagsterInstance", key: "AssetKey", version: str
) -> "EventLogEntry | None":
    """Return the asset's last materialization with an artifact whose SHA-256 begins so."""
    for record in newest_first(instance, key):
        if (recorded(record.event_log_entry, "sha256") or "").startswith(version):
            return record.event_log_entry
    return None


def load_recorded(key: "AssetKey", entry: "EventLogEntry") -> Any:
    """Read the artifact that a materialization recorded, verified.

    Raises
    ------
    ArtifactError
        The materialization recorded no artifact, or the file is not what was recorded.
    """
    if recorded(entry, "kind") == NO_VALUE:
        return None
    return load_artifact(*_require_artifact(key, entry), recorded(entry, "fingerprint"))


def recorded_file(key: "AssetKey", entry: "EventLogEntry") -> Path:
    """Return the main file that a materialization recorded, verified; errors as `load_recorded`.

    A file in an object store is copied to this machine.
    """
    return local_copy(*_require_artifact(key, entry))


def _require_artifact(key: "AssetKey", entry: "EventLogEntry") -> "tuple[Path | UPath, str, str]":
    """Return the path, SHA-256 and kind of the artifact that a materialization recorded."""
    found = recorded_artifact(entry)
    if found is None:
        raise ArtifactError(
            f"asset {key.to_user_string()}: expected its materialization of run {entry.run_id} to "
            "record a file, found none. Materialize it again with lr_pipeline's IO manager."
        )
    return found.path, found.sha256, found.kind


def root_of_artifacts(key: "AssetKey", entry: "EventLogEntry") -> "Path | UPath":
    """Return the root of all artifacts: ``<root>/<asset key>/<version>/<file>`` less the rest.

    Errors are those of `recorded_file`.
    """
    return _require_artifact(key, entry)[0].parents[len(key.path) + 1]


def recorded(entry: "EventLogEntry", name: str) -> str | None:
    """Return one metadata value of a materialization, or None."""
    materialization = entry.asset_materialization
    found = materialization.metadata.get(name) if materialization else None
    return None if found is None else str(found.value)
