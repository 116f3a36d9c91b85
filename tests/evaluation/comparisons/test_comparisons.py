"""Comparisons of two models against brute force, statsmodels, and by hand."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from lr_pipeline.core.logistic.loss import sigmoid
from lr_pipeline.core.ranking import count_scores
from lr_pipeline.evaluation.comparisons.comparison import of_pair
from lr_pipeline.evaluation.comparisons.holm import holm
from lr_pipeline.evaluation.comparisons.mcnemar import accuracy_difference, mcnemar_p_value
from lr_pipeline.evaluation.comparisons.paired import compare_pair
from lr_pipeline.evaluation.comparisons.pairs import compare_all
from lr_pipeline.evaluation.findings import HeldOutRows, ModelSection
from lr_pipeline.evaluation.intervals.scored_cases import constant_predictions, predictions_of
from lr_pipeline.evaluation.intervals.units import Cases
from lr_pipeline.evaluation.metrics import evaluate
from lr_pipeline.evaluation.score_sums import ScoreSums


def predicted(name, held_out, cases, p, z=None):
    kept = slice(None) if held_out.weight is None else held_out.weight > 0
    score = p if z is None else z
    counts = count_scores(cases.labels, score[kept], cases.weight)
    metrics = evaluate(held_out.labels, p, held_out.weight, z, counts)
    return predictions_of(ModelSection(name, name, p, z), metrics, held_out, cases, counts)


def two_models(seed, rows=150, weight=None, group=None, quality=0.5):
    """Return the predictions of a better and of a worse model for the same labels."""
    rng = np.random.default_rng(seed)
    y = (rng.random(rows) < 0.4).astype(float)
    y[:6], y[-6:] = 0.0, 1.0
    held_out = HeldOutRows(y, 0.4, 10, "train", "test", weight=weight, group=group)
    cases = Cases.of(held_out)
    scores = [s * y - 1 + rng.normal(size=rows) for s in (1.5, quality)]
    return [
        predicted(name, held_out, cases, sigmoid(z), z)
        for name, z in zip("ab", scores, strict=True)
    ]


def by_metric(first, second):
    return {one.metric: one for one in compare_pair(first, second)}


def test_the_paired_test_of_two_areas_is_delongs():
    """Its z is that of the covariance matrix of the structural components of all pairs."""
    first, second = two_models(1)
    y = first.cases.labels
    wins = [np.subtract.outer(m.z[y == 1], m.z[y == 0]) > 0 for m in (first, second)]
    ones = np.cov([w.mean(axis=1) for w in wins]) / y.sum()
    zeros = np.cov([w.mean(axis=0) for w in wins]) / (y == 0).sum()
    contrast = np.array([1.0, -1.0])
    error = np.sqrt(contrast @ (ones + zeros) @ contrast)
    difference = wins[0].mean() - wins[1].mean()
    found = by_metric(first, second)["roc_auc"]
    assert found.difference == pytest.approx(difference, rel=1e-12)
    freedom = min(y.sum(), (y == 0).sum()) - 1
    assert found.p_value == pytest.approx(2 * scipy.stats.t.sf(difference / error, freedom))
    assert found.smallest_detectable == pytest.approx((1.959964 + 0.841621) * error, rel=1e-6)


def test_the_test_of_mean_losses_is_the_paired_t_test():
    """scipy's, up to the degrees of freedom, of which a heavy tail takes some away."""
    first, second = two_models(2, rows=2_000)
    found = by_metric(first, second)["log_loss"]
    peer = scipy.stats.ttest_rel(first.losses, second.losses)
    assert found.interval.ends == pytest.approx(tuple(peer.confidence_interval()), rel=1e-2)
    assert found.difference == pytest.approx(np.mean(first.losses - second.losses), rel=1e-9)
    two = by_metric(*two_models(3))["brier_score"]
    assert 0.0 < two.p_value < 1.0


@pytest.mark.parametrize(("b", "c"), [(1, 8), (9, 4), (0, 6), (40, 22), (13, 13)])
def test_mcnemars_p_value_is_that_of_statsmodels(b, c):
    """The test is exact below 25 discordant cases; beyond, it has no correction for continuity."""
    exact = b + c < 25
    peer = mcnemar([[50, b], [c, 20]], exact=exact, correction=False)
    assert mcnemar_p_value(float(b), float(c)) == pytest.approx(peer.pvalue, rel=1e-10)


def test_no_discordant_case_is_no_evidence():
    """The two models answer alike."""
    assert mcnemar_p_value(0.0, 0.0) == 1.0
    assert accuracy_difference(0.0, 0.0, 50.0).ends == pytest.approx(
        (-0.05331, 0.05331), abs=1e-5
    )  # 1.96 √(2 / 52) / √52, by hand


def test_holms_correction_is_that_of_statsmodels():
    """The p-values come in any order, some are equal, and some are corrected to 1."""
    p_values = [0.03, 0.0004, 0.6, 0.03, 0.011, 0.9]
    assert holm(p_values) == pytest.approx(list(multipletests(p_values, method="holm")[1]))


