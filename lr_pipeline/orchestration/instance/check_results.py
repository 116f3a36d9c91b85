"""Find in Dagster's event log which checks failed in the run that made an artifact."""

from typing import TYPE_CHECKING

from lr_pipeline.orchestration.asset_names import DATASET, EXISTENCE, TRAIN_SET
from lr_pipeline.tables.errors import cut

if TYPE_CHECKING:
    from dagster import AssetCheckEvaluation, AssetCheckKey, AssetKey, DagsterInstance

# Asset (None: the model itself) and check.
LEAKS = (TRAIN_SET, "no_leakage")
BLOCKING = (
    (DATASET, "contract"),
    LEAKS,
    (EXISTENCE, "estimate_exists"),
    (None, "no_leakage"),
)
LONGEST_DESCRIPTION = 400
MOST_CHECKS = 12


def failed_in_run(instance: "DagsterInstance", run: str) -> tuple[str, ...]:
    """Return asset, check and description of each check that failed in a run, twelve at most.

    If a check was run again later on the artifact of that run, its latest result counts.
    """
    failed = [_described(one) for one in _evaluations(instance, run).values() if not one.passed]
    return tuple(failed[:MOST_CHECKS])


def refusals(instance: "DagsterInstance", model: "AssetKey", run: str) -> tuple[str, ...]:
    """Return the failed checks for which no model of this run may be put in use.

    They are the blocking checks of the model and of what it was made from, with an error as their
    severity. A check that this run did not make counts with its latest result. A split that was
    never checked for leaks is refused, too.
    """
    from dagster import AssetCheckKey, AssetCheckSeverity, AssetKey

    made = _evaluations(instance, run)
    reasons = []
    for asset, check in BLOCKING:
        key = AssetCheckKey(AssetKey([*model.path[:-1], asset or model.path[-1]]), check)
        found = made.get(key) or latest_result(instance, key)
        if found is None and (asset, check) == LEAKS:
            reasons.append(f"{key.asset_key.to_user_string()}: {check} was never run")
        elif found and not found.passed and found.severity is AssetCheckSeverity.ERROR:
            reasons.append(_described(found))
    return tuple(reasons)


def _evaluations(
    instance: "DagsterInstance", run: str
) -> "dict[AssetCheckKey, AssetCheckEvaluation]":
    """Return the result of each check that a run made, or of a later one on the same artifact."""
    from dagster import DagsterEventType

    found: dict[AssetCheckKey, AssetCheckEvaluation] = {}
    for log in instance.all_logs(run, of_type=DagsterEventType.ASSET_CHECK_EVALUATION):
        evaluation = log.get_dagster_event().asset_check_evaluation_data
        found[evaluation.asset_check_key] = _latest(instance, run, evaluation)
    return found


def _latest(
    instance: "DagsterInstance", run: str, evaluation: "AssetCheckEvaluation"
) -> "AssetCheckEvaluation":
    """Return the latest evaluation of the same check, if it checked what the run had made."""
    latest = latest_result(instance, evaluation.asset_check_key)
    target = latest and latest.target_materialization_data
    return latest if latest and target and target.run_id == run else evaluation


def latest_result(
    instance: "DagsterInstance", key: "AssetCheckKey"
) -> "AssetCheckEvaluation | None":
    """Return a check's latest result by any run."""
    from dagster import DagsterEventType

    record = instance.get_latest_asset_check_evaluation_record(key)
    event = record.event.dagster_event if record and record.event else None
    if event is None or event.event_type is not DagsterEventType.ASSET_CHECK_EVALUATION:
        return None
    return event.asset_check_evaluation_data


def _described(evaluation: "AssetCheckEvaluation") -> str:
    description = cut(evaluation.description or "failed", LONGEST_DESCRIPTION)
    asset = evaluation.asset_key.to_user_string()
    return f"{asset}: {evaluation.check_name}: {description}"
