"""The test that decides: its numbers, its verdicts and its level."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lr_pipeline.lifecycle.challenge import Challenge, Policy, challenge, level_of_decision, refused
from tests.lifecycle.conftest import scored

Y = np.tile([0.0, 1.0], 20)
SUPERIORITY = Policy()
RNG = np.random.default_rng(3)
OLD = (2 * Y - 1) * 0.5 + RNG.normal(size=40)
NEW = OLD + (2 * Y - 1) * RNG.uniform(0.1, 0.8, size=40)


def against(old, new, policy=SUPERIORITY, before=0, y=Y, weight=None) -> Challenge:
    """The challenge of two sets of log odds."""
    return challenge(
        scored("old", y, old, weight), scored("new", y, new, weight), policy, before, "v1"
    )


def losses(z) -> np.ndarray:
    """Each row's log loss, from its definition."""
    p = 1.0 / (1.0 + np.exp(-np.asarray(z)))
    return -np.log(np.where(Y == 1, p, 1 - p))


def test_a_better_model_is_promoted_with_its_numbers() -> None:
    """Difference and interval are those of the mean of the paired losses."""
    found = against(OLD, NEW)
    gain = losses(OLD) - losses(NEW)
    assert found.verdict == "promoted"
    assert found.difference == pytest.approx(gain.mean())
    assert found.interval.low < gain.mean() < found.interval.high
    assert found.interval.low > 0 and found.interval.level == pytest.approx(0.95)
    assert found.p_value <= found.level == pytest.approx(0.025)
    assert found.times_decided == 1
    assert "better log loss than v1" in found.reasons[0]


def test_mean_losses_are_tested_by_the_paired_t_test() -> None:
    """Scipy's one-sided p-value and its interval, for gains of no more tails than the normal."""
    gain = 0.01 + np.random.default_rng(1).uniform(-0.05, 0.05, 40)
    side = 2 * Y - 1
    old = side * np.random.default_rng(2).uniform(0.5, 1.0, 40)
    share = np.exp(gain) / (1 + np.exp(-side * old))  # of the row's own class, by the new model
    found = against(old, side * np.log(share / (1 - share)))
    expected = stats.ttest_1samp(gain, 0.0, alternative="greater")
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-6)
    interval = stats.ttest_1samp(gain, 0.0).confidence_interval(0.95)
    assert found.interval.ends == pytest.approx(tuple(interval), rel=1e-6)
    needed = (stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) * stats.sem(gain)
    assert found.smallest_detectable == pytest.approx(needed, rel=1e-6)


def test_the_area_is_tested_by_delong() -> None:
    """Placements by brute force, over all pairs of rows; t with a degree less than rows a class."""
    found = against(OLD, NEW, Policy(metric="roc_auc"))
    ones, zeros = np.flatnonzero(Y == 1), np.flatnonzero(Y == 0)

    def wins(z):
        return (z[ones][:, None] > z[zeros]) + 0.5 * (z[ones][:, None] == z[zeros])

    gain = wins(NEW) - wins(OLD)
    error = np.sqrt(gain.mean(1).var(ddof=1) / ones.size + gain.mean(0).var(ddof=1) / zeros.size)
    assert found.difference == pytest.approx(gain.mean())
    assert found.p_value == pytest.approx(stats.t.sf(gain.mean() / error, 19), rel=1e-6)


def test_a_worse_model_is_kept_out_and_an_unclear_one_undecided() -> None:
    """The interval below 0 shows that it is worse; one that has 0 inside shows nothing."""
    assert against(NEW, OLD).verdict == "kept"
    unclear = against(OLD, OLD + np.random.default_rng(8).normal(scale=0.1, size=40))
    assert unclear.verdict == "inconclusive"
    assert unclear.interval.low < 0 < unclear.interval.high


