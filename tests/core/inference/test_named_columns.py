"""Arrays indexed by columns' names, which are also plain arrays."""

import copy
import pickle

import numpy as np
import pytest

from lr_pipeline.core.inference.named_columns import NamedColumns, named

VALUES = np.array([1.5, -2.0, 0.25])


@pytest.fixture
def columns() -> NamedColumns:
    """Three numbers, one for a column whose name is a digit."""
    return NamedColumns(VALUES, ("age", "2", "city=Oslo"))


def test_a_name_gives_its_number(columns) -> None:
    """A name that looks like a position is a name too."""
    assert [columns["age"], columns["2"], columns["city=Oslo"]] == VALUES.tolist()
    assert dict(columns.items()) == {"age": 1.5, "2": -2.0, "city=Oslo": 0.25}
    assert repr(columns) == "{'age': 1.5, '2': -2.0, 'city=Oslo': 0.25}"


def test_positions_and_arithmetic_are_the_arrays(columns) -> None:
    """Results are plain arrays and numbers, with the same bits."""
    assert columns[1] == -2.0
    assert columns[:2].tolist() == [1.5, -2.0]
    for result in (np.exp(columns), columns * 2, columns + columns, columns[[0, 2]]):
        assert type(result) is np.ndarray
    assert np.array_equal(np.exp(columns), np.exp(VALUES))
    assert float(columns @ columns) == float(VALUES @ VALUES)
    assert columns.sum() == VALUES.sum()
    assert np.asarray(columns).tolist() == VALUES.tolist() == columns.tolist()
    assert np.concatenate([[0.0], columns]).tolist() == [0.0, *VALUES.tolist()]


def test_an_unknown_or_ambiguous_name_says_which_there_are(columns) -> None:
    """An ambiguous name never gives the first of several columns."""
    with pytest.raises(
        KeyError, match="no column of the name 'agee'; there are: age, 2, city=Oslo"
    ):
        columns["agee"]
    with pytest.raises(KeyError, match="2 columns of the name 'a'"):
        NamedColumns(VALUES, ("a", "a", "b"))["a"]
    with pytest.raises(ValueError, match="a name for each of 3 values, found 1"):
        NamedColumns(VALUES, ("a",))


def test_names_survive_copies_and_processes(columns) -> None:
    """Arrays that are computed from the numbers have no names."""
    for again in (copy.copy(columns), copy.deepcopy(columns), pickle.loads(pickle.dumps(columns))):
        assert again.items() == columns.items()
    assert named(None, ("a",)) is None
    assert named(VALUES, None) is VALUES
