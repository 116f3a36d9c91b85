"""Assets on drift: what is kept of the training set, and how far new rows have moved from it."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from lr_pipeline.lifecycle.drift.drift_findings import find_drift
from lr_pipeline.lifecycle.drift.drift_numbers import drift_numbers
from lr_pipeline.lifecycle.drift.new_counts import count_new_rows
from lr_pipeline.lifecycle.drift.reference_profile import ReferenceProfile
from lr_pipeline.lifecycle.drift.training_profile import profile_training_set
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.models.model_version import version_of
from lr_pipeline.orchestration.asset_names import CHAMPION, PROFILE
from lr_pipeline.orchestration.assets.skipped import skipped_without_rows
from lr_pipeline.orchestration.assets.table_asset import Lesson, table_asset
from lr_pipeline.orchestration.config.scoring_config import DriftConfig
from lr_pipeline.orchestration.instance.profile_choice import profile_of_model
from lr_pipeline.orchestration.instance.rulings import current_champion
from lr_pipeline.orchestration.metadata.drift_metadata import drift_metadata, reference_metadata
from lr_pipeline.orchestration.metadata.value_metadata import mismatch_failure
from lr_pipeline.orchestration.resources.table_resource import TableResource
from lr_pipeline.orchestration.table_names import TableNames
from lr_pipeline.report.drift_page import drift_pictures, render_drift
from lr_pipeline.report.render import Report
from lr_pipeline.scoring.new_rows import SchemaMismatchError, open_new_rows
from lr_pipeline.tables.sources.secrets import without_secrets
from lr_pipeline.tables.table import Table

Outcome = Iterator[dg.MaterializeResult[Report] | dg.AssetObservation]


@table_asset("models", Lesson("test"), {"json"}, code_version="2")
def reference_profile(
    numpy_model: LogisticModel, train_set: Table
) -> dg.MaterializeResult[dict[str, Any]]:
    """What drift needs of the training set: quantiles of numbers, levels of categories, the score.

    It stays with the model when the training rows are gone. docs/drift.md
    """
    profile = profile_training_set(numpy_model, train_set)
    return dg.MaterializeResult(value=profile.to_dict(), metadata=reference_metadata(profile))


@table_asset("lifecycle", Lesson("test"), {"html"}, code_version="2", output_required=False)
def drift_report(
    context: dg.AssetExecutionContext,
    config: DriftConfig,
    table: TableResource,
    numpy_model: LogisticModel,
    reference_profile: dict[str, Any],
) -> Outcome:
    """How far new rows have moved from the champion's training set, or the latest model's.

    Each feature, its missing values, unseen levels and values out of range, the model's score, and
    the prevalence where the rows carry answers: an effect size with a floor, and false-discovery
    control over all of them. Without a `score_path` nothing is compared. docs/drift.md
    """
    if config.score_path is None:
        yield skipped_without_rows(context, "nothing is compared")
        return
    place = table.place_for_runs("score_path", config.score_path)
    names = TableNames.of(context.asset_key)
    champion = current_champion(context.instance, names.key(CHAMPION))
    model = (champion and champion.model) or numpy_model
    profile = ReferenceProfile.from_dict(reference_profile)
    if profile.model_version != version_of(model):
        profile = profile_of_model(context.instance, names.key(PROFILE), version_of(model))
    try:
        new_rows = open_new_rows(place, model.preparation)
    except SchemaMismatchError as error:
        raise mismatch_failure(error) from error
    findings = find_drift(profile, count_new_rows(model, profile, new_rows))
    numbers = drift_numbers(findings, without_secrets(place))
    report = render_drift(numbers)
    yield dg.MaterializeResult(
        value=report, metadata=drift_metadata(report, drift_pictures(numbers))
    )
