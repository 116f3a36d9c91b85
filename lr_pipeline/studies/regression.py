"""Least squares by formula, and the sigmoid (tutorial, "线性回归" and "逻辑回归")."""

from collections.abc import Sequence

from lr_pipeline.core.rows import Block
from lr_pipeline.studies.study import Study


def regression_study(block: Block, columns: Sequence[str], feature: str | None = None) -> Study:
    """Regress the label on one column and on all.

    ``numbers``: ``simple`` (means, sums, slope, intercept), ``multiple`` (normal equations against
    the project's own solution), ``sigmoid``.
    Pictures: ``simple_regression``, ``multiple_regression``, ``sigmoid``.
    """
    raise NotImplementedError
