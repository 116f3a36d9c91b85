"""Rows held as arrays in memory."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lr_pipeline.core.rows import Block, Rows, gather, largest
from lr_pipeline.engines.memory import ArrayRows

X = np.arange(20.0).reshape(10, 2)
Y = np.array([0.0, 1] * 5)


def test_it_implements_rows():
    """The class has what the core requires of an engine."""
    rows = ArrayRows(X, Y)
    assert isinstance(rows, Rows)
    assert (rows.num_rows, rows.num_columns) == (10, 2)


@given(st.integers(1, 12))
def test_sums_do_not_depend_on_the_block_size(block_rows):
    """Sums and maxima are those of all rows, whatever the blocks."""
    rows = ArrayRows(X, Y, weight=Y + 1.0, block_rows=block_rows)
    total, count = rows.sum(lambda block: (block.weight @ block.X, len(block.y)))
    np.testing.assert_array_equal(total, (Y + 1.0) @ X)
    assert count == 10
    assert largest(rows, lambda block: float(block.X.max())) == 19.0


def test_blocks_are_views_in_order():
    """No row is copied, and the first block comes first."""
    seen = []
    ArrayRows(X, Y, block_rows=4).sum(lambda block: (seen.append(block) or 0,))
    assert [len(block.y) for block in seen] == [4, 4, 2]
    assert all(np.shares_memory(block.X, X) for block in seen)
    np.testing.assert_array_equal(np.concatenate([block.y for block in seen]), Y)


def test_gathering_leaves_out_rows_of_zero_weight():
    """Gathered rows are copies of the rows that count, in order."""
    weight = np.array([1.0, 0, 2, 0, 0, 1, 1, 1, 1, 1])
    block = gather(ArrayRows(X, Y, weight, block_rows=3))
    np.testing.assert_array_equal(block.X, X[weight > 0])
    np.testing.assert_array_equal(block.weight, weight[weight > 0])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((X.astype(np.float32), Y), TypeError, "X must be a float64 array, found float32"),
        ((X, Y.astype(int)), TypeError, "y must be a float64 array, found int64"),
        ((X, Y[:, None]), ValueError, r"y must have 1 dimension\(s\), found shape \(10, 1\)"),
        ((X[:9], Y), ValueError, "'X': 9, 'y': 10"),
        ((X, Y, np.ones(3)), ValueError, "'weight': 3"),
        ((X[:0], Y[:0]), ValueError, "at least one row"),
        ((X, np.where(Y == 1, np.inf, Y)), ValueError, "found inf at row 1"),
        ((X, Y, np.linspace(-1, 1, 10)), ValueError, "found -1.0 at row 0"),
        ((X, Y, np.zeros(10)), ValueError, "at least one weight must be positive"),
        ((X, Y, None, 0), ValueError, "block_rows must be at least 1, found 0"),
    ],
)
def test_bad_arrays_are_refused_with_the_place(arguments, error, message):
    """Each message says what was expected, what was found and where."""
    with pytest.raises(error, match=message):
        ArrayRows(*arguments)


def test_what_a_fit_holds_for_its_steps_may_be_in_single_precision():
    """A user's array may not; sums use the blocks as they are held."""
    X = np.arange(6.0, dtype=np.float32)[:, None]
    held = ArrayRows(np.ones((6, 1)), np.zeros(6)).hold(Block(X, np.zeros(6)))
    assert held.sum(lambda block: (block.X.dtype == np.float32,))[0]
    assert held.sum(lambda block: (float(block.X.sum()),))[0] == 15.0
    with pytest.raises(TypeError, match="X must be a float64 array, found float32"):
        ArrayRows(X, np.zeros(6))


@pytest.mark.parametrize(
    ("rows", "parts"), [(1, 1), (2559, 1), (2560, 2), (5122, 4), (10239, 4), (10240, 8), (10**5, 8)]
)
def test_a_block_is_held_in_as_many_parts_as_keep_two_threads_busy(rows, parts):
    """There are 1, 2, 4 or 8 parts of similar length, each of at least 1,280 rows, in order."""
    X = np.arange(float(rows))[:, None]
    held = ArrayRows(np.ones((6, 1)), np.zeros(6)).hold(Block(X, X[:, 0], np.ones(rows)))
    lengths, values = held.sum(lambda block: ([len(block.y)], block.X[:, 0].tolist()))
    assert len(lengths) == parts
    assert max(lengths) - min(lengths) < parts
    assert values == X[:, 0].tolist()
    assert (held.num_rows, held.num_columns, held.block_rows) == (rows, 1, max(lengths))
    assert largest(held, lambda block: float(block.X.max())) == rows - 1


@pytest.mark.parametrize("blocks", [2, 7, 8, 9, 20])
def test_several_blocks_are_held_as_they_are(blocks):
    """They are visited in order and not copied."""
    given = [Block(np.full((3, 2), float(i)), np.full(3, float(i))) for i in range(blocks)]
    held = ArrayRows(np.ones((6, 2)), np.zeros(6)).hold(*given)
    (seen,) = held.sum(lambda block: ([block],))
    assert [one.X is other.X for one, other in zip(seen, given, strict=True)] == [True] * blocks
    assert held.num_rows == 3 * blocks
    (again,) = held.hold(given[1]).sum(lambda block: ([block],))
    assert again[0].X is given[1].X
