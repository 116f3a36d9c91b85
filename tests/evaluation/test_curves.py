"""ROC and precision-recall curves, bins and bars equal those of scikit-learn and numpy."""

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import KDTree

from lr_pipeline.core import ranking
from lr_pipeline.evaluation.curves import calibration_of, drawn_curves, rank_curves
from lr_pipeline.evaluation.findings import Findings, HeldOutRows, ModelSection
from lr_pipeline.evaluation.metrics import evaluate
from lr_pipeline.evaluation.model_results import model_results


def labelled_scores(seed, distinct, n=60):
    """Return labels of both classes, scores with ties, and weights that are multiples of 1/8."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n) % 3 > 0).astype(float)
    return y, rng.integers(0, distinct, n) + y * distinct / 2, rng.integers(1, 16, n) / 8


@given(
    seed=st.integers(0, 2**32 - 1),
    distinct=st.sampled_from([1, 2, 5, 1000]),
    weighted=st.booleans(),
)
def test_rank_curves_are_those_of_scikit_learn(seed, distinct, weighted):
    """Points and areas agree; the ROC curve leaves out points inside straight pieces."""
    y, score, weight = labelled_scores(seed, distinct)
    given_weight = weight if weighted else None
    found = rank_curves(y, score, given_weight)
    expected = sklearn.metrics.roc_curve(y, score, sample_weight=given_weight)[:2]
    np.testing.assert_array_equal((found.false_positive_rate, found.true_positive_rate), expected)
    precision, recall, _ = sklearn.metrics.precision_recall_curve(
        y, score, sample_weight=given_weight
    )
    np.testing.assert_array_equal(found.recall, recall)
    np.testing.assert_allclose(found.precision, precision, rtol=4e-16)
    rounding = 60 * np.finfo(np.float64).eps
    area = sklearn.metrics.roc_auc_score(y, score, sample_weight=given_weight)
    assert found.roc_auc == pytest.approx(area, rel=rounding)
    area = sklearn.metrics.average_precision_score(y, score, sample_weight=given_weight)
    assert found.average_precision == pytest.approx(area, rel=rounding)


def test_the_areas_shown_are_those_of_all_rows():
    """The points are of the gathered rows, which may be only some of them."""
    y, score, _ = labelled_scores(1, 1000)
    held_out = HeldOutRows(y[::2], 0.5, 10, "train", "test", step=2)
    model = ModelSection("m", "m", score[::2], metrics=evaluate(y, score))
    found = model_results(Findings(held_out, [model])).curves["m"]
    assert found.roc_auc == pytest.approx(sklearn.metrics.roc_auc_score(y, score), rel=1e-14)
    rates = sklearn.metrics.roc_curve(y[::2], score[::2])[0]
    np.testing.assert_array_equal(found.false_positive_rate, rates)


def test_few_points_of_a_long_curve_are_drawn():
    """Every point of both curves lies within a quarter of a thousandth of a drawn one."""
    rng = np.random.default_rng(3)
    y = (rng.random(300_000) < 0.4).astype(float)
    whole = rank_curves(y, y + rng.normal(size=len(y)))
    drawn = drawn_curves(whole, 0.5, 0.25)
    assert (drawn.roc_auc, drawn.average_precision) == (0.5, 0.25)
    for x, height in (("false_positive_rate", "true_positive_rate"), ("recall", "precision")):
        points, kept = (
            np.column_stack([getattr(curve, x), getattr(curve, height)]) for curve in (whole, drawn)
        )
        assert len(kept) < 40_000
        nearest, _ = KDTree(kept).query(points, p=np.inf)
        assert nearest.max() < 1 / 4096
        np.testing.assert_array_equal(kept[[0, -1]], points[[0, -1]])


def test_each_models_scores_are_sorted_twice(monkeypatch):
    """Once for the counts of metrics, curves and areas, once for the places that intervals need.

    A baseline has two scores to count.
    """
    y, score, _ = labelled_scores(4, 1000)
    sorted_scores = []
    argsort = np.argsort
    monkeypatch.setattr(
        ranking.np, "argsort", lambda scores: sorted_scores.append(len(scores)) or argsort(scores)
    )
    held_out = HeldOutRows(y, 0.5, 10, "train", "test")
    models = [ModelSection(name, name, score) for name in ("a", "b")]
    found = model_results(Findings(held_out, models))
    monkeypatch.undo()
    assert sorted_scores == [2, len(y), len(y), *[len(y)] * 3]
    area = sklearn.metrics.roc_auc_score(y, score)
    assert found.metrics["a"].roc_auc == pytest.approx(area, rel=1e-14)
    baseline = sklearn.metrics.brier_score_loss(y, np.full(60, 0.5))
    assert found.metrics["prevalence_baseline"].brier_score == pytest.approx(baseline, rel=1e-14)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_histogram_counts_each_label_by_its_prediction(weighted):
    """Its bars are numpy's, and no prediction outside [0, 1] is left out."""
    y, score, weight = labelled_scores(2, 1000)
    predictions = score / 400.0 - 0.5
    given_weight = weight if weighted else None
    edges, zeros, ones = calibration_of(y, predictions, given_weight).histogram
    assert (edges[0], edges[-1]) == (min(0.0, predictions.min()), max(1.0, predictions.max()))
    for label, bars in ((0, zeros), (1, ones)):
        rows = y == label
        counted = np.ones(60) if given_weight is None else weight
        assert bars.sum() == counted[rows].sum()
        place = int(np.argmax(bars))
        inside = rows & (predictions >= edges[place]) & (predictions < edges[place + 1])
        assert bars[place] == counted[inside].sum()
