"""One test for all levels of a category: by refitting without them, or Wald's."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import fdtrc, gammaincc

from lr_pipeline.core.fitting.fit import fit_logistic
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.rows import Block, HeldRows
from lr_pipeline.core.solvers.result import Status
from lr_pipeline.core.types import Columns, ParameterMatrix
from lr_pipeline.evaluation.analysed_rows import AnalysedRows


class JointTest(NamedTuple):
    """A test that several coefficients are all zero.

    ``method`` is likelihood ratio, Wald, or Wald between groups.
    """

    statistic: float
    degrees_of_freedom: int
    p_value: float
    method: str


def chi_square_p(statistic: float, degrees_of_freedom: int) -> float:
    """P(χ²_k ≥ statistic)."""
    return float(gammaincc(degrees_of_freedom / 2.0, max(statistic, 0.0) / 2.0))


def wald_test(
    coefficients: Columns, covariance: ParameterMatrix, places: Sequence[int], groups: int = 0
) -> JointTest:
    """β_Sᵀ V_SS⁻¹ β_S of the columns S, with V the covariance of intercept and coefficients.

    It is χ²_k for k columns; k times F(k, G − 1) where the G ``groups`` are the units.
    """
    chosen = np.asarray(places)
    part = covariance[np.ix_(1 + chosen, 1 + chosen)]
    statistic = float(coefficients[chosen] @ np.linalg.solve(part, coefficients[chosen]))
    k = len(chosen)
    if groups:
        p = float(fdtrc(k, groups - 1.0, statistic / k))
        return JointTest(statistic, k, p, "Wald between groups")
    return JointTest(statistic, k, chi_square_p(statistic, k), "Wald")


def likelihood_ratio_test(
    rows: AnalysedRows, log_likelihood: float, places: Sequence[int]
) -> JointTest | None:
    """2 (ℓ − ℓ without the columns S), by a fit to all rows; None if that does not converge."""
    X = np.delete(rows.X, list(places), axis=1)
    block = Block(X, rows.y, rows.weight)
    null = fit_logistic(HeldRows(block), NumpyKernel(), standard_errors=False)
    if null.status is not Status.CONVERGED:
        return None
    statistic, k = max(2.0 * (log_likelihood - null.log_likelihood), 0.0), len(places)
    return JointTest(statistic, k, chi_square_p(statistic, k), "likelihood ratio")
