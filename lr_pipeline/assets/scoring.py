"""Asset of group ``scoring``: new rows, scored by the current model."""

import dagster as dg

from lr_pipeline.assets.reading import walkthrough
from lr_pipeline.metadata import mismatch_failure
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.pass_progress import PASSES, PassProgress
from lr_pipeline.scoring.new_rows import SchemaMismatchError
from lr_pipeline.scoring.predictions import Predictions, score_file
from lr_pipeline.scoring_config import ScoringConfig


@dg.asset(group_name="scoring", kinds={"parquet"}, code_version="1", metadata=walkthrough("test"))
def predictions(
    config: ScoringConfig, numpy_model: LogisticModel
) -> dg.MaterializeResult[Predictions]:
    """New rows by the current model: p = σ(w₀ + xw), its interval, and the label (p > threshold).

    The current model is the latest `numpy_model`. Rows beyond the training set's ranges and with
    unseen categories are marked. Equal inputs give one version.

    docs/walkthrough.en.md#test, 中文 docs/walkthrough.zh.md#test
    """
    progress = PassProgress(dg.get_dagster_logger(PASSES).info)
    try:
        scored = score_file(numpy_model, config.score_path, config.threshold, progress)
    except SchemaMismatchError as error:
        raise mismatch_failure(error) from error
    return dg.MaterializeResult(value=scored, data_version=dg.DataVersion(scored.fingerprint))
