"""What connects the straight line with the logistic curve, and training rows beside test rows."""

import json

import numpy as np
import pytest
import scipy.stats

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.loss import sigmoid
from lr_pipeline.core.solvers import Newton
from lr_pipeline.evaluation.evaluate import evaluate_models
from lr_pipeline.evaluation.findings import Findings, HeldOutRows, ModelSection
from lr_pipeline.evaluation.metrics import evaluate
from lr_pipeline.evaluation.model_results import model_results
from lr_pipeline.models.train import Training, train_linear, train_logistic
from lr_pipeline.tables.split.split_table import SplitPolicy, split_table
from lr_pipeline.tables.table import Table
from tests.scoring.conftest import prepare


def bridge(line, z, y, weight=None):
    held_out = HeldOutRows(y, 0.5, 10, "train", "test", weight=weight)
    models = [
        ModelSection("line", "line", line, objective="least squares"),
        ModelSection("curve", "curve", sigmoid(z), z),
    ]
    return model_results(Findings(held_out, models)).line


def test_the_bridge_counts_what_the_line_gets_wrong():
    """Two rows lie outside, the furthest first; one row is answered differently."""
    line = np.array([-0.5, 0.2, 0.6, 1.2, 0.9, 0.4])
    z = np.array([-3.0, -1.0, -0.2, 2.0, 1.0, -0.5])
    found = bridge(line, z, np.array([0.0, 0, 1, 1, 1, 0]))
    assert (found.below, found.above, found.cases) == (1, 1, 6)
    assert found.disagreement == pytest.approx(1 / 6)
    assert found.rank_correlation == pytest.approx(1.0)
    assert [(one.row, one.line, one.label) for one in found.examples] == [(0, -0.5, 0), (3, 1.2, 1)]
    assert json.loads(json.dumps(found.numbers(), allow_nan=False)) == found.numbers()


def test_the_rank_correlation_is_spearmans_of_the_repeated_rows():
    """It equals scipy's of rows with ties, each repeated as often as its weight says."""
    rng = np.random.default_rng(1)
    line, weight = rng.normal(size=50).round(1), rng.integers(0, 4, 50).astype(float)
    z = (line + rng.normal(size=50)).round(1)
    y = (rng.random(50) < 0.5).astype(float)
    times = weight.astype(int)
    expected = scipy.stats.spearmanr(np.repeat(line, times), np.repeat(z, times)).statistic
    assert bridge(line, z, y, weight).rank_correlation == pytest.approx(expected, rel=1e-10)


def test_without_a_line_there_is_no_bridge():
    """Two logistic models have nothing to tell about it."""
    y, z = np.array([0.0, 1.0, 1.0, 0.0]), np.array([0.1, 0.2, 0.3, 0.4])
    models = [ModelSection(n, n, sigmoid(z), z) for n in "ab"]
    held_out = HeldOutRows(y, 0.5, 10, "train", "test")
    assert model_results(Findings(held_out, models)).line is None


def test_training_metrics_are_those_of_the_training_rows():
    """Both models' metrics come from the rows that the fit had open."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=300)
    y = (rng.random(300) < sigmoid(x)).astype(int)
    rows = Table.from_arrow(pa_table(y, x), "y")
    train, test = split_table(rows, SplitPolicy())
    models = {
        "line": train_linear(train, prepare),
        "curve": train_logistic(train, prepare, NumpyKernel(), Training(Newton())),
    }
    training = evaluate_models(models, train, test, prepare).training
    assert training.rows == "all training rows"
    for name, model in models.items():
        expected = evaluate(train.labels(), model.predict_proba(train))
        assert training.metrics[name].brier_score == pytest.approx(expected.brier_score, rel=1e-9)
        assert training.metrics[name].roc_auc == pytest.approx(expected.roc_auc, rel=1e-9)


def pa_table(y, x):
    import pyarrow as pa

    return pa.table({"y": y, "x": x})
