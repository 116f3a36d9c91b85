"""Asset of group ``evaluation``: every model tested on rows that none was trained on."""

import dagster as dg

from lr_pipeline.evaluation.evaluate import evaluate_models
from lr_pipeline.evaluation.model_results import model_results
from lr_pipeline.evaluation.test_scores import Models
from lr_pipeline.models.linear_model import LinearModel
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.orchestration.asset_names import LINEAR, NUMPY, TITLES, TORCH
from lr_pipeline.orchestration.assets.table_asset import Lesson, table_asset
from lr_pipeline.orchestration.config.evaluation_config import EvaluationConfig
from lr_pipeline.orchestration.instance.run_record import cost_so_far, record_of_run
from lr_pipeline.orchestration.metadata.value_metadata import report_metadata
from lr_pipeline.orchestration.resources.engine_resource import RowsEngine
from lr_pipeline.report.render import Report, render_report, report_pictures
from lr_pipeline.tables.table import Table


@table_asset("evaluation", Lesson("test", ("模型测试",)), {"html"}, code_version="2")
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

    Also how far gradient descent stopped from the optimum, and one row drawn at random with its
    prediction, 1 where p is above the model's threshold (0.5 unless set), and its label.
    """
    models: Models = {LINEAR: linear_baseline, NUMPY: numpy_model, TORCH: torch_model}
    findings = evaluate_models(
        models,
        train_set,
        test_set,
        engine.prepared,
        config.row_seed,
        engine.provenance,
        engine.aggregate,
        titles=TITLES,
        run=record_of_run(engine, test_set),
        protected=config.protected,
        cv=config.cv.choice(),
        prepare_fold=engine.prepare,
    )
    results = model_results(findings)
    report = render_report(findings, results, cost_so_far)
    return dg.MaterializeResult(
        value=report,
        metadata=report_metadata(report, report_pictures(findings, results)) | engine.metadata(),
    )
