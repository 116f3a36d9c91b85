"""The simulated truth is that of very many draws, and the page counts what it should."""

import numpy as np
import pytest

from benchmarks.binormal import Binormal, predictions
from benchmarks.simulate import Tally, simulate_coverage


def test_true_values_are_those_of_very_many_rows():
    """200,000 rows of an overconfident model have its population's metrics, up to chance."""
    population = Binormal("", 0.85, slope=1.5)
    rows = population.draw(np.random.default_rng(1), 200_000, 0.2)
    found = predictions("model", rows, population.log_odds(rows[1], 0.2), 0.2).metrics
    for metric, value in population.truth(0.2).items():
        assert getattr(found, metric) == pytest.approx(value, abs=0.006), metric


def test_coverage_is_a_share_of_what_was_shown():
    """Fifty small test sets: most intervals are shown, and most contain the truth."""
    table = simulate_coverage(Binormal("", 0.8), (100, 0.5), 50)
    for cells in table.rows.values():
        tally = cells[100, 0.5]
        assert (tally.draws, tally.shown) == (50, 50)
        assert 0.8 < tally.share <= 1.0
    counted = Tally()
    counted.add(shown=False, hit=False)
    counted.add(shown=True, hit=True)
    assert (counted.share, counted.shown, counted.draws) == (1.0, 1, 2)
