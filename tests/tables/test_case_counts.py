"""The share of positive rows."""

import pandas as pd
import pytest

from lr_pipeline.tables.case_counts import prevalence
from lr_pipeline.tables.table import Table


@pytest.mark.parametrize(("weight", "expected"), [(None, 0.25), ("w", 0.7)])
def test_rows_count_by_their_weight(weight, expected):
    """One of four rows is positive and has seven tenths of the weight."""
    frame = pd.DataFrame({"x": [1.0, 2, 3, 4], "w": [1, 1, 7, 1], "y": [0, 0, 1, 0]})
    assert prevalence(Table.from_pandas(frame, target="y", weight=weight)) == expected
