"""Asset of group ``evaluation``: every model judged on the rows that none of them saw."""

import dagster as dg

from lr_pipeline.assets.reading import walkthrough
from lr_pipeline.evaluation import evaluate_models
from lr_pipeline.evaluation_config import EvaluationConfig
from lr_pipeline.judging import Models
from lr_pipeline.metadata import report_metadata
from lr_pipeline.models.linear_model import LinearModel
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.report.render import Report
from lr_pipeline.resources import RowsEngine
from lr_pipeline.tables.table import Table


@dg.asset(group_name="evaluation", kinds={"html"}, code_version="1", metadata=walkthrough("test"))
def evaluation_report(
    config: EvaluationConfig,
    engine: RowsEngine,
    train_set: Table,
    test_set: Table,
    linear_baseline: LinearModel,
    numpy_model: LogisticModel,
    torch_model: LogisticModel,
) -> dg.MaterializeResult[Report]:
    """All models and the prevalence baseline on the test set: metrics, curves, coefficients.

    Also what gradient descent left to do, and one row drawn at random with its prediction, 1 where
    p > 0.5, and its label (tutorial, "模型测试").

    docs/walkthrough.en.md#test, 中文 docs/walkthrough.zh.md#test
    """
    models: Models = {
        "linear_baseline": linear_baseline,
        "numpy_model": numpy_model,
        "torch_model": torch_model,
    }
    evaluation = evaluate_models(
        models,
        train_set,
        test_set,
        engine.rows,
        config.row_seed,
        engine.provenance,
        engine.visit,
    )
    return dg.MaterializeResult(
        value=evaluation.report,
        metadata=report_metadata(evaluation.report, evaluation.pictures) | engine.metadata(),
    )
