"""Metrics of very many test rows are exact, though summed and counted where the rows are."""

import numpy as np
import pyarrow as pa
import pytest

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.solvers import Newton
from lr_pipeline.evaluation.evaluate import evaluate_models
from lr_pipeline.evaluation.model_results import model_results
from lr_pipeline.evaluation.report_numbers import report_numbers
from lr_pipeline.evaluation.test_scores import score_test_set
from lr_pipeline.models.train import Training, train_linear, train_logistic
from lr_pipeline.report.render import render_report
from lr_pipeline.tables.aggregate import aggregate_here
from lr_pipeline.tables.split.split_table import SplitPolicy, split_table
from lr_pipeline.tables.table import Table
from tests.scoring.conftest import prepare

N = 2_000
NAMES = ("linear_baseline", "numpy_model")


def parts_and_models(weighted, equal_scores):
    """Return a split of a table with few or many different rows, and two models of it."""
    rng = np.random.default_rng(8)
    a = rng.integers(0, 3, N).astype(float) if equal_scores else rng.normal(size=N)
    columns = {"a": a, "b": rng.integers(0, 2, N) if equal_scores else rng.normal(size=N)}
    columns["y"] = (rng.random(N) < 1 / (1 + np.exp(0.5 - a))).astype(int)
    columns["w"] = rng.integers(0, 4, N)
    table = Table.from_arrow(
        pa.table(columns), "y", weight="w" if weighted else None, exclude=() if weighted else ("w",)
    )
    train, test = split_table(table, SplitPolicy(test_size=0.4))
    logistic = train_logistic(train, prepare, NumpyKernel(), Training(Newton()))
    return train, test, dict(zip(NAMES, (train_linear(train, prepare), logistic), strict=True))


def numbers_of(findings):
    """Return the numbers of the report on these findings."""
    return report_numbers(findings, model_results(findings))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("equal_scores", [False, True])
def test_counting_gives_the_metrics_of_sorting(weighted, equal_scores):
    """There are 3 or 115 ranges of scores, with and without ties and weights."""
    train, test, models = parts_and_models(weighted, equal_scores)
    expected = numbers_of(evaluate_models(models, train, test, prepare))
    for held in (300, 7):
        found = numbers_of(evaluate_models(models, train, test, prepare, held_rows=held))
        for name, metrics in expected["models"].items():
            for metric, value in metrics.items():
                same = None if value is None else pytest.approx(value, rel=1e-12)
                assert found["models"][name][metric] == same
        assert found["reasons"] == expected["reasons"]
        for key in ("test_rows", "test_prevalence"):
            assert found[key] == pytest.approx(expected[key], rel=1e-14)


@pytest.mark.parametrize(
    ("held", "words"), [(300, "3 ranges of scores"), (N, "all 800 scores sorted")]
)
def test_the_page_says_how_its_metrics_were_computed(held, words):
    """Scores are counted in ranges where not all are held; otherwise they are sorted."""
    train, test, models = parts_and_models(weighted=False, equal_scores=False)
    findings = evaluate_models(models, train, test, prepare, held_rows=held)
    assert words in render_report(findings).html


def test_of_many_rows_few_are_held():
    """Every third row is gathered; a range of a model's scores has about as many, in one pass."""
    _, test, models = parts_and_models(weighted=False, equal_scores=False)
    counted = {name: [] for name in models}

    def aggregate(table, columns, function):
        found = aggregate_here(table, columns, function)
        if isinstance(found, dict):
            for name, counts in found.items():
                counted[name].append(sum(len(of_block.scores) for of_block in counts))
        return found

    scored = score_test_set(models, test, aggregate, held_rows=300)
    np.testing.assert_array_equal(scored.labels, test.labels()[::3])
    np.testing.assert_allclose(
        scored.scores["numpy_model"], models["numpy_model"].linear_predictor(test)[::3]
    )
    for of_ranges in counted.values():
        assert len(of_ranges) == 3
        assert sum(of_ranges) == 800
        assert max(of_ranges) < 400


def test_equal_scores_cost_no_pass_for_nothing():
    """Only a few of 115 ranges differ, and each pass counts the rows of some model."""
    _, test, models = parts_and_models(weighted=False, equal_scores=True)
    passes = []

    def aggregate(table, columns, function):
        found = aggregate_here(table, columns, function)
        if isinstance(found, dict):
            passes.append(len(found))
        return found

    score_test_set(models, test, aggregate, held_rows=7)
    assert 0 < len(passes) < 115
    assert min(passes) > 0


def test_the_row_that_is_shown_is_one_of_those_drawn():
    """Its label and probability are those of its number in the whole test set."""
    train, test, models = parts_and_models(weighted=False, equal_scores=False)
    findings = evaluate_models(models, train, test, prepare, row_seed=5, held_rows=300)
    row = numbers_of(findings)["drawn_row"]
    assert row["index"] % 3 == 0
    probability = models["numpy_model"].predict_proba(test)[row["index"]]
    assert row["probabilities"]["numpy_model"] == pytest.approx(probability, rel=1e-12)
    assert row["label"] == str(int(test.labels()[row["index"]]))
