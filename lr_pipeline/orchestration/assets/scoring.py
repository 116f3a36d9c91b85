"""Asset of group ``scoring``: predictions of the current model for new rows."""

from collections.abc import Iterator

import dagster as dg

from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.orchestration.asset_names import CURRENT_MODEL
from lr_pipeline.orchestration.assets.table_asset import Lesson, table_asset
from lr_pipeline.orchestration.config.scoring_config import ScoringConfig
from lr_pipeline.orchestration.instance.check_results import failed_of_version
from lr_pipeline.orchestration.metadata.value_metadata import mismatch_failure
from lr_pipeline.orchestration.pass_progress import PASSES, PassProgress
from lr_pipeline.orchestration.table_names import TableNames
from lr_pipeline.scoring.new_rows import SchemaMismatchError
from lr_pipeline.scoring.predictions import Predictions, score_file, version_of
from lr_pipeline.scoring.reasons import find_reasons

Outcome = Iterator[dg.MaterializeResult[Predictions] | dg.AssetObservation]


@table_asset("scoring", Lesson("test"), {"parquet"}, output_required=False)
def predictions(
    context: dg.AssetExecutionContext, config: ScoringConfig, numpy_model: LogisticModel
) -> Outcome:
    """Scores of new rows by the current model: p = σ(w₀ + xw), its interval, label p > threshold.

    Probability and threshold are those of the model's decision, unless a `threshold` is given.

    The current model is the latest `numpy_model`. The result names features whose value is outside
    the training set's range, or is a category that training lacked. Equal inputs give one version.
    Without a `score_path` nothing is scored, which is said and is no error.
    """
    if config.score_path is None:
        yield _no_rows(context)
        return
    model_key = TableNames.of(context.asset_key).key(CURRENT_MODEL)
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
    """Say why nothing is scored, in the run's log and on the asset's page."""
    op = TableNames.of(context.asset_key).named(context.asset_key.path[-1])
    reason = (
        "no rows are scored without a score_path. Give it in the Launchpad: "
        f"ops: {{{op}: {{config: {{score_path: new_rows.csv}}}}}}, or for every run in the table's "
        "declaration: build_definitions(…, score_path=) or score_path: in its YAML file"
    )
    context.log.warning(f"skipped: {reason}")
    return dg.AssetObservation(
        context.asset_key, description=f"skipped: {reason}", metadata={"skipped": reason}
    )
