"""Strict JSON, and metadata that Dagster and the browser accept."""

import json
import math

import dagster as dg
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lr_pipeline.storage.plain_values import json_text, metadata_value, metadata_values
from lr_pipeline.storage.storage_error import ArtifactError

FINITE = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | FINITE | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_json_text_gives_every_value_back(value):
    """Reading the text returns the same dictionary: every float to the last bit."""
    assert json.loads(json_text(value)) == value


def test_signed_zero_and_subnormal_survive():
    """The smallest numbers and the sign of zero are not rounded away."""
    read = json.loads(json_text({"a": -0.0, "b": 5e-324}))
    assert math.copysign(1.0, read["a"]) == -1.0
    assert read["b"] == 5e-324


def test_equal_dictionaries_give_equal_text():
    """The order of insertion has no effect."""
    assert json_text({"b": 1, "a": {"d": 2, "c": 3}}) == json_text({"a": {"c": 3, "d": 2}, "b": 1})


def test_numpy_scalars_keep_their_value_in_json():
    """A float32 is written as the float64 of the same value, a count as an integer."""
    text = json_text({"x": np.float32(0.1), "n": np.int64(3), "ok": np.bool_(True)})
    assert text == '{\n  "n": 3,\n  "ok": true,\n  "x": 0.10000000149011612\n}\n'


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, np.float64("nan")])
def test_non_finite_number_is_refused_with_its_place(number):
    """JSON has no NaN, and the message says where it is."""
    with pytest.raises(ArtifactError, match=r"models\.numpy_model\.losses\[1\].*finite"):
        json_text({"models": {"numpy_model": {"losses": [0.5, number]}}})


def test_key_that_is_no_text_is_refused():
    """Plain json.dumps would silently turn 1 into "1"."""
    with pytest.raises(ArtifactError, match=r"counts.*keys, found 1\b"):
        json_text({"counts": {1: 0.5}})


def test_object_is_refused_with_its_type_and_place():
    """The error names anything that has no form in JSON."""
    with pytest.raises(ArtifactError, match=r"a\.b.*found set"):
        json_text({"a": {"b": {1, 2}}})


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.float64(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.array([1.5, 2.5]), [1.5, 2.5]),
        ((1, np.float32(2.0)), [1, 2.0]),
        ({"loss": math.inf, "n": [math.nan]}, {"loss": "inf", "n": ["nan"]}),
    ],
)
def test_metadata_value_is_of_a_plain_type(value, plain):
    """Scalars and arrays of numpy and tuples become Python's; the browser finds no NaN in JSON."""
    found = metadata_value(value)
    assert found == plain
    assert type(found) is type(plain)


def test_metadata_values_are_accepted_by_dagster():
    """Dagster raises on numpy scalars; after the cast it takes them, and infinity as a float."""
    raw = {"n": np.int64(3), "loss": np.float64("inf"), "md": dg.MetadataValue.md("*x*")}
    with pytest.raises(dg.DagsterError, match="known type"):
        dg.AssetMaterialization("a", metadata=raw)
    stored = dg.AssetMaterialization("a", metadata=metadata_values(raw)).metadata
    assert stored["n"].value == 3
    assert stored["loss"].value == math.inf
    assert stored["md"] is raw["md"]


def test_check_accepts_a_cast_numpy_verdict():
    """`passed=np.bool_` raises in Dagster; the cast does not."""
    assert dg.AssetCheckResult(passed=metadata_value(np.bool_(True))).passed is True
