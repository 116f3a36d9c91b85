import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from statsmodels.stats.proportion import proportion_confint

from lr_pipeline.evaluation.calibration import calibration_bins, wilson_interval


def predictions(rows, seed=5):
    """Return probabilities, and labels drawn with them."""
    rng = np.random.default_rng(seed)
    probabilities = rng.uniform(size=rows)
    return (rng.uniform(size=rows) < probabilities).astype(float), probabilities


@pytest.mark.parametrize("rows", [20, 114, 1000])
def test_bins_equal_the_quantile_bins_of_scikit_learn(rows):
    """The points of the calibration curve are scikit-learn's."""
    labels, probabilities = predictions(rows)
    bins = calibration_bins(labels, probabilities, bins=7)
    observed, predicted = calibration_curve(labels, probabilities, n_bins=7, strategy="quantile")
    np.testing.assert_allclose([b.observed_share for b in bins], observed, rtol=1e-13)
    np.testing.assert_allclose([b.mean_prediction for b in bins], predicted, rtol=1e-13)


@pytest.mark.parametrize(("rows", "expected"), [(2, 2), (20, 4), (100, 10), (5000, 10)])
def test_few_rows_make_few_bins(rows, expected):
    """√n bins, between 2 and 10, contain every row exactly once."""
    bins = calibration_bins(*predictions(rows))
    assert len(bins) == expected
    assert sum(bin_.cases for bin_ in bins) == rows


def test_equal_predictions_share_a_bin():
    """A constant prediction is one point, however many bins are asked for."""
    (only,) = calibration_bins(np.array([0.0, 1.0, 1.0, 1.0]), np.full(4, 0.7), bins=4)
    assert only[:3] == (4, pytest.approx(0.7), 0.75)


@pytest.mark.parametrize(("successes", "rows"), [(0, 5), (3, 5), (5, 5), (1, 1), (40, 1000)])
def test_wilson_interval_equals_that_of_statsmodels(successes, rows):
    """It is compared at shares of 0 and 1 too, where Wald's interval has no length."""
    expected = proportion_confint(successes, rows, method="wilson")
    assert wilson_interval(float(successes), rows) == pytest.approx(expected, abs=1e-14)
