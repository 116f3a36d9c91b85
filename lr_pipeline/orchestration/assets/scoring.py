"""Asset of group ``scoring``: predictions of the champion for new rows."""

from collections.abc import Iterator

import dagster as dg

from lr_pipeline.lifecycle.model_in_use import Champion
from lr_pipeline.models.recorded_model import RecordedModel
from lr_pipeline.orchestration.asset_names import CHAMPION
from lr_pipeline.orchestration.assets.skipped import skipped, skipped_without_rows
from lr_pipeline.orchestration.assets.table_asset import Lesson, table_asset
from lr_pipeline.orchestration.config.scoring_config import ScoringConfig
from lr_pipeline.orchestration.instance.model_choice import choose_champion
from lr_pipeline.orchestration.metadata.value_metadata import mismatch_failure
from lr_pipeline.orchestration.pass_progress import PASSES, PassProgress
from lr_pipeline.orchestration.resources.table_resource import TableResource
from lr_pipeline.orchestration.table_names import TableNames
from lr_pipeline.scoring.new_rows import SchemaMismatchError
from lr_pipeline.scoring.predictions import Predictions, ScoringError, score_file
from lr_pipeline.scoring.reasons import find_reasons

Outcome = Iterator[dg.MaterializeResult[Predictions] | dg.AssetObservation]


@table_asset("scoring", Lesson("test"), {"parquet"}, output_required=False)
def predictions(
    context: dg.AssetExecutionContext,
    config: ScoringConfig,
    table: TableResource,
    champion: RecordedModel,
) -> Outcome:
    """Scores of new rows by the champion: p = σ(w₀ + xw), its interval, label p > threshold.

    Probability and threshold are those of the model's decision, unless a `threshold` is given.

    The result names features whose value is outside the training set's range, or is a category that
    training lacked. Equal inputs give one version. Without a `score_path` nothing is scored, and
    the run says so without an error. If there is no champion, a run of the scores alone fails.
    """
    if config.score_path is None:
        yield skipped_without_rows(context, "no rows are scored")
        return
    new_rows = table.place_for_runs("score_path", config.score_path)
    reference = config.reference and table.place_for_runs("reference", config.reference)
    key = TableNames.of(context.asset_key).key(CHAMPION)
    progress = PassProgress(dg.get_dagster_logger(PASSES).info)
    try:
        chosen = choose_champion(context.instance, key, Champion.of(champion), config.anyway)
    except ScoringError as error:
        if set(context.job_def.asset_layer.selected_asset_keys) == {context.asset_key}:
            raise dg.Failure(str(error), allow_retries=False) from error
        yield skipped(context, str(error))
        return
    try:
        scored = score_file(
            chosen.model,
            new_rows,
            config.threshold,
            progress,
            chosen.failed_checks,
            find_reasons(chosen.model, config.reasons, reference),
            chosen.status,
        )
    except SchemaMismatchError as error:
        raise mismatch_failure(error) from error
    yield dg.MaterializeResult(value=scored, data_version=dg.DataVersion(scored.fingerprint))
