"""Cross-validation: scikit-learn's means fold by fold, and what is left out or withheld."""

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.solvers import Newton
from lr_pipeline.core.solvers.result import Status
from lr_pipeline.engines.design import prepare_rows
from lr_pipeline.evaluation.intervals.interval import Interval, no_interval
from lr_pipeline.evaluation.validation_folds.cross_validate import Validated, cross_validate
from lr_pipeline.evaluation.validation_folds.cross_validation import Estimate, ValidationChoice
from lr_pipeline.evaluation.validation_folds.validation_plan import planned, repeats_of
from lr_pipeline.models.decision.decision import Decision
from lr_pipeline.models.train import Training, train_linear, train_logistic
from lr_pipeline.tables.split.folds import divide, plan_folds
from lr_pipeline.tables.table import Table


def frame(n: int = 120, seed: int = 0) -> pd.DataFrame:
    """Return two columns and a label that depends on the first."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2))
    y = (rng.random(n) < 1 / (1 + np.exp(-1.2 * X[:, 0]))).astype(int)
    return pd.DataFrame(X, columns=["a", "b"]).assign(y=y)


def trained(table: Table) -> dict[str, Validated]:
    """Return a linear and a logistic model, the latter with a threshold of its own."""
    logistic = train_logistic(table, prepare_rows, NumpyKernel(), Training(Newton()))
    logistic = replace(logistic, decision=Decision(0.4, "as agreed"))
    return {"line": Validated(train_linear(table, prepare_rows)), "model": Validated(logistic)}


def test_means_are_scikit_learns_over_the_same_folds() -> None:
    """Log loss, Brier score, area and accuracy at the model's threshold, refitted in each fold."""
    table = Table.from_pandas(frame(), target="y")
    found = cross_validate(trained(table), table, 4, 2)
    values, lines = [], []
    for repeat in range(2):
        for fold in divide(table, plan_folds(table, 4), repeat):
            one, other = (table.where(part).to_pandas() for part in (fold.training, fold.held_out))
            oracle = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1_000)
            p = oracle.fit(one[["a", "b"]], one["y"]).predict_proba(other[["a", "b"]])[:, 1]
            y = other["y"]
            right = ((p > 0.4) == (y == 1)).mean()
            values.append([log_loss(y, p), brier_score_loss(y, p), roc_auc_score(y, p), right])
            line = LinearRegression().fit(one[["a", "b"]], one["y"]).predict(other[["a", "b"]])
            lines.append(((line - y) ** 2).mean())
    means = [found.estimates["model"][name].mean for name in found.estimates["model"]]
    np.testing.assert_allclose(means, np.mean(values, axis=0), atol=1e-5)
    assert found.estimates["line"]["brier_score"].mean == pytest.approx(np.mean(lines))
    assert (found.folds, found.repeats, len(values)) == (4, 2, 8)


def test_the_gain_over_the_baseline_is_paired_by_fold() -> None:
    """Its mean is the difference of means, and its interval is narrower than theirs together."""
    table = Table.from_pandas(frame(), target="y")
    found = cross_validate(trained(table), table, 5, 4)
    gain = found.gains["model"]["log_loss"]
    baseline = found.estimates["prevalence_baseline"]["log_loss"].mean
    assert gain.mean == pytest.approx(baseline - found.estimates["model"]["log_loss"].mean)
    assert gain.mean > 0
    assert found.estimates["prevalence_baseline"]["roc_auc"].mean == 0.5


def test_the_numbers_are_the_same_every_time() -> None:
    """Strict JSON without the time that it took; only that differs."""
    table = Table.from_pandas(frame(), target="y")
    one, other = (cross_validate(trained(table), table, 3, 2) for _ in range(2))
    assert one.numbers() == other.numbers()
    assert "seconds" not in json.dumps(one.numbers(), allow_nan=False)
    assert one.seconds > 0


def test_time_is_validated_forward_once_and_without_intervals() -> None:
    """Each fold has more training rows than the one before, and repeats would repeat it."""
    rows = frame().assign(t=np.arange(120))
    table = Table.from_pandas(rows, target="y", time="t")
    found = cross_validate(trained(table), table, 4, 9)
    assert found.repeats == 1
    assert found.estimates["model"]["log_loss"].mean is not None
    assert "more rows" in found.estimates["model"]["log_loss"].interval.withheld


def test_a_model_that_stopped_before_its_optimum_is_left_out() -> None:
    """Folds would be fitted to their optima, and tell of another model."""
    table = Table.from_pandas(frame(), target="y")
    models = trained(table)
    model = models["model"].model
    stopped = replace(model, fit=replace(model.fit, status=Status.ITERATION_LIMIT))
    found = cross_validate(models | {"model": Validated(stopped)}, table, 3, 1)
    assert "before its optimum" in found.left_out["model"]
    assert list(found.estimates) == ["prevalence_baseline", "line"]


def test_too_few_rows_of_a_class_withhold_it_with_the_reason() -> None:
    """The page says why; no run fails for it."""
    rows = frame(40).assign(y=[1] + [0] * 39)
    table = Table.from_pandas(rows, target="y")
    model = train_linear(table, prepare_rows)
    found = cross_validate({"line": Validated(model)}, table, 5, 1)
    assert "2 rows of each class" in found.withheld
    assert found.estimates == {}


def test_separated_folds_are_counted() -> None:
    """Without the two rows on the other side the classes are apart; log-F's penalty stands in."""
    x = np.append(np.linspace(-2, -0.1, 20), np.linspace(0.1, 2, 20))
    y = (x > 0).astype(int)
    y[19], y[20] = 1, 0
    table = Table.from_pandas(pd.DataFrame({"x": x, "y": y}), target="y")
    model = train_logistic(table, prepare_rows, NumpyKernel(), Training(Newton()))
    found = cross_validate({"model": Validated(model)}, table, 10, 6)
    assert found.penalised > 0
    assert found.estimates["model"]["log_loss"].mean is not None


def test_how_often_follows_from_sizes_alone() -> None:
    """Small tables have ten repeats, larger ones fewer, and large ones none unless asked."""
    automatic = ValidationChoice()
    assert planned(automatic, 20, 80, 10) == (10, "")
    assert repeats_of(8_000, 10, 5) < 10
    assert planned(automatic, 500, 80, 10) == (0, "")
    repeats, reason = planned(automatic, 499, 10**6, 20)
    assert repeats == 0
    assert "--cv" in reason
    assert planned(ValidationChoice(5, 3), 10**6, 10**6, 20) == (3, "")
    assert planned(ValidationChoice(5, 0), 20, 80, 10) == (0, "")


def test_an_interval_ends_where_the_metric_does() -> None:
    """No ROC AUC is above 1 and no log loss below 0; a withheld interval stays withheld."""
    wide = Estimate(0.86, Interval(0.7, 1.03)).within(0.0, 1.0)
    assert (wide.mean, wide.interval.ends) == (0.86, (0.7, 1.0))
    assert Estimate(0.7, Interval(-0.2, 1.6)).within(0.0, math.inf).interval.ends == (0.0, 1.6)
    none = Estimate(None, no_interval("undefined"))
    assert none.within(0.0, 1.0) == none