def test_the_same_predictions_are_kept_without_a_test() -> None:
    """There is nothing to decide, and no level is spent."""
    found = against(OLD, OLD + 1e-9)
    assert (found.verdict, found.tested, found.times_decided) == ("kept", False, 0)


def test_models_that_rank_alike_are_not_tested_by_the_area() -> None:
    """The difference of the areas has no spread."""
    found = against(OLD, 2 * OLD, Policy(metric="roc_auc"))
    assert (found.verdict, found.tested) == ("kept", False)


def test_few_cases_decide_nothing() -> None:
    """Four rows of one class are too few, and the reason says so."""
    found = against(OLD[:8], NEW[:8], y=Y[:8])
    assert (found.verdict, found.tested) == ("inconclusive", False)
    assert "only 4 cases of the rarer class" in found.reasons[0]


def test_non_inferiority_allows_what_is_within_the_margin() -> None:
    """A model that is worse by less than the margin is promoted, by a wide enough margin."""
    near = OLD - (2 * Y - 1) * 0.01
    assert against(OLD, near).verdict == "kept"
    assert against(OLD, near, Policy("non-inferiority", margin=0.05)).verdict == "promoted"
    found = against(NEW, OLD, Policy("non-inferiority", margin=0.001))
    assert found.verdict == "kept"


@given(st.floats(0.001, 0.49))
def test_the_levels_of_all_decisions_sum_to_alpha(alpha: float) -> None:
    """The k-th is α / (k (k + 1)), so that the first n spend α (1 − 1 / (n + 1))."""
    spent = sum(level_of_decision(alpha, k) for k in range(1, 101))
    assert spent == pytest.approx(alpha * (1 - 1 / 101))
    assert level_of_decision(0.05, 1) == 0.025


def test_rows_that_decided_often_ask_for_more() -> None:
    """The interval is wider, and what was promoted first is not after a thousand decisions."""
    first, later = against(OLD, NEW, before=0), against(OLD, NEW, before=5)
    assert later.interval.low < first.interval.low
    assert later.level == pytest.approx(0.05 / 42)
    assert later.times_decided == 6
    small = OLD + 0.3 * (NEW - OLD) + np.random.default_rng(4).normal(scale=0.05, size=40)
    assert against(OLD, small, before=10**9).verdict != "promoted"


def test_a_weight_is_a_number_of_rows() -> None:
    """Weights 3 and 0 give what repeated and left-out rows give."""
    weight = np.tile([3.0, 1.0, 0.0, 2.0], 10)
    again = np.repeat(np.arange(40), weight.astype(int))
    weighted = against(OLD, NEW, weight=weight)
    repeated = against(OLD[again], NEW[again], y=Y[again])
    for name in ("difference", "p_value", "smallest_detectable"):
        assert getattr(weighted, name) == pytest.approx(getattr(repeated, name), rel=1e-9)


def test_the_interval_and_the_p_value_agree() -> None:
    """The interval excludes 0 on its lower side exactly where p is at most the level."""
    for seed in range(60):
        rng = np.random.default_rng(seed)
        found = against(OLD, OLD + (2 * Y - 1) * 0.15 + rng.normal(scale=0.4, size=40))
        assert (found.interval.low > 0) == (found.p_value <= found.level), seed


def test_a_challenge_survives_json() -> None:
    """Every field is restored, for one that was tested and one that was not."""
    for one in (against(OLD, NEW), refused(("a check failed",), Policy(), "v1")):
        assert Challenge.from_dict(json.loads(json.dumps(one.to_dict(), allow_nan=False))) == one


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"aim": "non-inferiority"}, "margin above 0 with non-inferiority"),
        ({"margin": 0.1}, "none with superiority"),
        ({"alpha": 0.5}, "alpha between 0 and 0.5"),
    ],
)
def test_a_policy_that_contradicts_itself_is_refused(settings, message) -> None:
    """The message says what goes together."""
    with pytest.raises(ValueError, match=message):
        Policy(**settings)
