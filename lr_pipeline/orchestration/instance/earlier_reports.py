"""Find the latest earlier report of a table in Dagster's event log."""

from datetime import UTC, datetime

import dagster as dg

from lr_pipeline.evaluation.since.earlier_report import EarlierReport
from lr_pipeline.orchestration.instance.catalogue import latest_materialization, load_recorded
from lr_pipeline.storage.storage_error import ArtifactError


def latest_earlier_report(
    instance: dg.DagsterInstance, key: dg.AssetKey, run_id: str
) -> EarlierReport | None:
    """Return the report by the run that began last before this one, None if there is none.

    A file that was removed or changed is no reason to fail: what is returned says that it was so.
    """
    entry = latest_materialization(instance, key, before_run=run_id)
    if entry is None:
        return None
    run, stored = entry.run_id, utc(entry.timestamp)
    try:
        numbers = load_recorded(key, entry).numbers
    except ArtifactError as error:
        return EarlierReport(run, stored, None, str(error))
    return EarlierReport(run, numbers.get("run", {}).get("started") or stored, numbers)


def utc(timestamp: float) -> str:
    """Return a Unix time (s) as UTC in ISO 8601."""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