@settings(max_examples=15)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_row_of_weight_three_is_three_rows(seed):
    """Differences, intervals and p-values are those of the repeated rows."""
    weight = np.random.default_rng(seed).integers(1, 4, 60).astype(float)
    weighted = two_models(seed, 60, weight)
    times = weight.astype(int)
    y = np.repeat(weighted[0].cases.labels, times)
    held_out = HeldOutRows(y, 0.4, 10, "train", "test")
    cases = Cases.of(held_out)
    repeated = [
        predicted(m.name, held_out, cases, np.repeat(m.p, times), np.repeat(m.z, times))
        for m in weighted
    ]
    for one, other in zip(compare_pair(*weighted), compare_pair(*repeated), strict=True):
        assert one.interval.ends == pytest.approx(other.interval.ends, rel=1e-9, abs=1e-12)
        assert one.p_value == pytest.approx(other.p_value, rel=1e-7)


def test_two_kernels_of_one_estimate_are_the_same_and_have_no_p_value():
    """Differences of rounding are no evidence, however often they point one way."""
    first, second = two_models(5)
    held_out = HeldOutRows(first.cases.labels, 0.4, 10, "train", "test")
    twin = predicted("twin", held_out, first.cases, sigmoid(first.z + 1e-12), first.z + 1e-12)
    baseline = constant_predictions(
        "base", evaluate(first.cases.labels, np.full(150, 0.4)), 0.4, first.cases
    )
    found = compare_all(baseline, [first, second, twin])
    same = of_pair(found, "twin", "a", "log_loss")
    assert (same.verdict, same.p_value) == ("same", None)
    for metric in ("log_loss", "roc_auc"):
        tests = [of_pair(found, name, "base", metric) for name in ("a", "twin")]
        assert tests[0].verdict == tests[1].verdict == "better"
        assert tests[0].adjusted == tests[1].adjusted
    distinct = [one for one in found if "twin" not in (one.first, one.second)]
    smallest = min(one.p_value for one in distinct)
    assert min(one.adjusted for one in distinct) == pytest.approx(len(distinct) * smallest)


def test_the_verdict_is_on_the_first_model_and_follows_the_adjusted_p_value():
    """A smaller loss and a larger area are better; swapped, they are worse."""
    first, second = two_models(6, rows=600, quality=0.0)
    baseline = constant_predictions(
        "base", evaluate(first.cases.labels, np.full(600, 0.4)), 0.4, first.cases
    )
    forwards = compare_all(baseline, [second, first])
    backwards = compare_all(baseline, [first, second])
    for metric in ("log_loss", "brier_score", "roc_auc", "accuracy"):
        assert of_pair(forwards, "a", "b", metric).verdict == "better"
        assert of_pair(backwards, "b", "a", metric).verdict == "worse"
    assert of_pair(forwards, "a", "c", "log_loss") is None


def test_groups_that_repeat_their_rows_do_not_make_a_difference_significant():
    """Each row ten times in one group: the p-values stay close to those of the rows once."""
    once = two_models(7, rows=80)
    group = np.repeat(np.arange(80, dtype=np.uint64), 10)
    y = np.repeat(once[0].cases.labels, 10)
    held_out = HeldOutRows(y, 0.4, 10, "train", "test", group=group)
    cases = Cases.of(held_out)
    grouped = [
        predicted(m.name, held_out, cases, np.repeat(m.p, 10), np.repeat(m.z, 10)) for m in once
    ]
    for metric, one in by_metric(*once).items():
        other = by_metric(*grouped)[metric]
        assert other.p_value == pytest.approx(one.p_value, rel=0.35, abs=0.01), metric


def test_few_cases_of_a_class_are_not_compared():
    """The reason stands where the interval would be."""
    y = np.repeat([0.0, 1.0], [40, 4])
    held_out = HeldOutRows(y, 0.4, 10, "train", "test")
    cases = Cases.of(held_out)
    z = np.random.default_rng(8).normal(size=(2, 44))
    models = [predicted(n, held_out, cases, sigmoid(s), s) for n, s in zip("ab", z, strict=True)]
    for one in compare_pair(*models):
        assert one.verdict == "withheld"
        assert one.interval.withheld == "only 4 cases of the rarer class, 5 are needed"


def test_a_line_that_leaves_the_unit_interval_is_not_compared_by_log_loss():
    """The reason is that of the missing metric."""
    first, _ = two_models(9)
    y = first.cases.labels
    held_out = HeldOutRows(y, 0.4, 10, "train", "test")
    line = predicted("line", held_out, first.cases, first.z)
    found = by_metric(first, line)
    assert found["log_loss"].verdict == "withheld"
    assert "outside [0, 1]" in found["log_loss"].interval.withheld
    assert (found["roc_auc"].verdict, found["roc_auc"].difference) == ("same", 0.0)
    assert ScoreSums.of(y, first.z, np.ones_like(y)).outside > 0
