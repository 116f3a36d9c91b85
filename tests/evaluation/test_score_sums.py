"""Sums over predictions are those of all rows, however the rows are cut."""

from dataclasses import replace

import numpy as np
import pytest

from lr_pipeline.evaluation.score_sums import ScoreSums


def test_sums_of_parts_are_the_sums_of_all():
    """Rows, losses, cells, extremes and impossible predictions agree, also with empty parts."""
    y, p, weight = np.array([0.0, 1, 1, 0]), np.array([0.25, 1.5, 0.5, 0.0]), np.ones(4)
    parts = [ScoreSums.of(y[half], p[half], weight[half]) for half in (slice(2), slice(2, 4))]
    both = parts[0] + parts[1]
    assert replace(both, log_loss=0.0) == ScoreSums.of(y, p, weight)  # it has none
    assert parts[0] + ScoreSums() == parts[0]
    assert (both.rows, both.outside, both.least, both.greatest) == (4, 1, 0.0, 1.5)
    assert both.confusion() == {
        "true_negative": 2,
        "false_positive": 0,
        "false_negative": 1,
        "true_positive": 1,
    }
    assert both.mean_log_loss()[0] is None


def test_a_prediction_that_is_no_number_is_refused():
    """The error says how many there are, and the remedy."""
    with pytest.raises(ValueError, match=r"finite, found 1 of 2 .* look at the model's input"):
        ScoreSums.of(np.array([0.0, 1.0]), np.array([np.nan, 0.5]), np.ones(2))
