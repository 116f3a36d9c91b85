"""P-values agree with scipy's and statsmodels', and keep their promise on small counts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, fisher_exact, hypergeom, ks_2samp
from statsmodels.stats.multitest import multipletests

from lr_pipeline.lifecycle.drift import significance


@pytest.mark.parametrize(("gap", "m", "n"), [(0.05, 1_000, 1_000), (0.08, 400, 900), (0.3, 30, 60)])
def test_the_gaps_p_value_is_near_the_exact_one(gap, m, n) -> None:
    """Scipy counts paths; Stephens' approximation is within a tenth."""
    step = np.lcm(m, n)
    gap = round(gap * step) / step
    exact = _exact(gap, m, n)
    assert significance.gap_p_value(gap, m, n) == pytest.approx(exact, rel=0.15)


def _exact(gap: float, m: int, n: int) -> float:
    """Scipy's exact p-value for two samples with this largest gap."""
    before = np.arange(m) / m
    after = np.concatenate([np.full(round(gap * n), -1.0), before[:: max(1, m // n)]])[:n]
    result = ks_2samp(before, after, method="exact")
    return float(result.pvalue) if abs(result.statistic - gap) < 1e-9 else _by_statistic(gap, m, n)


def _by_statistic(gap: float, m: int, n: int) -> float:
    from scipy.stats import kstwo

    return float(kstwo.sf(gap, round(m * n / (m + n))))


def test_a_table_of_enough_cases_is_pearsons() -> None:
    """scipy, without Yates' correction."""
    before, after = np.array([900.0, 500.0, 100.0]), np.array([95.0, 50.0, 30.0])
    exact = chi2_contingency([before, after], correction=False).pvalue
    assert significance.table_p_value(before, after) == pytest.approx(exact)


def test_rare_cells_are_joined() -> None:
    """Each of the last three cells expects fewer than five new cases; together they do not."""
    before, after = (
        np.array([900.0, 500.0, 30.0, 20.0, 10.0]),
        np.array([90.0, 50.0, 9.0, 4.0, 3.0]),
    )
    joined = [[900, 500, 60], [90, 50, 16]]
    exact = chi2_contingency(joined, correction=False).pvalue
    assert significance.table_p_value(before, after) == pytest.approx(exact)


def test_one_cell_tells_nothing() -> None:
    """Neither a constant column, nor cells that are all rare."""
    assert significance.table_p_value(np.array([100.0, 0.0]), np.array([3.0, 0.0])) == 1.0
    assert (
        significance.table_p_value(np.array([50.0, 40.0, 10.0]), np.array([1.0, 1.0, 1.0])) == 1.0
    )


@given(st.integers(0, 30), st.integers(0, 30), st.integers(30, 500), st.integers(30, 80))
def test_two_shares_are_fishers(of_m, of_n, m, n) -> None:
    """Twice the smaller tail of the hypergeometric distribution, as scipy's one-sided tests."""
    table = [[of_n, n - of_n], [of_m, m - of_m]]
    one_sided = [fisher_exact(table, alternative=side).pvalue for side in ("less", "greater")]
    found = significance.share_p_value(of_m, m, of_n, n)
    assert found == pytest.approx(min(1.0, 2 * min(one_sided)), rel=1e-6, abs=1e-12)


def test_rows_beyond_the_training_range_are_counted_exactly() -> None:
    """All of the 4 largest of 1,040 are among the 40 new ones."""
    exact = hypergeom.sf(3, 1_040, 4, 40)
    found = significance.beyond_p_value((0.0, 4.0), 1_000, 40)
    assert found == pytest.approx(2 * exact, rel=1e-9)


def test_a_million_rows_do_not_cost_a_digit() -> None:
    """The logarithms of the binomial coefficients are large, and their difference is small."""
    found = significance.share_p_value(500.0, 1e6, 3.0, 1e3)
    table = [[3, 997], [500, 999_500]]
    exact = min(fisher_exact(table, alternative=side).pvalue for side in ("less", "greater"))
    assert found == pytest.approx(2 * exact, rel=1e-6)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_the_control_of_false_discoveries_is_statsmodels(p_values) -> None:
    """Adjusted p-values of Benjamini and Hochberg, in the order given."""
    expected = multipletests(p_values, method="fdr_bh")[1]
    assert significance.adjusted_for_discoveries(p_values) == pytest.approx(expected.tolist())


def test_two_shares_keep_their_level() -> None:
    """Of 2,000 pairs of samples of 0.3 % each, at most 5 % have p ≤ 5 %."""
    rng = np.random.default_rng(5)
    draws = zip(rng.binomial(1_000, 0.003, 2_000), rng.binomial(10_000, 0.003, 2_000), strict=True)
    small = [significance.share_p_value(b, 10_000, a, 1_000) <= 0.05 for a, b in draws]
    assert np.mean(small) <= 0.05
