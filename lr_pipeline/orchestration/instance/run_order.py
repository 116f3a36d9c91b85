"""Which of two runs began first: by the order of the event log, which no clock can change.

Each event has a number, its storage id. A run begins with the event RUN_START; whatever it reads
of other runs was recorded before, and whatever it makes is recorded after.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster import AssetKey, DagsterInstance, DagsterRun, RunRecord

SECONDS_AROUND = 1.0  # the log rounds its times; runs are told apart by their ids
STARTS_SEARCHED = 1000


def place_of_start(instance: "DagsterInstance", record: "RunRecord") -> int | None:
    """Return the number of the event with which the run began; None if it has not begun."""
    from dagster import DagsterEventType, RunStatusChangeRecordsFilter

    began = record.start_time
    starts = instance.fetch_run_status_changes(
        RunStatusChangeRecordsFilter(
            DagsterEventType.RUN_START,
            after_timestamp=(began or record.create_timestamp.timestamp()) - SECONDS_AROUND,
            before_timestamp=None if began is None else began + SECONDS_AROUND,
        ),
        limit=STARTS_SEARCHED,
    )
    run_id = record.dagster_run.run_id
    return next((one.storage_id for one in starts.records if one.run_id == run_id), None)


def place_of_data(instance: "DagsterInstance", run_id: str) -> int | None:
    """Return the place of the start of the run in which this run's data were read.

    That is the run itself or, if it was resumed or makes only some steps again, the earliest of the
    runs whose artifacts it goes on with. None: the run is not known.
    """
    record = _run_of_data(instance, run_id)
    return None if record is None else place_of_start(instance, record)


def goes_on(instance: "DagsterInstance", run_id: str) -> bool:
    """Tell whether a run goes on with artifacts of a run that it executes again."""
    record = _run_of_data(instance, run_id)
    return record is not None and record.dagster_run.run_id != run_id


def _run_of_data(instance: "DagsterInstance", run_id: str) -> "RunRecord | None":
    record = instance.get_run_record_by_id(run_id) if run_id else None
    if record is None:
        return None
    run, planned = record.dagster_run, None
    while run.parent_run_id and (parent := instance.get_run_record_by_id(run.parent_run_id)):
        run = parent.dagster_run
        planned = planned or _assets(instance, run_id, "ASSET_MATERIALIZATION_PLANNED")
        if _assets(instance, run.run_id, "ASSET_MATERIALIZATION") - planned:
            record = parent
    return record


def _assets(instance: "DagsterInstance", run_id: str, event: str) -> "set[AssetKey | None]":
    """Return the assets of a run's events of this type."""
    from dagster import DagsterEventType

    entries = instance.all_logs(run_id, of_type=DagsterEventType[event])
    return {entry.get_dagster_event().asset_key for entry in entries}


def with_ancestors(instance: "DagsterInstance", run: "DagsterRun") -> "list[DagsterRun]":
    """Return a run, the run that it executes again, the run that this executes again, and so on."""
    runs = [run]
    while (parent := runs[-1].parent_run_id) and (found := instance.get_run_by_id(parent)):
        runs.append(found)
    return runs
