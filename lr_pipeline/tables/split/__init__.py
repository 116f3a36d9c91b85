"""Splits rows into training and test rows: at random, by hash or by time, and never mixed.

``split_policy`` is what users declare; ``split_table`` divides the rows; ``leakage`` checks that no
row is in both parts, and ``perturbation`` that the preparation used no test row.
"""

from typing import TYPE_CHECKING

from lr_pipeline import deferred

if TYPE_CHECKING:
    from lr_pipeline.tables.split.split_policy import SplitPolicy

__all__ = ["SplitPolicy"]

__getattr__ = deferred(
    __name__,
    {
        "SplitPolicy": "lr_pipeline.tables.split.split_policy",
    },
)
