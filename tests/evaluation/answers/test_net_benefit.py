"""Net benefit and cost: ten rows by hand, and the two answers that need no model."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lr_pipeline.evaluation.answers.net_benefit import (
    ModelCuts,
    cost_per_row,
    decision_curves,
    net_benefit,
)
from lr_pipeline.models.decision.decision import Costs
from lr_pipeline.models.decision.threshold_rules import ScoreCuts

P = np.array([0.9, 0.8, 0.7, 0.6, 0.55, 0.4, 0.3, 0.2, 0.1, 0.05])
Y = np.array([1.0, 1, 0, 1, 0, 0, 1, 0, 0, 0])
CUTS = ScoreCuts.of(P, Y, np.ones(10))


def test_ten_rows_by_hand() -> None:
    """At 0.5: 3 true and 2 false positives, (3 − 2 · 1) / 10; at 0.25: (4 − 3 / 3) / 10."""
    found = net_benefit(CUTS, np.array([0.25, 0.5, 0.75, 0.95]))
    assert found == pytest.approx([0.3, 0.1, 0.2, 0.0])
    costs = Costs(1.0, 5.0, 2.0, 0.5)
    # at 0.5: 2 false positives, 1 missed, 3 right, 4 rightly left alone
    assert cost_per_row(CUTS, np.array([0.5]), costs) == pytest.approx((2 + 5 - 6 - 2) / 10)


def test_answering_yes_for_every_row_needs_no_model() -> None:
    """Its net benefit is π − (1 − π) t / (1 − t), which is 0 at t = π, and its costs are known."""
    found = decision_curves([ModelCuts("m", "m", 0, 0.5, CUTS)], Costs(1.0, 5.0))
    at_prevalence = np.interp(0.4, found.thresholds, found.flag_all)
    assert at_prevalence == pytest.approx(0.0, abs=1e-3)
    assert (found.cost_all, found.cost_none) == pytest.approx((0.6, 2.0))
    below_all = found.thresholds < 0.05
    np.testing.assert_allclose(found.curves[0].net_benefit[below_all], found.flag_all[below_all])


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6))
def test_a_weight_is_that_many_rows(seed) -> None:
    """Rows written out as often as their weight says give the same curves."""
    rng = np.random.default_rng(seed)
    p, y, times = rng.integers(1, 20, 30) / 20, rng.integers(0, 2, 30) * 1.0, rng.integers(1, 4, 30)
    t = np.linspace(0.01, 0.98, 50)
    one = net_benefit(ScoreCuts.of(p, y, times.astype(float)), t)
    other = net_benefit(
        ScoreCuts.of(np.repeat(p, times), np.repeat(y, times), np.ones(int(times.sum()))), t
    )
    np.testing.assert_allclose(one, other)


def test_all_scores_equal_are_one_answer_for_every_row() -> None:
    """Below the only probability it is that of yes for every row, above it 0."""
    cuts = ScoreCuts.of(np.full(8, 0.25), np.array([1.0, 1, 0, 0, 0, 0, 0, 0]), np.ones(8))
    found = decision_curves([ModelCuts("m", "m", 0, 0.5, cuts)], None)
    below = found.thresholds < 0.25
    np.testing.assert_allclose(found.curves[0].net_benefit[below], found.flag_all[below])
    assert (found.curves[0].net_benefit[~below] == 0.0).all()
