"""Counting labels."""

import numpy as np
import pytest

from lr_pipeline.core.columns.classes import ClassCounts, count_classes, prevalence_start
from lr_pipeline.engines.memory import ArrayRows

X = np.zeros((5, 1))
Y = np.array([0.0, 1, 1, 0, 1])


def test_weights_and_rows_are_counted_by_label():
    """Rows of zero weight do not count, in any division into blocks."""
    weight = np.array([0.5, 2, 0, 1, 0.25])
    for block_rows in (1, 2, 5):
        counts = count_classes(ArrayRows(X, Y, weight, block_rows))
        assert counts == ClassCounts(1.5, 2.25, 2, 2, 0)
        assert counts.total_weight == 3.75
    assert count_classes(ArrayRows(X, Y)) == ClassCounts(2.0, 3.0, 2, 3, 0)


@pytest.mark.parametrize(
    ("y", "weight", "message"),
    [
        (np.array([0.0, 1, 2, 0.5, 1]), None, "found 2 rows with another value"),
        (np.ones(5), None, "found 0 of label 0 and 5 of label 1"),
        (Y, 1.0 - Y, "found 2 of label 0 and 0 of label 1 with positive weight"),
    ],
)
def test_other_labels_and_one_class_alone_are_refused(y, weight, message):
    """The error's message has the counts."""
    with pytest.raises(ValueError, match=message):
        count_classes(ArrayRows(X, y, weight))


def test_the_intercept_alone_has_the_prevalence():
    """σ(log(w₁ / w₀)) = w₁ / (w₀ + w₁)."""
    w = prevalence_start(3.0, 1.0, 2)
    assert 1 / (1 + np.exp(-w[0])) == pytest.approx(0.25, rel=1e-15)
    assert not w[1:].any()
