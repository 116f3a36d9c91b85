import json
import math

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

from lr_pipeline.evaluation.metrics import evaluate

LABELS = np.array([0.0, 0.0, 1.0, 1.0])
PROBABILITIES = np.array([0.1, 0.6, 0.35, 0.8])


def random_predictions(seed, rows=200):
    """Return labels, noisy probabilities of them, and whole weights from 1 to 4."""
    rng = np.random.default_rng(seed)
    probabilities = rng.uniform(0.01, 0.99, rows)
    labels = (rng.uniform(size=rows) < probabilities).astype(float)
    return labels, probabilities, rng.integers(1, 5, rows).astype(float)


def test_metrics_of_four_rows_equal_those_computed_by_hand():
    """The table is small enough to compute every metric by hand."""
    metrics = evaluate(LABELS, PROBABILITIES)
    assert metrics.accuracy == 0.5
    assert metrics.brier_score == pytest.approx((0.01 + 0.36 + 0.4225 + 0.04) / 4, rel=1e-15)
    assert metrics.roc_auc == 0.75  # three of the four pairs are in order
    assert metrics.average_precision == pytest.approx(0.5 * 1 + 0.5 * 2 / 3, rel=1e-15)
    assert metrics.log_loss == pytest.approx(-math.log(0.9 * 0.4 * 0.35 * 0.8) / 4, rel=1e-15)
    counts = (metrics.true_negative, metrics.false_positive)
    assert (*counts, metrics.false_negative, metrics.true_positive) == (1, 1, 1, 1)
    assert metrics.reasons == {}


@pytest.mark.parametrize("weighted", [False, True])
def test_metrics_equal_those_of_scikit_learn(weighted):
    """On an ordinary table, with and without weights, nothing differs from scikit-learn.

    Its areas are sums of 200 rounded terms; ours are sums of whole numbers.
    """
    y, p, weight = random_predictions(seed=3)
    weight = weight if weighted else None
    metrics = evaluate(y, p, weight)
    rest = {"sample_weight": weight}
    assert metrics.accuracy == pytest.approx(sklearn.metrics.accuracy_score(y, p > 0.5, **rest))
    assert metrics.log_loss == pytest.approx(sklearn.metrics.log_loss(y, p, **rest), rel=1e-13)
    assert metrics.brier_score == pytest.approx(sklearn.metrics.brier_score_loss(y, p, **rest))
    rounding = {"rel": 200 * np.finfo(np.float64).eps}
    areas = metrics.roc_auc, metrics.average_precision
    for found, peer in zip(areas, ("roc_auc_score", "average_precision_score"), strict=True):
        assert found == pytest.approx(getattr(sklearn.metrics, peer)(y, p, **rest), **rounding)
    confusion = sklearn.metrics.confusion_matrix(y, p > 0.5, **rest).ravel()
    counts = (metrics.true_negative, metrics.false_positive)
    np.testing.assert_array_equal(
        (*counts, metrics.false_negative, metrics.true_positive), confusion
    )


@given(seed=st.integers(0, 2**32 - 1))
def test_a_weight_is_a_number_of_repetitions(seed):
    """Rows of weight k count as k equal rows, in every metric."""
    y, p, weight = random_predictions(seed, rows=30)
    times = weight.astype(int)
    weighted = evaluate(y, p, weight).numbers()
    repeated = evaluate(np.repeat(y, times), np.repeat(p, times)).numbers()
    assert weighted == pytest.approx(repeated, rel=1e-12)


def test_rows_of_zero_weight_do_not_count():
    """A row of weight zero may even hold the only zero, or a prediction outside [0, 1]."""
    metrics = evaluate(np.array([0.0, 1.0, 1.0]), np.array([7.0, 0.6, 0.4]), np.array([0.0, 1, 1]))
    assert metrics.accuracy == 0.5
    assert metrics.log_loss == pytest.approx(-math.log(0.6 * 0.4) / 2)
    assert metrics.roc_auc is None


def test_log_loss_from_the_linear_predictor_is_exact_where_probabilities_saturate():
    """At z = ±800 a wrong label costs exactly 800, although p is exactly 0 or 1."""
    z = np.array([800.0, -800.0])
    metrics = evaluate(np.array([0.0, 1.0]), np.array([1.0, 0.0]), linear_predictor=z)
    assert metrics.log_loss == 800.0
    assert metrics.brier_score == 1.0


