"""Diagnostics of a model: rows by number and id, and what a penalty or a bad fit withholds."""

import json

import numpy as np
import pandas as pd
import pytest

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.penalties.firth import Firth
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.solvers import GradientDescent, Newton
from lr_pipeline.evaluation.evaluate import evaluate_models
from lr_pipeline.models.train import Training, train_logistic
from lr_pipeline.report.render import render_report
from lr_pipeline.tables.split.split_table import SplitPolicy, split_table
from lr_pipeline.tables.table import Table
from tests.scoring.conftest import prepare


@pytest.fixture(scope="module")
def split():
    """Return train and test of 300 rows with ids; one row contradicts all others."""
    rng = np.random.default_rng(4)
    x, bent = rng.normal(size=300), rng.normal(size=300)
    y = (rng.random(300) < 1 / (1 + np.exp(-2 * x - bent**2 + 1))).astype(int)
    x[rng.integers(300)] = 9.0
    columns = {"key": [f"k{j}" for j in range(300)], "x": x, "bent": bent, "y": y}
    return split_table(Table.from_pandas(pd.DataFrame(columns), "y", id="key"), SplitPolicy())


def findings_of(split, penalty=None, solver=None):
    """Evaluate one model."""
    train, test = split
    training = Training(solver or Newton(), penalty=penalty or NoPenalty())
    model = train_logistic(train, prepare, NumpyKernel(), training)
    return evaluate_models({"numpy_model": model}, train, test, prepare), model


@pytest.fixture(scope="module")
def found(split):
    """Return the findings of a maximum-likelihood fit."""
    return findings_of(split)[0]


def test_influential_rows_are_named_by_number_and_id(split, found):
    """They are the training rows with these ids, labels and predictions."""
    train, _ = split
    frame = train.to_pandas()
    rows = found.diagnostics.influential
    assert len(rows) == 10
    for row in rows:
        assert frame["key"][row.number] == row.id
        assert frame["y"][row.number] == row.label
    distances = [row.cooks_distance for row in rows]
    assert distances == sorted(distances, reverse=True)


def test_worst_predictions_are_those_of_the_largest_loss(split, found):
    """Their mean loss is that of the ten largest; each has its id."""
    _, test = split
    p, y = found.models[0].probabilities, found.held_out.labels
    loss = -np.log(np.where(y == 1, p, 1 - p))
    worst = found.diagnostics.worst
    assert [row.loss for row in worst] == pytest.approx(sorted(loss, reverse=True)[:10])
    assert [test.to_pandas()["key"][row.number] for row in worst] == [row.id for row in worst]


def test_the_bent_column_is_the_most_suspicious(found):
    """It is drawn first."""
    assert found.diagnostics.linearity[0].column == "bent"
    assert found.diagnostics.linearity[0].p_holm < 0.001
    assert found.diagnostics.binned[0].column == "bent"


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"penalty": Firth()}, "penalised (firth)"),
        ({"solver": GradientDescent(iterations=3)}, "not come to its optimum"),
    ],
)
def test_what_would_be_wrong_is_withheld_with_the_reason(split, settings, reason):
    """Influence, tests of linearity and criteria; the page says why."""
    findings, _ = findings_of(split, **settings)
    diagnostics = findings.diagnostics
    assert (list(diagnostics.influential), list(diagnostics.linearity)) == ([], [])
    numbers = json.loads(json.dumps(diagnostics.numbers(), allow_nan=False))
    assert numbers["criteria"]["aic"] is None
    assert all(
        reason in numbers["withheld"][part] for part in ("influence", "linearity", "criteria")
    )
    assert reason in render_report(findings).html


def test_the_page_names_rows_and_curved_columns(found):
    """Tables and figure are in the section, the numbers in the JSON."""
    report = render_report(found)
    assert "The log odds are no straight line in bent" in report.html
    assert "Observed and predicted log odds by value" in report.html
    assert "Cook’s distance" in report.html
    assert len(report.numbers["diagnostics"]["influential"]) == 10
    json.dumps(report.numbers, allow_nan=False)
