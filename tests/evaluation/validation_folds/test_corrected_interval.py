"""Nadeau and Bengio's corrected interval: by hand, and its coverage where folds overlap."""

import numpy as np
import pytest
from scipy import stats

from lr_pipeline.evaluation.validation_folds.corrected_interval import corrected_interval


def test_four_folds_by_hand() -> None:
    """Mean 3, S² = 20 / 3; the variance is (1/4 + 1/3) S², with 3 degrees of freedom."""
    found = corrected_interval(np.array([0.0, 2.0, 4.0, 6.0]), 1 / 3)
    reach = 3.182446305284263 * np.sqrt((1 / 4 + 1 / 3) * 20 / 3)  # t(0.975, 3) from a table
    assert found.ends == pytest.approx((3 - reach, 3 + reach))


def test_without_the_correction_it_is_students_interval() -> None:
    """With a ratio of 0, folds would count as independent."""
    values = np.random.default_rng(0).normal(size=12)
    expected = stats.t.interval(0.95, 11, values.mean(), stats.sem(values))
    assert corrected_interval(values, 0.0).ends == pytest.approx(expected)


def test_one_value_has_no_interval() -> None:
    """There is no variance to be seen."""
    assert corrected_interval(np.array([1.0]), 0.2).ends is None


def test_it_covers_where_students_interval_does_not() -> None:
    """The mean model's error, by 10 x 5 folds of 60 rows: 90 % or more against far fewer."""
    rng = np.random.default_rng(1)
    covered = np.zeros(2)
    for _ in range(200):
        y = rng.normal(size=60)
        values = []
        for _ in range(10):
            order = rng.permutation(60).reshape(5, 12)
            for k in range(5):
                mean = np.delete(order, k, axis=0).ravel()
                values.append(((y[order[k]] - y[mean].mean()) ** 2).mean())
        true = 1 + 1 / 48  # σ² (1 + 1/n₁)
        for place, ratio in enumerate((1 / 4, 0.0)):
            low, high = corrected_interval(np.array(values), ratio).ends
            covered[place] += low <= true <= high
    assert covered[0] >= 0.88 * 200
    assert covered[1] < 0.75 * 200