def test_ranks_come_from_the_linear_predictor_where_probabilities_tie():
    """σ(40) and σ(50) are both 1 in float64, but the order of z is known."""
    one, z = np.ones(2), np.array([40.0, 50.0])
    assert evaluate(np.array([0.0, 1.0]), one, linear_predictor=z).roc_auc == 1.0
    assert evaluate(np.array([0.0, 1.0]), one).roc_auc == 0.5


def test_log_loss_of_predictions_outside_the_unit_interval_is_undefined_with_the_reason():
    """A linear model's predictions are counted, not clipped; the other metrics are defined."""
    metrics = evaluate(LABELS, np.array([-0.25, 0.5, 0.75, 1.5]))
    assert metrics.log_loss is None
    assert metrics.reasons == {
        "log_loss": "2 of 4 predictions fall outside [0, 1] (smallest −0.250, largest 1.50), "
        "so they are no probabilities"
    }
    assert metrics.brier_score == (0.0625 + 0.25 + 0.0625 + 0.25) / 4
    assert metrics.roc_auc == 1.0
    assert metrics.numbers()["log_loss"] is None


def test_a_certain_prediction_that_is_wrong_makes_the_log_loss_undefined():
    """−log 0 is infinite, which JSON cannot hold: the value is withheld with the reason."""
    metrics = evaluate(LABELS, np.array([1.0, 0.0, 1.0, 0.0]))
    assert metrics.log_loss is None
    assert metrics.reasons["log_loss"].startswith("infinite: 2 of 4 predictions")


def test_a_certain_prediction_that_is_right_costs_nothing():
    """0 · log 0 counts as its limit, zero."""
    assert evaluate(LABELS, LABELS).log_loss == 0.0


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_one_class_alone_leaves_the_rank_metrics_undefined_with_the_reason(label):
    """Nothing can be ranked if all labels are the same, and no default is used."""
    metrics = evaluate(np.full(5, label), np.linspace(0.1, 0.9, 5))
    assert metrics.roc_auc is None
    assert metrics.average_precision is None
    assert f"all 5 test labels are {label:.0f}" in metrics.reasons["roc_auc"]
    assert metrics.reasons["average_precision"] == metrics.reasons["roc_auc"]


def test_a_probability_of_one_half_predicts_zero():
    """The prediction is 1 only above the threshold, as in scikit-learn's predict."""
    assert evaluate(np.array([0.0, 1.0]), np.full(2, 0.5)).true_negative == 1


def test_numbers_are_strict_json_and_counts_are_whole():
    """No NaN, no infinity, no numpy scalar; row counts are integers."""
    numbers = evaluate(LABELS, PROBABILITIES).numbers()
    assert json.loads(json.dumps(numbers, allow_nan=False)) == numbers
    assert all(isinstance(numbers[name], int) for name in ("true_negative", "true_positive"))


@pytest.mark.parametrize(
    ("labels", "probabilities", "weight", "message"),
    [
        ([], [], None, "found none"),
        ([0.0, 1.0], [0.5, 0.5], [0.0, 0.0], "found none"),
        ([0.0, 2.0], [0.5, 0.5], None, "labels must be 0 or 1, found 2.0"),
        ([0.0, 1.0], [0.5, np.nan], None, "found 1 of 2"),
        ([0.0, 1.0], [0.5, 0.5], [1.0, -1.0], "found -1.0 at test row 1"),
    ],
)
def test_impossible_input_is_refused_with_what_was_found(labels, probabilities, weight, message):
    """Each bad input is an error that says what was found."""
    arrays = [None if a is None else np.array(a, float) for a in (labels, probabilities, weight)]
    with pytest.raises(ValueError, match=message):
        evaluate(*arrays)


def test_a_part_of_the_brier_score_that_is_only_rounding_is_zero():
    """The share of ones is right by construction and ranks nothing: both parts are exactly 0."""
    for ones, zeros in ((3, 8), (9, 11), (100, 271), (1, 6)):
        labels = np.repeat([1.0, 0.0], [ones, zeros])
        metrics = evaluate(labels, np.full(ones + zeros, ones / (ones + zeros)))
        assert (metrics.brier_reliability, metrics.brier_resolution) == (0.0, 0.0)
        wrong = evaluate(labels, np.full(ones + zeros, ones / (ones + zeros) + 1e-5))
        assert wrong.brier_reliability == pytest.approx(1e-10, rel=1e-4)
