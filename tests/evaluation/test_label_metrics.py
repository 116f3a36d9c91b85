"""Metrics of labels, KS, Gini and the Brier score's parts against scikit-learn and scipy."""

import numpy as np
import pytest
import scipy.stats
import sklearn.isotonic
import sklearn.metrics

from lr_pipeline.core.ranking import count_scores
from lr_pipeline.evaluation.label_metrics import label_metrics
from lr_pipeline.evaluation.metrics import evaluate
from lr_pipeline.evaluation.roc_hull import RocHull


def predictions(rows=300):
    rng = np.random.default_rng(1)
    p = rng.uniform(0.01, 0.99, rows).round(2)
    y = (rng.random(rows) < p).astype(float)
    return y, p, rng.integers(1, 5, rows).astype(float)


@pytest.mark.parametrize("weighted", [False, True])
def test_metrics_of_labels_are_those_of_scikit_learn(weighted):
    """The threshold is 0.3, with and without weights."""
    y, p, weight = predictions()
    weight = weight if weighted else None
    found, yes = evaluate(y, p, weight, threshold=0.3), p > 0.3
    rest = {"sample_weight": weight}
    assert found.balanced_accuracy == pytest.approx(
        sklearn.metrics.balanced_accuracy_score(y, yes, **rest)
    )
    assert found.precision == pytest.approx(sklearn.metrics.precision_score(y, yes, **rest))
    assert found.recall == pytest.approx(sklearn.metrics.recall_score(y, yes, **rest))
    specificity = sklearn.metrics.recall_score(y, yes, pos_label=0, **rest)
    assert found.specificity == pytest.approx(specificity)
    assert found.f1 == pytest.approx(sklearn.metrics.f1_score(y, yes, **rest))
    assert found.mcc == pytest.approx(sklearn.metrics.matthews_corrcoef(y, yes, **rest))


def test_ks_is_the_statistic_of_the_one_sided_test():
    """scipy's, of the scores of the two classes; Gini is 2 AUC − 1."""
    y, p, _ = predictions()
    found = evaluate(y, p)
    peer = scipy.stats.ks_2samp(p[y == 0], p[y == 1], alternative="greater")
    assert found.ks == pytest.approx(peer.statistic, rel=1e-12)
    assert found.gini == pytest.approx(2 * sklearn.metrics.roc_auc_score(y, p) - 1)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_parts_of_the_brier_score_are_those_of_scikit_learns_isotonic_regression(weighted):
    """They add up exactly."""
    y, p, weight = predictions()
    weight = weight if weighted else np.ones_like(y)
    found = evaluate(y, p, weight)
    fitted = sklearn.isotonic.IsotonicRegression().fit(p, y, weight).predict(p)
    calibrated = np.average((fitted - y) ** 2, weights=weight)
    share = np.average(y, weights=weight)
    assert found.brier_reliability == pytest.approx(found.brier_score - calibrated)
    assert found.brier_resolution == pytest.approx(share * (1 - share) - calibrated)
    parts = found.brier_reliability - found.brier_resolution + found.brier_uncertainty
    assert parts == pytest.approx(found.brier_score, rel=1e-12)


def test_the_hull_of_ranges_of_scores_is_that_of_all():
    """The ranges do not matter, since pooling goes on across their edges."""
    y, p, weight = predictions()
    whole, parts = RocHull.of(count_scores(y, p, weight)), RocHull()
    for low, high in ((0.7, 1.0), (0.4, 0.7), (0.0, 0.4)):
        rows = (p > low) & (p <= high)
        parts = parts.above(RocHull.of(count_scores(y[rows], p[rows], weight[rows])))
    np.testing.assert_allclose(parts.positive, whole.positive)
    assert parts.largest_gap == pytest.approx(whole.largest_gap)


@pytest.mark.parametrize(
    ("cells", "reasons"),
    [
        ((5, 0, 3, 0), {"precision": "no test row is predicted to be 1", "mcc": "every test row"}),
        ((5, 2, 0, 0), {"recall": "no test label is 1", "balanced_accuracy": "no test label is 1"}),
        ((0, 0, 2, 3), {"specificity": "no test label is 0", "mcc": "no test label is 0"}),
        ((6, 0, 0, 0), {"f1": "no test label is 1, and none is predicted to be"}),
    ],
)
def test_what_is_divided_by_nothing_is_none_with_the_reason(cells, reasons):
    """No metric is 0 only because there was nothing to count."""
    values, found = label_metrics(*cells)
    for metric, reason in reasons.items():
        assert values[metric] is None
        assert found[metric].startswith(reason)
    assert {name for name, value in values.items() if value is None} == set(found)
