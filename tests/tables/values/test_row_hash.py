"""Equal rows have equal hashes, however their values are stored."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lr_pipeline.tables.feature_profile import profile_features
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.validation.validate import find_problems
from lr_pipeline.tables.values.row_hash import keyed_hashes, row_hashes

PAYLOAD = np.array([0xFFF8000000000ABC], np.uint64).view(np.float64)[0]  # a NaN with unusual bits


def hashes(column):
    """Two hashes of each row of a one-column table: as a row and as a key."""
    rows = row_hashes(pa.record_batch([column], names=["x"]), ["x"])
    return np.stack([rows, keyed_hashes(column, seed=3)])


def alike(*columns):
    """Whether all columns have the same hashes."""
    first, *others = map(hashes, columns)
    return all(np.array_equal(first, other) for other in others)


small = st.integers(-(2**31), 2**31 - 1)


@given(st.lists(small | st.none(), min_size=1))
def test_a_whole_number_hashes_alike_in_every_type(values):
    """It may be an integer, a float, a decimal or in a dictionary, beside missing values."""
    plain = pa.array(values, pa.int64())
    floats = plain.cast(pa.float64())
    nan = pa.array([PAYLOAD if one is None else float(one) for one in values], pa.float64())
    assert alike(
        plain,
        plain.cast(pa.int32()),
        plain.dictionary_encode(),
        floats.cast(pa.decimal128(14, 2)),  # wider decimals are distinguished beyond 15 digits
        floats,
        floats.dictionary_encode(),
        nan,
    )


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_large_whole_numbers_hash_like_the_floats_that_they_are(values):
    """That holds up to 2⁶³ if float64 holds them exactly; other numbers have other hashes."""
    for value in values:
        exact = int(float(value)) == value and float(value) < 2.0**63
        one, other = pa.array([value], pa.int64()), pa.array([float(value)])
        assert alike(one, other) == exact


@given(st.lists(st.floats(allow_nan=False, allow_infinity=True), min_size=1))
def test_different_numbers_have_different_hashes(values):
    """They are fractions, infinities and whole numbers of any size; 0 and −0 are one number."""
    numbers = np.unique(np.array(values) + 0.0)
    for one in hashes(pa.array(numbers)):
        assert len(np.unique(one)) == len(numbers)
    assert alike(pa.array([0.0]), pa.array([-0.0]), pa.array([0]), pa.array([False]))


@given(st.lists(st.text(max_size=3) | st.none(), min_size=1))
def test_a_text_hashes_alike_in_every_type(values):
    """It may be plain, long or in a dictionary."""
    plain = pa.array(values, pa.string())
    assert alike(
        plain,
        plain.cast(pa.large_string()),
        plain.dictionary_encode(),
        pa.array(values, pa.large_string()).dictionary_encode(),
    )


@pytest.mark.parametrize(
    "copy",
    [
        pa.array([1.0, 0.0, 5.0, 3.0] * 5),
        pa.array([1.0, -0.0, 5.0, 3.0] * 5),
        pa.array([1, 0, 5, 3] * 5, pa.int8()),
        pa.array([1, 0, 5, 3] * 5, pa.uint64()).dictionary_encode(),
    ],
    ids=["floats", "minus zero", "bytes", "dictionary"],
)
def test_a_copy_in_another_type_is_found(copy):
    """A column that repeats another makes the estimate not unique, whatever its type."""
    columns = {"x": pa.array([1, 0, 5, 3] * 5), "copy": copy, "y": [0, 1, 1, 0, 1] * 4}
    found = find_problems(Table.from_arrow(pa.table(columns), "y"))
    assert [(one.column, one.message) for one in found] == [
        ("copy", "feature 'copy' equals 'x' in every row")
    ]


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_zero_is_described_without_a_sign(order):
    """Minimum, maximum, median and range have 0, whichever of 0 and −0 comes first."""
    x = np.array([0.0, -0.0, -0.0, 0.0, -0.0] * 3)[order]
    table = Table.from_arrow(pa.table({"x": x, "y": [0, 1, 0] * 5}), "y")
    profile = profile_features(table)["features"]["x"]
    values = [one[name] for one in profile.values() for name in ("min", "max", "mean")]
    values.append(Preparation.fit(table).encodings[0].median)
    assert not np.signbit(values).any()
