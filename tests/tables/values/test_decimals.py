"""Decimals are exact to the last digit, as numbers and as keys."""

from decimal import Decimal, localcontext

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lr_pipeline.tables.values.decimals import floats_of, inexact_integers, plain_text, unscaled
from lr_pipeline.tables.values.row_hash import keyed_hashes, row_hashes

THOUSANDS = pa.decimal128(13, -3)


@st.composite
def columns(draw) -> tuple[list[Decimal | None], pa.Array]:
    """A column of decimals of one type, some missing, with an offset."""
    make, most = draw(st.sampled_from([(pa.decimal128, 38), (pa.decimal256, 76)]))
    precision = draw(st.integers(1, most))
    scale = draw(st.integers(max(-3, precision - most), precision))  # what Arrow can make
    whole = st.integers(-(10**precision) + 1, 10**precision - 1)
    found = draw(st.lists(st.none() | whole, min_size=1, max_size=20))
    with localcontext(prec=200):
        values = [None if v is None else Decimal(v).scaleb(-scale) for v in found]
    column = pa.array([None, *values], make(precision, scale)).slice(1)
    return values, column


@given(columns())
def test_a_decimal_becomes_the_nearest_float(case):
    """Python's rounding gives the expected float, for any scale."""
    values, column = case
    assert floats_of(column).to_pylist() == [None if v is None else float(v) for v in values]
    assert floats_of(pa.chunked_array([column, column])).to_pylist()[: len(values)] == (
        floats_of(column).to_pylist()
    )


@given(columns())
def test_the_order_of_decimals_is_kept_exactly(case):
    """They are ordered as integers of any length."""
    values, column = case
    numbers = unscaled(column)
    with localcontext(prec=200):
        expected = [None if v is None else int(v.scaleb(column.type.scale)) for v in values]
    found = [None if v is None else int(n) for v, n in zip(values, numbers, strict=True)]
    assert found == expected


@given(columns())
@example(([Decimal("9.007199254741E+15")], pa.array([Decimal("9.007199254741E+15")], THOUSANDS)))
def test_integers_that_float64_cannot_hold_are_found(case):
    """They lie beyond 2^53, also among decimals without a fraction."""
    values, column = case
    found = inexact_integers(column)
    beyond = [v is not None and abs(v) > 2**53 for v in values]
    if found is None:
        assert column.type.scale > 0 or not any(beyond)
    else:
        assert found.to_pylist() == beyond


def test_an_integer_beyond_int64_is_found_in_a_type_of_tens():
    """922,337,203,685,477,590 tens are stored; as units they would exceed 2⁶³ − 1."""
    tens = pa.array([Decimal("9.2233720368547759E+18"), Decimal("9.0E+2")], pa.decimal128(18, -1))
    assert inexact_integers(tens).to_pylist() == [True, False]


@given(columns(), st.integers(0, 5))
def test_equal_decimals_have_equal_keys_and_others_do_not(case, zeros):
    """Trailing zeros do not matter, neither for keys nor for the hashes of rows."""
    values, column = case
    hashes = keyed_hashes(column, seed=1).tolist()
    rows = row_hashes(pa.record_batch([column], names=["c"]), ["c"]).tolist()
    for found in (hashes, rows):
        assert len(set(zip(values, found, strict=True))) == len(set(values)) == len(set(found))
    if column.type.precision + zeros <= 76 and column.type.scale >= 0:
        wider = column.cast(pa.decimal256(column.type.precision + zeros, column.type.scale + zeros))
        assert keyed_hashes(wider, seed=1).tolist() == hashes


@given(st.integers(-(10**18) + 1, 10**18 - 1))
def test_an_integer_has_one_key_as_a_number_a_text_and_a_decimal(value):
    """CSV keeps keys as text, databases as decimals."""
    kinds = (pa.array([value]), pa.array([str(value)]), pa.array([Decimal(value)]))
    (hashed,) = {int(keyed_hashes(one, seed=3)[0]) for one in kinds}
    assert hashed == int(keyed_hashes(pa.array([Decimal(f"{value}.00")]), seed=3)[0])


@given(st.integers(-(10**15) + 1, 10**15 - 1), st.integers(0, 12))
def test_a_short_decimal_has_the_key_of_its_float(value, scale):
    """Decimals of up to fifteen digits stay different as floats."""
    number = Decimal(value).scaleb(-scale)
    of_float = int(keyed_hashes(pa.array([float(number)]), seed=3)[0])
    assert int(keyed_hashes(pa.array([number], pa.decimal128(38, 13)), seed=3)[0]) == of_float


def test_a_long_decimal_has_the_key_of_its_text():
    """It has more digits than an int64."""
    text = "123456789012345678901234567890"
    of_text = keyed_hashes(pa.array([text]), seed=3)
    assert keyed_hashes(pa.array([Decimal(text)]), seed=3).tolist() == of_text.tolist()


@pytest.mark.parametrize(
    ("value", "text"), [("1.500", "1.5"), ("1E+3", "1000"), ("100", "100"), ("0.00", "0")]
)
def test_a_text_is_that_of_every_equal_decimal(value, text):
    """It has no exponent and no zeros at its end."""
    assert plain_text(Decimal(value)) == text


def test_no_decimal_is_no_number():
    """A column of each kind is empty."""
    for kind in (pa.decimal128(5, 2), pa.decimal128(38, 2), pa.decimal256(60, 0)):
        empty = pa.array([], kind)
        assert len(unscaled(empty)) == len(floats_of(empty)) == 0
        assert keyed_hashes(empty, seed=1).dtype == np.uint64
