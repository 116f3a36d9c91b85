"""Asset of group ``scoring``: predictions of the current model for new rows."""

from collections.abc import Iterator

import dagster as dg

from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.orchestration.asset_names import CURRENT_MODEL
from lr_pipeline.orchestration.assets.walkthrough_links import walkthrough
from lr_pipeline.orchestration.config.scoring_config import ScoringConfig
from lr_pipeline.orchestration.instance.check_results import failed_of_version
from lr_pipeline.orchestration.metadata.value_metadata import mismatch_failure
from lr_pipeline.orchestration.pass_progress import PASSES, PassProgress
from lr_pipeline.scoring.new_rows import SchemaMismatchError
from lr_pipeline.scoring.predictions import Predictions, score_file, version_of
from lr_pipeline.scoring.reasons import find_reasons

NO_ROWS = (
    "no rows are scored without a score_path. Give it in the Launchpad: "
    "ops: {predictions: {config: {score_path: new_rows.csv}}}"
)
Outcome = Iterator[dg.MaterializeResult[Predictions] | dg.AssetObservation]


@dg.asset(
    group_name="scoring",
    kinds={"parquet"},
    code_version="1",
    metadata=walkthrough("test"),
    output_required=False,
)
def predictions(
    context: dg.AssetExecutionContext, config: ScoringConfig, numpy_model: LogisticModel
) -> Outcome:
    """Scores of new rows by the current model: p = σ(w₀ + xw), its interval, label p > threshold.

    Probability and threshold are those of the model's decision, unless a `threshold` is given.

    The current model is the latest `numpy_model`. The result names features whose value is outside
    the training set's range, or is a category that training lacked. Equal inputs give one version.
    Without a `score_path` nothing is scored; this is an error only if nothing else was asked for.

    docs/walkthrough.en.md#test, 中文 docs/walkthrough.zh.md#test
    """
    if config.score_path is None:
        yield _no_rows(context)
        return
    model_key = dg.AssetKey([*context.asset_key.path[:-1], CURRENT_MODEL])
    progress = PassProgress(dg.get_dagster_logger(PASSES).info)
    try:
        failed = failed_of_version(context.instance, model_key, version_of(numpy_model))
        reasons = find_reasons(numpy_model, config.reasons, config.reference)
        scored = score_file(
            numpy_model, config.score_path, config.threshold, progress, failed, reasons
        )
    except SchemaMismatchError as error:
        raise mismatch_failure(error) from error
    yield dg.MaterializeResult(value=scored, data_version=dg.DataVersion(scored.fingerprint))


def _no_rows(context: dg.AssetExecutionContext) -> dg.AssetObservation:
    """Say why nothing is scored, in the run's log and on the asset's page.

    Raises
    ------
    Failure
        Only the scores were asked for.
    """
    if set(context.job_def.asset_layer.selected_asset_keys) == {context.asset_key}:
        raise dg.Failure(NO_ROWS, allow_retries=False)
    context.log.warning(f"skipped: {NO_ROWS}")
    return dg.AssetObservation(
        context.asset_key, description=f"skipped: {NO_ROWS}", metadata={"skipped": NO_ROWS}
    )
