"""Every metric has an interval or a reason; each is held to an independent computation."""

import json
import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import matthews_corrcoef

from lr_pipeline.core.logistic.loss import sigmoid
from lr_pipeline.core.ranking import count_scores
from lr_pipeline.evaluation.findings import Findings, HeldOutRows, ModelSection
from lr_pipeline.evaluation.intervals.means import skewed_log_interval
from lr_pipeline.evaluation.intervals.model_intervals import model_intervals
from lr_pipeline.evaluation.intervals.scored_cases import constant_predictions, predictions_of
from lr_pipeline.evaluation.intervals.units import Cases, Spread
from lr_pipeline.evaluation.metrics import METRICS, evaluate
from lr_pipeline.evaluation.model_results import model_results
from lr_pipeline.models.decision.recalibration import Isotonic, Platt

NEVER = {"ks", "brier_reliability", "brier_resolution", "brier_uncertainty"}


def intervals_of(y, z, weight=None, group=None, threshold=0.5):
    held_out = HeldOutRows(y, float(y.mean()), 10, "train", "test", weight=weight, group=group)
    p, cases = sigmoid(z), Cases.of(held_out)
    kept = slice(None) if weight is None else weight > 0
    counts = count_scores(cases.labels, z[kept], cases.weight)
    metrics = evaluate(y, p, weight, z, counts, threshold)
    model = ModelSection("model", "model", p, z, threshold=threshold)
    return metrics, model_intervals(predictions_of(model, metrics, held_out, cases, counts))


def drawn(seed, rows=200):
    rng = np.random.default_rng(seed)
    y = (rng.random(rows) < 0.4).astype(float)
    y[:6], y[-6:] = 0.0, 1.0
    return y, 1.2 * y - 1.0 + rng.normal(size=rows)


def test_each_metric_is_inside_its_interval_or_says_why_there_is_none():
    """For an ordinary test set, only the biased estimates have no interval."""
    metrics, found = intervals_of(*drawn(1))
    assert set(found) == {one.name for one in METRICS}
    for name, interval in found.items():
        assert (interval.ends is None) == (name in NEVER) == bool(interval.withheld)
        if interval.ends is not None:
            assert interval.low < getattr(metrics, name) < interval.high
            assert interval.method
            json.dumps(interval.numbers(), allow_nan=False)


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_row_of_weight_three_is_three_rows(seed):
    """Every interval of a weighted table is that of the table with repeated rows."""
    y, z = drawn(seed, rows=60)
    weight = np.random.default_rng(seed).integers(0, 4, 60).astype(float)
    times = weight.astype(int)
    _, weighted = intervals_of(y, z, weight)
    _, repeated = intervals_of(np.repeat(y, times), np.repeat(z, times))
    for name, interval in weighted.items():
        other = repeated[name]
        assert (interval.withheld, interval.method) == (other.withheld, other.method)
        assert interval.ends is None or interval.ends == pytest.approx(other.ends, rel=1e-9), name


def test_the_interval_of_the_auc_is_close_to_a_bootstraps():
    """Scipy's BCa interval, of 400 rows, where both are accurate."""
    y, z = drawn(2, rows=400)
    _, found = intervals_of(y, z)

    def area(ones, zeros, axis=-1):
        return (ones[..., :, None] > zeros[..., None, :]).mean(axis=(-2, -1))

    boot = scipy.stats.bootstrap(
        (z[y == 1], z[y == 0]),
        area,
        n_resamples=1_000,
        rng=np.random.default_rng(3),
        vectorized=True,
        batch=50,
    )
    assert found["roc_auc"].ends == pytest.approx(tuple(boot.confidence_interval), abs=0.01)
    assert found["gini"].low == pytest.approx(2 * found["roc_auc"].low - 1)


@pytest.mark.parametrize("metric", ["log_loss", "brier_score", "average_precision", "mcc"])
def test_the_other_intervals_are_close_to_a_bootstraps(metric):
    """Resampling 600 rows gives the same ends, up to a fifth of the width."""
    y, z = drawn(4, rows=600)
    metrics, found = intervals_of(y, z)
    rng = np.random.default_rng(5)
    values = []
    for _ in range(400):
        rows = rng.integers(0, 600, 600)
        drawn_z = z[rows]
        values.append(getattr(evaluate(y[rows], sigmoid(drawn_z), None, drawn_z), metric))
    ends = np.quantile(values, [0.025, 0.975]) + getattr(metrics, metric) - np.mean(values)
    low, high = found[metric].ends
    assert (low, high) == pytest.approx(tuple(ends), abs=0.2 * (high - low))


def test_the_average_precision_is_symmetric_about_the_precision_among_other_cases():
    """The ends' geometric mean, against each positive row's share of ones among the rows above."""
    y, z = drawn(14)
    _, found = intervals_of(y, z)
    above = [y[(z >= score) & (np.arange(len(y)) != row)] for row, score in enumerate(z)]
    precision = [rows.mean() if rows.size else 0.0 for rows in above]
    low, high = found["average_precision"].ends
    assert math.sqrt(low * high) == pytest.approx(np.mean(np.array(precision)[y == 1]), rel=1e-9)


