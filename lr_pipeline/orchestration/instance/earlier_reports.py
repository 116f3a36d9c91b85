"""Find the latest earlier report of a table in Dagster's event log."""

from datetime import UTC, datetime

import dagster as dg

from lr_pipeline.evaluation.since.earlier_report import EarlierReport
from lr_pipeline.orchestration.instance.catalogue import load_recorded
from lr_pipeline.storage.storage_error import ArtifactError

OWN_REPORTS = 8  # a step that is retried may have stored its report before


def latest_earlier_report(
    instance: dg.DagsterInstance, key: dg.AssetKey, run_id: str
) -> EarlierReport | None:
    """Return the latest report of this asset by another run than this, None if there is none.

    A file that was removed or changed is no reason to fail: what is returned says that it was so.
    """
    records = instance.fetch_materializations(key, limit=OWN_REPORTS).records
    entries = [one.event_log_entry for one in records if one.run_id != run_id]
    if not entries:
        return None
    run, stored = entries[0].run_id, utc(entries[0].timestamp)
    try:
        numbers = load_recorded(key, entries[0]).numbers
    except ArtifactError as error:
        return EarlierReport(run, stored, None, str(error))
    return EarlierReport(run, numbers.get("run", {}).get("started") or stored, numbers)


def utc(timestamp: float) -> str:
    """Return a Unix time (s) as UTC in ISO 8601."""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
