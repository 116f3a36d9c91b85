"""The share of positive rows."""

import pandas as pd
import pytest

from lr_pipeline.tables.case_counts import count_answers, prevalence
from lr_pipeline.tables.table import Table


@pytest.mark.parametrize(("weight", "expected"), [(None, 0.25), ("w", 0.7)])
def test_rows_count_by_their_weight(weight, expected):
    """One of four rows is positive and has seven tenths of the weight."""
    frame = pd.DataFrame({"x": [1.0, 2, 3, 4], "w": [1, 1, 7, 1], "y": [0, 0, 1, 0]})
    assert prevalence(Table.from_pandas(frame, target="y", weight=weight)) == expected


def test_answers_are_counted_in_one_pass_with_all_values_that_are_not_positive(monkeypatch):
    """They are in the order of the rows, the weights those of the positive rows and of all."""
    frame = pd.DataFrame(
        {"x": [1.0, 2, 3, 4], "w": [1, 1, 7, 2], "y": ["no", "later", "yes", "no"]}
    )
    table = Table.from_pandas(frame, target="y", positive="yes", weight="w")
    passes = []
    blocks = Table.blocks
    monkeypatch.setattr(
        Table, "blocks", lambda *given, **named: passes.append(named) or blocks(*given, **named)
    )
    assert count_answers(table) == (7.0, 11.0, ["no", "later"])
    assert passes == [{"columns": ["y", "w"]}]