def test_the_interval_of_mcc_is_symmetric_about_that_of_the_table_with_more_cases():
    """Scikit-learn's coefficient, with three quarters of a row more in each cell."""
    y, z = drawn(15, rows=30)
    _, found = intervals_of(y, z)
    labels, answers = np.append(y, [0, 0, 1, 1]), np.append(z > 0, [0, 1, 0, 1])
    weight = np.append(np.ones(30), np.full(4, 0.75))
    expected = matthews_corrcoef(labels, answers, sample_weight=weight)
    low, high = found["mcc"].ends
    assert math.tanh((math.atanh(low) + math.atanh(high)) / 2) == pytest.approx(expected, rel=1e-9)


def test_halls_correction_moves_the_interval_of_a_skewed_mean_as_the_bootstrap_t_does():
    """Of 40 exponential values, both ends lie above those of the plain t interval."""
    values = np.random.default_rng(6).exponential(size=40)
    mean, error = values.mean(), scipy.stats.sem(values)
    skewness, freedom = scipy.stats.skew(values), 39.0
    low, high = skewed_log_interval(mean, Spread(error, skewness, 40.0, freedom), freedom).ends
    rng = np.random.default_rng(7)
    drawn_values = rng.choice(values, (4_000, 40))
    statistics = (drawn_values.mean(1) - mean) / scipy.stats.sem(drawn_values, axis=1)
    ends = mean - error * np.quantile(statistics, [0.975, 0.025])
    assert (low, high) == pytest.approx(tuple(ends), abs=0.25 * error)
    plain = scipy.stats.t.interval(0.95, 39, mean, error)
    assert low > plain[0]
    assert high > plain[1]


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ([0.0] * 30 + [1.0] * 2, "only 2 cases of the rarer class"),
        ([0.0] * 30, "all 30 test labels are 0"),
    ],
)
def test_few_rows_of_a_class_have_no_interval_but_a_reason(labels, reason):
    """Shares of cases keep theirs, which is right for any number."""
    y = np.array(labels)
    _, found = intervals_of(y, np.random.default_rng(8).normal(size=len(y)))
    assert found["roc_auc"].withheld.startswith(reason)
    assert found["accuracy"].ends is not None


def test_scores_that_are_all_equal_rank_nothing():
    """There is no interval for an area that cannot be otherwise."""
    y, _ = drawn(9)
    metrics, found = intervals_of(y, np.zeros(len(y)))
    assert metrics.roc_auc == 0.5
    assert found["roc_auc"].withheld == "every row has the same score"


def test_a_perfect_ranking_has_an_interval_that_reaches_one():
    """DeLong's variance is 0 there; the pseudo-cases keep the interval from being a point."""
    y = np.repeat([0.0, 1.0], [40, 8])
    metrics, found = intervals_of(y, y * 4.0 - 2.0 + np.linspace(0, 0.1, 48))
    assert metrics.roc_auc == 1.0
    assert found["roc_auc"].high == 1.0
    assert 0.3 < found["roc_auc"].low < 0.97


def test_rows_of_a_group_that_agree_widen_every_interval():
    """Each row four times, as one group: the intervals are about as wide as of the rows once."""
    y, z = drawn(10, rows=150)
    group = np.repeat(np.arange(150, dtype=np.uint64), 4)
    _, once = intervals_of(y, z)
    _, grouped = intervals_of(np.repeat(y, 4), np.repeat(z, 4), group=group)
    for name in ("log_loss", "brier_score", "roc_auc", "recall", "accuracy", "mcc"):
        widths = [np.subtract(*one[name].ends[::-1]) for one in (once, grouped)]
        assert widths[1] == pytest.approx(widths[0], rel=0.05), name


def test_four_groups_are_too_few():
    """Their variance has three degrees of freedom."""
    y, z = drawn(11)
    _, found = intervals_of(y, z, group=np.arange(200, dtype=np.uint64) % np.uint64(4))
    assert all(interval.ends is None for interval in found.values())
    assert found["accuracy"].withheld == "only 4 groups of rows, 5 are needed"


def test_a_baselines_loss_has_an_interval_and_its_ranking_has_none():
    """The prevalence baseline predicts one probability for every row."""
    y, _ = drawn(12)
    share = y.mean()
    loss = -share * math.log(0.4) - (1 - share) * math.log(0.6)
    cases = Cases(y, np.ones_like(y))
    metrics = evaluate(y, np.full_like(y, 0.4))
    found = model_intervals(constant_predictions("baseline", metrics, 0.4, cases))
    assert found["log_loss"].low < loss < found["log_loss"].high
    assert found["roc_auc"].withheld == "every row has the same score"


@pytest.mark.parametrize(
    "recalibrated",
    [
        Platt(-1.0, 0.5),
        Isotonic((-0.5, 0.5), (0.2, 0.5, 0.8)),  # three values for all rows
    ],
)
def test_a_recalibrated_model_is_ranked_by_its_own_score(recalibrated):
    """An increasing map of the scores changes no area, nor its interval."""
    y, z = drawn(3)
    _, plain = intervals_of(y, z)
    section = ModelSection(
        "model",
        "model",
        recalibrated.probability(z),
        recalibrated.log_odds(z),
        ranking=z,
    )
    findings = Findings(HeldOutRows(labels=y, prevalence=0.5), [section])
    found = model_results(findings).intervals["model"]
    for name in ("roc_auc", "gini", "average_precision"):
        assert found[name] == plain[name]
