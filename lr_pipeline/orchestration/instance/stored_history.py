"""What an instance knows of its runs and stored versions, for the decision which of them stay."""

import re
import time
from collections.abc import Iterator

import dagster as dg
from dagster._core.definitions.data_version import INPUT_EVENT_POINTER_TAG_PREFIX
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from sqlalchemy import func, select

from lr_pipeline.models.model_version import VERSION_DIGITS
from lr_pipeline.orchestration.asset_names import CHAMPION, LOGISTIC_MODELS, PROFILE, REPORT
from lr_pipeline.orchestration.instance.catalogue import (
    latest_materialization,
    newest_first,
    recorded,
    recorded_artifact,
)
from lr_pipeline.orchestration.instance.retention import History, PastRun, StoredVersion
from lr_pipeline.orchestration.instance.rulings import records_of, rulings
from lr_pipeline.orchestration.table_names import TABLE_TAG

Entries = dict[dg.AssetKey, tuple[dg.EventLogRecord, ...]]

PAGE = 200
NAMES = re.compile(
    rf"\b(?:[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}|[0-9a-f]{{{VERSION_DIGITS}}})\b"
)


def read_history(instance: dg.DagsterInstance) -> History:
    """Read runs, versions and what is in use from the event log; the runs first."""
    read_at = time.time()
    runs = tuple(_runs(instance))
    entries = {key: tuple(newest_first(instance, key, PAGE)) for key in instance.get_asset_keys()}
    versions = [_version(key, one) for key, found in entries.items() for one in found]
    trained = _runs_of_models(entries)
    in_use = {*_latest_checks(instance), *_latest_runs(instance, entries)}
    for key in entries:
        if key.path[-1] == CHAMPION:
            in_use |= _of_champions(instance, key, trained, versions)
    known = {one.id for one in runs}

    def named_in(version: StoredVersion) -> Iterator[str]:
        """Yield the runs that a report names, and those of the models that it names."""
        if version.path is None or version.asset.rpartition("/")[2] != REPORT:
            return
        numbers = version.path.with_suffix(".json")
        for name in NAMES.findall(numbers.read_text(encoding="utf-8")) if numbers.exists() else []:
            yield from ({name} & known) or trained.get(name, set())

    return History(read_at, runs, versions, in_use, named_in)


def _runs(instance: dg.DagsterInstance) -> Iterator[PastRun]:
    """Yield every run of the run storage."""
    cursor = None
    while records := instance.get_run_records(limit=PAGE, cursor=cursor):
        for record in records:
            run = record.dagster_run
            yield PastRun(
                run.run_id,
                run.tags.get(TABLE_TAG, run.job_name),
                record.create_timestamp.timestamp(),
                run.is_finished,
                run.parent_run_id,
            )
        cursor = records[-1].dagster_run.run_id


def _version(key: dg.AssetKey, record: dg.EventLogRecord) -> StoredVersion:
    artifact = recorded_artifact(record.event_log_entry)
    materialization = record.asset_materialization
    tags = {} if materialization is None else dict(materialization.tags or {})
    inputs = [
        int(place)
        for name, place in tags.items()
        if name.startswith(INPUT_EVENT_POINTER_TAG_PREFIX) and place.isdigit()
    ]
    return StoredVersion(
        record.storage_id,
        key.to_user_string(),
        record.run_id,
        record.timestamp,
        None if artifact is None else artifact.path,
        0 if artifact is None else artifact.size,
        tuple(inputs),
    )


def _runs_of_models(entries: Entries) -> dict[str, set[str]]:
    """Return model version → the latest run that stored it, and that of its training profile."""
    found: dict[str, dict[str, str]] = {}
    for key, records in entries.items():
        name = key.path[-1]
        if name not in (*LOGISTIC_MODELS, PROFILE):
            continue
        for record in reversed(records):
            entry = record.event_log_entry
            version = recorded(entry, "model_version" if name == PROFILE else "sha256") or ""
            found.setdefault(version[:VERSION_DIGITS], {})[name] = record.run_id
    return {version: set(runs.values()) for version, runs in found.items()}


def _of_champions(
    instance: dg.DagsterInstance,
    key: dg.AssetKey,
    trained: dict[str, set[str]],
    versions: list[StoredVersion],
) -> set[str]:
    """Return the runs of the rulings that put another model in use, and of all that they name."""
    entries = rulings(instance, key)
    of_path = {str(one.path): one.run for one in versions}
    found = set[str]()
    for entry, record in zip(entries, records_of(entries), strict=True):
        if record.changed or record.ruling.by_hand or entry is entries[-1]:
            report = of_path.get(str(record.ruling.report))
            found |= {entry.run_id, record.run or "", report or ""}
            found |= trained.get(record.version or "", set())
    return found


def _latest_runs(instance: dg.DagsterInstance, entries: Entries) -> Iterator[str]:
    """Yield the run of the version of each asset that is loaded, and of each of its partitions."""
    for key, records in entries.items():
        if (entry := latest_materialization(instance, key)) is not None:
            yield entry.run_id
        of_partition = {one.partition_key: one.run_id for one in reversed(records)}
        yield from (run for partition, run in of_partition.items() if partition is not None)


def _latest_checks(instance: dg.DagsterInstance) -> list[str]:
    """Return the runs of the latest result of each check."""
    table = AssetCheckExecutionsTable
    latest = select(func.max(table.c.id)).group_by(table.c.asset_key, table.c.check_name)
    storage = instance.event_log_storage
    assert isinstance(storage, SqlEventLogStorage)
    with storage.index_connection() as connection:
        return list(connection.scalars(select(table.c.run_id).where(table.c.id.in_(latest))))
