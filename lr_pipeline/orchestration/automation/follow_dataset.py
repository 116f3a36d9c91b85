"""Declarative automation: the assets that are made of a `dataset` follow it by themselves."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from lr_pipeline.orchestration.table_names import TableNames

_When = dg.AutomationCondition


def follow_condition() -> dg.AutomationCondition[Any]:
    """Return when an asset is made again: an input has another value, and its blocking checks pass.

    An input that was made by a run which makes this asset as well is no reason, and nothing is
    requested while such a run goes on: so a training that a schedule, a sensor or a person started
    is not done twice. An asset is not made again for equal rows (the same data version) either.
    """
    changed = _When.any_deps_match(
        (_When.data_version_changed() & ~_When.executed_with_root_target())
        | _When.will_be_requested()
    ).with_label("an input has another value")
    return (
        (_When.newly_missing() | changed).since_last_handled()
        & ~_When.any_deps_missing()
        & ~_When.any_deps_in_progress()
        & ~_When.in_progress()
        & _When.all_deps_blocking_checks_passed()
    ).with_label("follow_dataset")


def follow_sensor(
    keys: Sequence[dg.AssetKey], names: TableNames
) -> dg.AutomationConditionSensorDefinition:
    """Return the sensor that evaluates the conditions of ``keys``; it is on from the start."""
    return dg.AutomationConditionSensorDefinition(
        names.named("follow_dataset"),
        target=dg.AssetSelection.assets(*keys),
        run_tags=names.tags | names.training_tags,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Makes what depends on `dataset` when that has other rows and its blocking "
        "checks passed.",
    )
