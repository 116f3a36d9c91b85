"""Sums of the values of blocks: numbers, arrays, lists, tuples and dictionaries of them."""

from typing import NamedTuple

import numpy as np
import pytest

from lr_pipeline.core.rows import Block, HeldRows, add, added, gather, largest


class Pair(NamedTuple):
    """A named tuple."""

    count: int
    rows: list[int]


class Product(float):
    """A number that multiplies where others add."""

    def __add__(self, other):
        """Return the product."""
        return Product(float(self) * other)


def test_tuples_add_item_by_item_and_dictionaries_key_by_key():
    """Nested values add to any depth, and each kind keeps its type."""
    one = {"pair": Pair(1, [1]), "sums": (1.0, np.array([1.0, 2.0]))}
    other = {"pair": Pair(2, [2, 3]), "sums": (0.5, np.array([10.0, 20.0]))}
    both = add(one, other)
    assert both["pair"] == Pair(3, [1, 2, 3])
    assert isinstance(both["pair"], Pair)
    assert both["sums"][0] == 1.5
    np.testing.assert_array_equal(both["sums"][1], [11.0, 22.0])
    assert one["pair"].rows == [1]


def test_a_value_adds_in_its_own_way():
    """Every type that defines an addition can be summed."""
    assert added([(Product(2.0),), (Product(3.0),), (Product(4.0),)]) == (24.0,)


def test_tuples_of_two_lengths_do_not_add():
    """Otherwise an item would be dropped silently."""
    with pytest.raises(ValueError, match="shorter"):
        add((1, 2), (1,))


def test_values_are_added_first_to_last():
    """0.1 + 0.2 + 0.3 is added from the left; from the right the last bit would differ."""
    assert added([0.1, 0.2, 0.3]) == (0.1 + 0.2) + 0.3 != 0.1 + (0.2 + 0.3)


def test_several_things_are_summed_in_one_pass():
    """A dictionary holds the values, and each block is read once."""
    seen = []

    def look(block: Block) -> dict[str, object]:
        seen.append(len(block.y))
        return {"rows": len(block.y), "sum": block.X.sum(axis=0), "first": [float(block.X[0, 0])]}

    X = np.arange(10.0).reshape(5, 2)
    found = HeldRows(Block(X, np.zeros(5)), block_rows=2).sum(look)
    assert seen == [2, 2, 1]
    assert (found["rows"], found["first"]) == (5, [0.0, 4.0, 8.0])
    np.testing.assert_array_equal(found["sum"], [20.0, 25.0])


def test_the_largest_value_of_all_blocks():
    """The largest value is found in whichever block it is."""
    for place in range(5):
        y = np.zeros(5)
        y[place] = 3.0
        assert largest(HeldRows(Block(np.zeros((5, 1)), y), 2), lambda b: float(b.y.max())) == 3.0


def test_rows_are_gathered_in_order_without_those_of_weight_0():
    """The result is one block with the rows in their order."""
    X, weight = np.arange(5.0)[:, None], np.array([1.0, 0.0, 2.0, 0.0, 1.0])
    block = gather(HeldRows(Block(X, np.ones(5), weight), 2))
    np.testing.assert_array_equal(block.X[:, 0], [0.0, 2.0, 4.0])
    np.testing.assert_array_equal(block.weight, [1.0, 2.0, 1.0])


def test_dictionaries_of_other_keys_do_not_add():
    """Otherwise a block's value would be dropped silently."""
    with pytest.raises(ValueError, match="the same keys from every block"):
        add({"rows": 1}, {"rows": 2, "weight": 3.0})
