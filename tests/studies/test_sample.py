"""The rows that a study uses."""

import numpy as np
import pandas as pd
import pytest

from lr_pipeline.studies.sample import sample_table
from lr_pipeline.tables.table import Table


def table(rows: int) -> Table:
    """Return a table with a number that counts the rows, a category, and a two-valued target."""
    count = np.arange(rows)
    frame = pd.DataFrame(
        {"row": count.astype(float), "place": np.where(count % 3, "a", "b"), "y": count % 2}
    )
    return Table.from_pandas(frame, target="y")


def test_a_small_table_is_taken_whole() -> None:
    """Every row is taken, in the design's columns."""
    sample = sample_table(table(10), 10)
    assert sample.columns == ("row", "place=b")
    assert sample.column("row").tolist() == list(range(10))
    assert sample.block.y.tolist() == [0.0, 1.0] * 5
    assert sample.rows().num_rows == 10


def test_a_large_one_is_thinned_evenly() -> None:
    """The first and the last row are included."""
    chosen = sample_table(table(1_001), 11).column("row")
    assert chosen.tolist() == [100.0 * k for k in range(11)]


def test_an_unknown_column_is_named_with_those_there_are() -> None:
    """A category is known by its design columns."""
    with pytest.raises(ValueError, match="row, place=b; found 'place'"):
        sample_table(table(10), 10).column("place")
