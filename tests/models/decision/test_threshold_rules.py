"""Rules that choose a threshold: each is the best of all thresholds, by trying every one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lr_pipeline.models.decision.decision import Costs
from lr_pipeline.models.decision.threshold_rules import (
    Capacity,
    DecisionError,
    FixedThreshold,
    LowestCost,
    ScoreCuts,
    TargetPrecision,
    TargetRecall,
    Youden,
)

P = np.array([0.9, 0.8, 0.7, 0.6, 0.55, 0.4, 0.3, 0.2, 0.1, 0.05])
Y = np.array([1.0, 1, 0, 1, 0, 0, 1, 0, 0, 0])
CUTS = ScoreCuts.of(P, Y, np.ones(10))


@st.composite
def scored_rows(draw):
    """Draw probabilities with ties, labels of both classes and weights from 0 on."""
    n = draw(st.integers(3, 25))
    p = draw(st.lists(st.integers(1, 19), min_size=n, max_size=n))
    y = draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))
    weight = draw(st.lists(st.integers(0, 4), min_size=n, max_size=n))
    y[:2], weight[:2] = [0, 1], [1, 2]
    return np.array(p) / 20, np.array(y, float), np.array(weight, float)


def counts(p, y, weight, threshold):
    """Count true and false positives and negatives with the definition."""
    yes = p > threshold
    return (
        (weight * y * yes).sum(),
        (weight * (1 - y) * yes).sum(),
        (weight * y * ~yes).sum(),
        (weight * (1 - y) * ~yes).sum(),
    )


EVERY = np.arange(-1, 41) / 40 + 1e-9  # a threshold between any two probabilities, and beyond


@settings(deadline=None)
@given(scored_rows(), st.sampled_from([(1, 1), (1, 5), (7, 2), (1, 3, 2, 1)]))
def test_the_cost_rule_has_the_lowest_cost_of_all_thresholds(rows, prices) -> None:
    """Total cost less benefits, over the rows by weight."""
    costs = Costs(*map(float, prices))

    def cost(threshold: float) -> float:
        tp, fp, fn, tn = counts(*rows, threshold)
        return (
            costs.false_positive * fp
            + costs.false_negative * fn
            - costs.true_positive * tp
            - costs.true_negative * tn
        )

    found = LowestCost(costs).choose(ScoreCuts.of(*rows))
    assert cost(found) == pytest.approx(min(map(cost, EVERY)))


@settings(deadline=None)
@given(scored_rows(), st.sampled_from([0.3, 0.5, 0.75, 1.0]))
def test_the_target_rules_meet_their_target_and_are_best_among_those_that_do(rows, target) -> None:
    """Precision: most positive rows; recall: fewest flagged; capacity: most flagged."""
    cuts, tried = ScoreCuts.of(*rows), [counts(*rows, t) for t in EVERY]
    meeting = [one for one in tried if one[0] and one[0] / (one[0] + one[1]) >= target]
    if meeting:
        tp, fp, *_ = counts(*rows, TargetPrecision(target).choose(cuts))
        assert tp / (tp + fp) >= target
        assert tp == max(one[0] for one in meeting)
    else:
        with pytest.raises(DecisionError, match="found at most"):
            TargetPrecision(target).choose(cuts)
    tp, fp, fn, _ = counts(*rows, TargetRecall(target).choose(cuts))
    assert tp / (tp + fn) >= target
    assert tp + fp == min(one[0] + one[1] for one in tried if one[0] >= target * (tp + fn))
    total = rows[2].sum()
    within = [one[0] + one[1] for one in tried if 0 < one[0] + one[1] <= target * total * 0.9]
    if within:
        tp, fp, *_ = counts(*rows, Capacity(900 * target).choose(cuts))
        assert tp + fp == max(within)
    else:
        with pytest.raises(DecisionError, match="share the highest score"):
            Capacity(900 * target).choose(cuts)


@settings(deadline=None)
@given(scored_rows())
def test_youdens_index_is_largest(rows) -> None:
    """Recall + specificity − 1."""

    def index(threshold: float) -> float:
        tp, fp, fn, tn = counts(*rows, threshold)
        return tp / (tp + fn) + tn / (tn + fp) - 1

    assert index(Youden().choose(ScoreCuts.of(*rows))) == pytest.approx(max(map(index, EVERY)))


@settings(deadline=None)
@given(scored_rows(), st.sampled_from([Youden(), LowestCost(Costs(1.0, 3.0)), TargetRecall(0.6)]))
def test_a_weight_is_that_many_rows(rows, rule) -> None:
    """Rows written out as often as their weight says give the same threshold."""
    p, y, weight = rows
    times = weight.astype(int)
    written = ScoreCuts.of(np.repeat(p, times), np.repeat(y, times), np.ones(times.sum()))
    assert rule.choose(ScoreCuts.of(*rows)) == rule.choose(written)


def test_ten_rows_by_hand() -> None:
    """Thresholds lie in the middle between two rows; the flagged rows are those above."""
    assert Youden().choose(CUTS) == pytest.approx((0.6 + 0.55) / 2)  # 3 of 4, 1 of 6: J = 7/12
    assert TargetPrecision(0.8).choose(CUTS) == pytest.approx(0.75)  # 2 of 2
    assert TargetRecall(1.0).choose(CUTS) == pytest.approx(0.25)
    assert Capacity(300.0).choose(CUTS) == pytest.approx(0.65)
    # costs 1 and 5: missing one of four costs 5, so that 7 rows are flagged, 3 of them wrong: 3.
    # The theoretical threshold 1/6 would flag 8; the middle of 0.3 and 0.2 is 0.25.
    assert LowestCost(Costs(1.0, 5.0)).choose(CUTS) == pytest.approx(0.25)
    assert FixedThreshold(0.42).choose(CUTS) == 0.42


def test_the_theoretical_threshold_is_taken_where_it_is_among_the_best() -> None:
    """(c_FP + b_TN) / (c_FP + b_TN + c_FN + b_TP): 1/(1 + 3) lies between 0.3 and 0.2."""
    assert LowestCost(Costs(1.0, 3.0)).choose(CUTS) == 0.25
    assert Costs(1.0, 3.0).indifference == 0.25
    assert Costs(2.0, 3.0, 4.0, 1.0).indifference == pytest.approx(3 / 10)


def test_outcomes_are_shares_of_all_rows() -> None:
    """At 0.5 five of ten are flagged, three rightly; one of the four positive is missed."""
    found = CUTS.outcome("0.5", 0.5)
    assert (found.flagged, found.right, found.missed) == (0.5, 0.3, pytest.approx(0.1))
    assert CUTS.outcome("at a score", 0.6).flagged == 0.3  # a row at the threshold is not flagged


def test_every_row_and_no_row_can_be_flagged() -> None:
    """Costs of one error alone, nearly: the threshold leaves every row on one side."""
    assert CUTS.cut_at(LowestCost(Costs(1e-9, 1.0)).choose(CUTS)) == 7
    no_skill = ScoreCuts.of(np.full(4, 0.25), np.array([1.0, 0, 0, 0]), np.ones(4))
    assert no_skill.cut_at(LowestCost(Costs(1.0, 1.0)).choose(no_skill)) == 0
    assert no_skill.cut_at(LowestCost(Costs(1.0, 9.0)).choose(no_skill)) == 1
