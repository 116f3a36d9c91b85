"""The pipeline's work as a plain script: the same table, calls and files, without Dagster."""

import sys
from pathlib import Path

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.solvers import Newton
from lr_pipeline.core.solvers.lbfgs import Lbfgs
from lr_pipeline.engines.design import PreparedRows, prepare_rows
from lr_pipeline.engines.torch.torch_kernel import TorchKernel
from lr_pipeline.evaluation.evaluate import evaluate_models
from lr_pipeline.models.agreement import measure_agreement
from lr_pipeline.models.train import Training, assess_table, train_linear, train_logistic
from lr_pipeline.report.canvas import markdown_picture
from lr_pipeline.report.loss_figure import loss_curve
from lr_pipeline.report.render import render_report
from lr_pipeline.storage.plain_values import json_text
from lr_pipeline.studies import descent, learning_rates, likelihood, regression
from lr_pipeline.studies.sample import sample_table
from lr_pipeline.studies.study import Study
from lr_pipeline.tables.feature_profile import profile_features
from lr_pipeline.tables.sources.declared_tables import SyntheticTable
from lr_pipeline.tables.split.leakage import find_leakage
from lr_pipeline.tables.split.split_table import split_table
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.validation.validate import find_problems


def prepare(table: Table) -> PreparedRows:
    """Return the design of a table in memory."""
    return prepare_rows(table, "memory")


def studies_of(train: Table) -> dict[str, Study]:
    """The tutorial's studies with the default settings of their assets."""
    sample = sample_table(train, 1_000)
    x0, y = sample.columns[0], sample.block.y
    return {
        "gradient_descent_study": descent.gradient_descent_study(descent.LEARNING_RATES),
        "learning_rate_study": learning_rates.learning_rate_study(sample.rows()),
        "likelihood_study": likelihood.likelihood_study(
            sample.column(x0), y, x0, train.roles.target
        ),
        "regression_study": regression.regression_study(sample.block, sample.columns),
    }


def main(folder: Path) -> None:
    """Write every artifact of the tutorial's table below ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    source = SyntheticTable()
    dataset = source.read()
    assert not find_problems(dataset)
    train, test = split_table(dataset, source.split)
    assert find_leakage(dataset, train, test).clean
    for name, table in (("dataset", dataset), ("train_set", train), ("test_set", test)):
        table.write_parquet(folder / f"{name}.parquet")
    (folder / "profile.json").write_text(json_text(profile_features(dataset)))
    existence = assess_table(train, prepare)
    (folder / "mle_existence.json").write_text(json_text(existence))
    models = {
        "linear_baseline": train_linear(train, prepare),
        "numpy_model": train_logistic(train, prepare, NumpyKernel(), Training(Newton()), existence),
        "torch_model": train_logistic(train, prepare, TorchKernel(), Training(Lbfgs()), existence),
    }
    for name, model in models.items():
        (folder / f"{name}.json").write_text(model.to_json())
        if name != "linear_baseline":
            markdown_picture(loss_curve(model.fit.trace, name), name)
    assert measure_agreement(models["numpy_model"], models["torch_model"], train).within_tolerance
    report = render_report(evaluate_models(models, train, test, prepare))
    (folder / "report.html").write_text(report.html)
    (folder / "report.json").write_text(json_text(report.numbers))
    for name, study in studies_of(train).items():
        (folder / f"{name}.json").write_text(json_text(study.numbers))
        for title, png in study.pictures.items():
            (folder / f"{name}_{title}.png").write_bytes(png)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
