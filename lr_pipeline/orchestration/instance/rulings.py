"""The rulings about a table's champion, read from Dagster's event log, one process at a time."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lr_pipeline.lifecycle.model_in_use import Champion, Record
from lr_pipeline.orchestration.asset_names import CHAMPION
from lr_pipeline.orchestration.instance.catalogue import last_recorded, load_recorded, newest_first
from lr_pipeline.orchestration.instance.home_lock import one_process_at_a_time
from lr_pipeline.storage.storage_error import ArtifactError

if TYPE_CHECKING:
    from dagster import AssetKey, DagsterInstance, EventLogEntry

RECORD = "record"  # the metadata of a materialization that hold the ruling
PAGE = 500


@contextmanager
def one_ruling_at_a_time(instance: "DagsterInstance", key: "AssetKey") -> Iterator[None]:
    """Hold the lock of a table's champion until the ruling is recorded.

    Whoever reads the champion within the block reads the one that the ruling replaces.
    """
    with one_process_at_a_time(instance, ".".join(key.path)):
        yield


def champion_key(prefix: "list[str]") -> "AssetKey":
    """Return the key of the champion of the table with this key prefix."""
    from dagster import AssetKey

    return AssetKey([*prefix, CHAMPION])


def current_champion(instance: "DagsterInstance", key: "AssetKey") -> Champion | None:
    """Return the champion after the latest ruling, None if there was never one.

    Raises
    ------
    ArtifactError
        Its file is missing, or not what was recorded; a person must decide which model scores.
    """
    entry = last_recorded(instance, key)
    try:
        return None if entry is None else Champion.of(load_recorded(key, entry))
    except ArtifactError as error:
        table = "/".join(key.path[:-1]) or "…"
        raise ArtifactError(
            f"the model in use cannot be read. {error} Or put another model in use: lr-pipeline "
            f'champion {table} --promote latest --because "its file was lost".'
        ) from error


def latest_record(instance: "DagsterInstance", key: "AssetKey") -> Record | None:
    """Return the record of the latest ruling, without reading its model; None if there is none."""
    entry = last_recorded(instance, key)
    found = None if entry is None else _metadata(entry)
    return None if found is None else Record.from_dict(found)


def rulings(instance: "DagsterInstance", key: "AssetKey") -> "list[EventLogEntry]":
    """Return the materializations of a champion that recorded a ruling, oldest first."""
    entries = [one.event_log_entry for one in newest_first(instance, key, PAGE)]
    return [one for one in reversed(entries) if _metadata(one) is not None]


def records_of(entries: "list[EventLogEntry]") -> list[Record]:
    """Return the record of each of these rulings."""
    return [Record.from_dict(_metadata(one)) for one in entries]


def _metadata(entry: "EventLogEntry") -> Any:
    materialization = entry.asset_materialization
    found = materialization.metadata.get(RECORD) if materialization else None
    return None if found is None else found.value


def user_name() -> str:
    """Return who runs this process, as the system names them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "unknown"
