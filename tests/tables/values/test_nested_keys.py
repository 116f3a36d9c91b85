"""Lists, structs and maps as keys have one text for each value."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lr_pipeline.tables.values.nested_keys import nested_texts

TEXTS = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
NUMBERS = st.none() | st.integers(-(2**63), 2**63 - 1) | st.sampled_from([0, 1, 10, 11])
PART = pa.struct([("a", pa.int64()), ("b, c", pa.string())])
KINDS = {
    pa.list_(pa.string()): st.lists(TEXTS, max_size=3),
    pa.list_view(pa.int64()): st.lists(NUMBERS, max_size=3),
    pa.list_(pa.int64(), 2): st.lists(NUMBERS, min_size=2, max_size=2),
    pa.large_list(pa.list_(pa.string())): st.lists(st.lists(TEXTS, max_size=2), max_size=2),
    PART: st.fixed_dictionaries({"a": NUMBERS, "b, c": TEXTS}),
    pa.list_(PART): st.lists(st.fixed_dictionaries({"a": NUMBERS, "b, c": TEXTS}), max_size=2),
}


@pytest.mark.parametrize("kind", KINDS, ids=str)
@given(data=st.data())
def test_two_values_have_one_text_only_where_they_are_equal(kind, data):
    """They may contain quotes, commas, brackets and missing parts, and have an offset."""
    values = data.draw(st.lists(st.none() | KINDS[kind], min_size=1, max_size=8))
    texts = nested_texts(pa.array([None, *values], kind).slice(1))
    assert [text is None for text in texts] == [value is None for value in values]
    for one, text in zip(values, texts, strict=True):
        for other, another in zip(values, texts, strict=True):
            assert (one == other) == (text == another)


def test_every_kind_of_part_has_a_text():
    """Examples of parts are bytes, decimals, dates and zeros of both signs."""
    values = pa.array([{"a": b"\xff", "b": 0.0}, {"a": None, "b": -0.0}, None])
    assert nested_texts(values) == ['{"a": "ff", "b": 0}', '{"a": null, "b": 0}', None]
    coded = pa.array(["x", "y", None]).dictionary_encode()
    runs = pa.RunEndEncodedArray.from_arrays([1, 3], [1, 2])
    parts = pa.StructArray.from_arrays([coded, runs], names=["c", "r"])
    assert nested_texts(parts)[::2] == ['{"c": "x", "r": 1}', '{"c": null, "r": 2}']
    pairs = pa.array([[("k", 1)], []], pa.map_(pa.string(), pa.int8()))
    assert nested_texts(pairs) == ['[{"key": "k", "value": 1}]', "[]"]
