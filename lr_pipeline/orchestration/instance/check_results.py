"""Find in Dagster's event log which checks failed in the run that made an artifact."""

from pathlib import Path
from typing import TYPE_CHECKING

from lr_pipeline.orchestration.instance.catalogue import recorded
from lr_pipeline.orchestration.instance.home import dagster_home, initialise_home

if TYPE_CHECKING:
    from dagster import AssetCheckEvaluation, AssetCheckKey, AssetKey, DagsterInstance

LONGEST_DESCRIPTION = 400
MOST_CHECKS = 12
VERSIONS_SEARCHED = 50


def failed_checks(name: str, version: str, home: str | Path | None = None) -> tuple[str, ...]:
    """Return ``failed_of_version`` for the asset ``name`` in a Dagster home."""
    from dagster import AssetKey, DagsterInstance

    with DagsterInstance.from_config(str(initialise_home(dagster_home(home)))) as instance:
        return failed_of_version(instance, AssetKey(name.split("/")), version)


def failed_of_version(
    instance: "DagsterInstance", key: "AssetKey", version: str
) -> tuple[str, ...]:
    """Return asset, check and description of each failed check in the run that made an artifact.

    ``version`` is the first digits of the artifact's SHA-256; the asset's latest 50 versions are
    searched.
    """
    for record in instance.fetch_materializations(key, limit=VERSIONS_SEARCHED).records:
        entry = record.event_log_entry
        if (recorded(entry, "sha256") or "").startswith(version):
            return failed_in_run(instance, entry.run_id)
    return ()


def failed_in_run(instance: "DagsterInstance", run: str) -> tuple[str, ...]:
    """Return asset, check and description of each check that failed in a run, twelve at most.

    If a check was run again later on the artifact of that run, its latest result counts.
    """
    from dagster import DagsterEventType

    logs = instance.all_logs(run, of_type=DagsterEventType.ASSET_CHECK_EVALUATION)
    found: dict[AssetCheckKey, AssetCheckEvaluation] = {}
    for log in logs:
        evaluation = log.get_dagster_event().asset_check_evaluation_data
        found[evaluation.asset_check_key] = _latest(instance, run, evaluation)
    failed = [_described(one) for one in found.values() if not one.passed]
    return tuple(failed[:MOST_CHECKS])


def _latest(
    instance: "DagsterInstance", run: str, evaluation: "AssetCheckEvaluation"
) -> "AssetCheckEvaluation":
    """Return the latest evaluation of the same check, if it checked what the run had made."""
    from dagster import DagsterEventType

    record = instance.get_latest_asset_check_evaluation_record(evaluation.asset_check_key)
    event = record.event.dagster_event if record and record.event else None
    if event is None or event.event_type is not DagsterEventType.ASSET_CHECK_EVALUATION:
        return evaluation
    latest = event.asset_check_evaluation_data
    target = latest.target_materialization_data
    return latest if target is not None and target.run_id == run else evaluation


def _described(evaluation: "AssetCheckEvaluation") -> str:
    description = evaluation.description or "failed"
    if len(description) > LONGEST_DESCRIPTION:
        description = f"{description[:LONGEST_DESCRIPTION]}…"
    asset = evaluation.asset_key.to_user_string()
    return f"{asset}: {evaluation.check_name}: {description}"
