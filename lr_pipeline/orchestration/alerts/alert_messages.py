"""What an event means for a person: what happened, to which table, what to do, where to look."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lr_pipeline.lifecycle.model_in_use import Record
from lr_pipeline.orchestration.alerts.acknowledgements import acknowledgement
from lr_pipeline.orchestration.asset_names import CHAMPION, DRIFT, REPORT
from lr_pipeline.orchestration.instance.catalogue import (
    latest_materialization,
    materialization_of_run,
    recorded,
)
from lr_pipeline.orchestration.instance.earlier_reports import utc
from lr_pipeline.orchestration.instance.rulings import RECORD
from lr_pipeline.orchestration.metadata.champion_metadata import describe_ruling
from lr_pipeline.orchestration.table_names import TABLE_TAG, TUTORIAL_TABLE
from lr_pipeline.tables.sources.secrets import without_secrets

if TYPE_CHECKING:
    from dagster import AssetCheckEvaluation, AssetKey, DagsterInstance, EventLogEntry

LONGEST_ERROR = 1_500


@dataclass(frozen=True)
class Alert:
    """A message: its title is one line."""

    title: str
    body: str


def alert_of(instance: "DagsterInstance", entry: "EventLogEntry") -> Alert | None:
    """Return what to say of a failed run, a failed check or a change of the champion, else None.

    For tables that are late there is :func:`late_alert`.
    """
    from dagster import DagsterEventType

    event = entry.get_dagster_event()
    if event.event_type is DagsterEventType.RUN_FAILURE:
        return _run_failed(instance, entry)
    if event.event_type is DagsterEventType.ASSET_CHECK_EVALUATION:
        evaluation = event.asset_check_evaluation_data
        if evaluation.passed or acknowledgement(instance, evaluation) is not None:
            return None
        return _check_failed(instance, entry, evaluation)
    key = event.asset_key
    materialization = entry.asset_materialization
    if key is None or key.path[-1] != CHAMPION or materialization is None:
        return None
    found = materialization.metadata.get(RECORD)
    return None if found is None else _champion_changed(key, Record.from_dict(found.value), entry)  # type: ignore[arg-type]


def late_alert(instance: "DagsterInstance", key: "AssetKey", since: float) -> Alert:
    """Return what to say of a table, one of whose assets became late at this time (Unix, s)."""
    table = "/".join(key.path[:-1])
    return _alert(
        table,
        "is late",
        f"No run has made {key.path[-1]} in the time that the table's declaration allows; it is "
        f"late since {utc(since)}.",
        "See in the web UI whether its schedule or sensor is on, and what its last run said; "
        "`lr-pipeline health` says whether the daemon runs.",
        _report(instance, table, None),
        None,
    )


def _run_failed(instance: "DagsterInstance", entry: "EventLogEntry") -> Alert:
    from dagster import DagsterEventType

    run = instance.get_run_by_id(entry.run_id)
    tags = {} if run is None else run.tags
    table = tags.get(TABLE_TAG, "")
    steps = instance.all_logs(entry.run_id, of_type=DagsterEventType.STEP_FAILURE)
    errors = [one.get_dagster_event().step_failure_data.error for one in steps]
    errors.append(entry.get_dagster_event().job_failure_data.error)
    first = next((error.cause or error for error in errors if error), None)
    message = entry.get_dagster_event().message or "" if first is None else first.message
    message = re.sub(r"^[\w.]+: ", "", without_secrets(message).strip())[:LONGEST_ERROR]
    step = f" at {steps[0].step_key}" if steps else ""
    again = (
        "Dagster tries it once more by itself."
        if tags.get("dagster/will_retry") == "true"
        else "Correct what the message names, then open the run in the web UI and re-execute it "
        "from failure: what earlier steps stored is intact."
    )
    job = "" if run is None else f" of {run.job_name}"
    return _alert(
        table,
        "a run failed",
        f"The run{job} ended{step}: {message}",
        again,
        _report(instance, table, None),
        entry.run_id,
    )


def _check_failed(
    instance: "DagsterInstance", entry: "EventLogEntry", evaluation: "AssetCheckEvaluation"
) -> Alert:
    from dagster import AssetCheckSeverity

    key, check = evaluation.asset_key, evaluation.check_name
    table, asset = "/".join(key.path[:-1]), key.path[-1]
    error = evaluation.severity is AssetCheckSeverity.ERROR
    accept = (
        f"if it is known and accepted: lr-pipeline acknowledge {table or repr('')} {asset}:{check} "
        "--because …, after which it is quiet until it changes."
    )
    if asset == DRIFT:
        what, remedy = "new rows have drifted", "Look at the report; train again on newer rows, or"
    else:
        what = f"check {check} of {asset} failed"
        remedy = "Correct the data or the settings that it names, and run again" + (
            "." if error else ", or"
        )
    severity = "An error: no model of this run is put in use." if error else "A warning."
    return _alert(
        table,
        what,
        f"{without_secrets(evaluation.description or 'It gave no reason.')}\n{severity}",
        remedy if error else f"{remedy}, {accept}",
        _report(instance, table, entry.run_id, DRIFT if asset == DRIFT else REPORT),
        entry.run_id,
    )


def _champion_changed(key: "AssetKey", record: Record, entry: "EventLogEntry") -> Alert | None:
    if not record.changed:
        return None
    table = "/".join(key.path[:-1])
    return _alert(
        table,
        f"the champion is now {record.version or 'none'}",
        f"{describe_ruling(record)}\nBefore: {record.ruling.replaced or 'none'}.",
        "Nothing, if that was expected. To return to the one before: lr-pipeline champion "
        f"{table + ' ' if table else ''}--rollback --because …",
        record.ruling.report,
        entry.run_id,
    )


def _alert(
    table: str, what: str, told: str, remedy: str, report: str | None, run: str | None
) -> Alert:
    lines = [told, "", f"What to do: {remedy}", "", f"Table: {table or TUTORIAL_TABLE}"]
    lines += [f"Run: {run}"] if run else []
    lines += [f"Report: {report}"] if report else []
    return Alert(f"{table or TUTORIAL_TABLE}: {what}", "\n".join(lines))


def _report(
    instance: "DagsterInstance", table: str, run: str | None, asset: str = REPORT
) -> str | None:
    """Return the path of the run's report, else of the table's current one."""
    from dagster import AssetKey

    key = AssetKey([*(table.split("/") if table else []), asset])
    entry = materialization_of_run(instance, key, run) if run else None
    entry = entry or latest_materialization(instance, key)
    return None if entry is None else recorded(entry, "path")
