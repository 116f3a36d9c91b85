"""The small table copied for descent: its function is the objective's."""

import numpy as np

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.logistic.penalties.firth import Firth
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.logistic.penalties.ridge import Ridge
from lr_pipeline.core.solvers import signed_rows
from lr_pipeline.core.solvers.signed_rows import SignedRows
from lr_pipeline.engines.memory import ArrayRows
from tests.core.tables import overlapping


def test_labels_are_turned_about_and_weights_become_shares():
    """By hand: a = (1 − 2y)(1, x), a row of weight 0 left out, the strength over all weight."""
    X = np.array([[2.0], [3.0], [4.0]])
    rows = ArrayRows(X, np.array([0.0, 1.0, 1.0]), np.array([1.0, 3.0, 0.0]), block_rows=2)
    objective = LogisticObjective(rows, NumpyKernel(), Ridge(6.0))
    signed = SignedRows.of(objective)
    np.testing.assert_array_equal(signed.A, [[1.0, -1.0], [2.0, -3.0]])
    np.testing.assert_array_equal(signed.share, [0.25, 0.75])
    np.testing.assert_array_equal(signed.pull, [0.0, 1.5])
    assert signed.sums is objective.sums


def test_large_tables_and_penalties_that_depend_on_the_rows_are_not_copied(monkeypatch):
    """One number more than the limit, or Firth's penalty: the descent takes the objective."""
    X, y = overlapping()
    monkeypatch.setattr(signed_rows, "MOST_NUMBERS", X.size + len(y))
    rows = ArrayRows(X, y)
    assert SignedRows.of(LogisticObjective(rows, NumpyKernel(), NoPenalty())) is not None
    assert SignedRows.of(LogisticObjective(rows, NumpyKernel(), Firth())) is None
    monkeypatch.setattr(signed_rows, "MOST_NUMBERS", X.size + len(y) - 1)
    assert SignedRows.of(LogisticObjective(rows, NumpyKernel(), NoPenalty())) is None
