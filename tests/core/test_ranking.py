"""Areas under the ROC and precision-recall curves, from any division of the rows."""

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

from lr_pipeline.core.ranking import CountsByScore, RankSums, count_scores, roc_auc


def rows(seed, distinct, n=60):
    """Labels of both classes, scores with ties, whole weights from 1 to 3."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n) % 2).astype(float)
    return y, rng.integers(0, distinct, n) / 8 + y / 4, rng.integers(1, 4, n).astype(float)


@given(seed=st.integers(0, 2**32 - 1), distinct=st.sampled_from([1, 5, 1000]))
def test_areas_counted_range_by_range_are_those_of_scikit_learn(seed, distinct):
    """Ranges are added from the highest to the lowest, each counted in two halves of the rows."""
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
    """The weights of equal scores are added by class, and the scores ascend."""
    found = CountsByScore.joined(
        count_scores(np.array([1.0, 0.0]), np.array([2.0, 1.0]), np.array([3.0, 1.0])),
        count_scores(np.array([0.0, 1.0]), np.array([2.0, 2.0]), np.array([5.0, 7.0])),
    )
    np.testing.assert_array_equal(found, [[1.0, 2.0], [1.0, 5.0], [0.0, 10.0]])


def test_the_area_of_four_rows_is_the_one_counted_by_hand():
    """In two of four pairs the positive row is higher, in one equal: (2 + 1/2) / 4."""
    y, score = np.array([0.0, 0.0, 1.0, 1.0]), np.array([1.0, 2.0, 2.0, 1.5])
    assert roc_auc(y, score, np.ones(4)) == 2.5 / 4
    # With weight 3 for the row of score 2 and label 1: of eight pairs 3 + 1 are higher, 3 equal.
    assert roc_auc(y, score, np.array([1.0, 1.0, 3.0, 1.0])) == (3 + 1 + 1.5) / 8
