"""A sample of the rows is the same for every memory layout of the blocks."""

import numpy as np

from lr_pipeline.core.columns.sampling_pass import draw_sample
from lr_pipeline.core.rows import Block, HeldRows


def test_a_sample_has_the_same_rows_stored_alike_however_blocks_are_stored():
    """From rows or columns contiguous in memory, sums over the sample have the same bits."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(1_000, 3)), rng.integers(0, 2, 1_000).astype(float)
    by_row = draw_sample(HeldRows(Block(X, y), 300), 0.2)[1]
    by_column = draw_sample(HeldRows(Block(np.asfortranarray(X), y), 300), 0.2)[1]
    assert 100 < len(by_row.y) < 300
    np.testing.assert_array_equal(by_column.X, by_row.X)
    np.testing.assert_array_equal(by_column.y, by_row.y)
    assert by_column.X.strides == by_row.X.strides
    rows = {row.tobytes() for row in X}
    assert all(row.tobytes() in rows for row in by_row.X)
