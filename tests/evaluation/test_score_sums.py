"""Sums and counts of predictions: however the rows are cut, the metrics of all of them."""

from dataclasses import replace

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

from lr_pipeline.evaluation.score_sums import CountsByScore, RankSums, ScoreSums, count_scores


def rows(seed, distinct, n=60):
    """Labels of both classes, scores of which some are equal, whole weights from 1 to 3."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n) % 2).astype(float)
    return y, rng.integers(0, distinct, n) / 8 + y / 4, rng.integers(1, 4, n).astype(float)


@given(seed=st.integers(0, 2**32 - 1), distinct=st.sampled_from([1, 5, 1000]))
def test_areas_counted_range_by_range_are_those_of_scikit_learn(seed, distinct):
    """From the highest range down, each counted in two halves of the rows; ties or none."""
    y, score, weight = rows(seed, distinct)
    edges = [-np.inf, *np.quantile(score, [0.3, 0.7]), np.inf]
    ranks = RankSums()
    for k in (2, 1, 0):
        inside = (score >= edges[k]) & (score < edges[k + 1])
        halves = [inside & (np.arange(60) % 2 == half) for half in (0, 1)]
        ranks = ranks.then(
            CountsByScore.joined(*(count_scores(y[h], score[h], weight[h]) for h in halves))
        )
    rounding = 60 * np.finfo(np.float64).eps
    expected = sklearn.metrics.roc_auc_score(y, score, sample_weight=weight)
    assert ranks.roc_auc == pytest.approx(expected, rel=rounding)
    expected = sklearn.metrics.average_precision_score(y, score, sample_weight=weight)
    assert ranks.average_precision == pytest.approx(expected, rel=rounding)
    assert ranks.negative + ranks.positive == weight.sum()


def test_equal_scores_are_one():
    """Their weights are added by class, and the scores ascend."""
    found = CountsByScore.joined(
        count_scores(np.array([1.0, 0.0]), np.array([2.0, 1.0]), np.array([3.0, 1.0])),
        count_scores(np.array([0.0, 1.0]), np.array([2.0, 2.0]), np.array([5.0, 7.0])),
    )
    np.testing.assert_array_equal(found, [[1.0, 2.0], [1.0, 5.0], [0.0, 10.0]])


def test_sums_of_parts_are_the_sums_of_all():
    """Rows, losses, cells, extremes and impossible predictions; nothing adds nothing."""
    y, p, weight = np.array([0.0, 1, 1, 0]), np.array([0.25, 1.5, 0.5, 0.0]), np.ones(4)
    parts = [ScoreSums.of(y[half], p[half], weight[half]) for half in (slice(2), slice(2, 4))]
    both = parts[0] + parts[1]
    assert replace(both, log_loss=0.0) == ScoreSums.of(y, p, weight)  # it has none
    assert parts[0] + ScoreSums() == parts[0]
    assert (both.rows, both.outside, both.least, both.greatest) == (4, 1, 0.0, 1.5)
    assert both.confusion() == {
        "true_negative": 2,
        "false_positive": 0,
        "false_negative": 1,
        "true_positive": 1,
    }
    assert both.mean_log_loss()[0] is None


def test_a_prediction_that_is_no_number_is_refused():
    """With how many there are, and the remedy."""
    with pytest.raises(ValueError, match=r"finite, found 1 of 2 .* look at the model's input"):
        ScoreSums.of(np.array([0.0, 1.0]), np.array([np.nan, 0.5]), np.ones(2))
