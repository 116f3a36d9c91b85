"""A stored model's JSON that was changed by hand: the error names each wrong field."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from lr_pipeline.models import model_from_json
from lr_pipeline.models.document import ModelDocumentError
from lr_pipeline.models.train import train_linear
from tests.models.conftest import prepare


@pytest.fixture(scope="module")
def documents(train, overlapping) -> list[dict[str, Any]]:
    """Return what a logistic and a linear model write."""
    models = train(overlapping), train_linear(overlapping, prepare)
    return [json.loads(model.to_json()) for model in models]


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield every path into nested dictionaries and lists; for lists only the first item."""
    keys: Any = value.keys() if isinstance(value, dict) else range(min(len(value), 1))
    for key in keys:
        yield (*path, key)
        if isinstance(value[key], dict | list):
            yield from places(value[key], (*path, key))


def changed(document: dict[str, Any], path: tuple[str | int, ...], value: Any) -> str:
    """Return the document's text with another value at the path, or without it (``...``)."""
    copy = deepcopy(document)
    parent: Any = copy
    for key in path[:-1]:
        parent = parent[key]
    if value is ...:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return json.dumps(copy)


def test_every_number_that_becomes_nan_or_text_is_named(documents) -> None:
    """NaN, infinity, a text or an object in place of each value is refused with its path."""
    tried = 0
    for document in documents:
        for path in places(document):
            if path == ("format_version",):  # refused as such: tests/storage/test_format_version.py
                continue
            for value in (float("nan"), float("inf"), [{}]):
                tried += 1
                with pytest.raises(ModelDocumentError) as raised:
                    model_from_json(changed(document, path, value))
                assert path[0] in raised.value.field.split("."), (path, value)
    assert tried > 500


def test_every_field_that_is_missing_is_named(documents) -> None:
    """Fields that older models lack, or that may be left out if empty, are excepted."""
    optional = {("format_version",), ("ranges",), ("trace", 0), ("search",), ("decision",)}
    optional |= {("class_weights",), ("inference", "better_start")}
    for document in documents:
        for path in places(document):
            if path in optional or (path[0] == "versions" and len(path) == 2):
                continue
            if path[-1] in ("pooled", "missing", "sampled_rows"):
                continue
            with pytest.raises(ModelDocumentError):
                model_from_json(changed(document, path, ...))


def test_a_coefficient_changed_alone_is_named(documents) -> None:
    """It would be shown, but predictions use the standardized one."""
    logistic = documents[0]
    for path in (("coefficients", "dose"), ("intercept",), ("scaled_parameters", 1), ("center", 0)):
        value = logistic
        for key in path:
            value = value[key]
        with pytest.raises(ModelDocumentError, match=r"coefficients\.|intercept"):
            model_from_json(changed(logistic, path, value * (1 + 1e-9) + 1e-9))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it is no JSON, from line 1, column 1 on"),
        ("[]", "field 'kind': expected one of linear, logistic"),
        ("3", "field 'kind': expected one of linear, logistic"),
        ('{"kind": ["logistic"]}', "field 'kind': expected one of linear, logistic"),
        ('{"kind": "tree"}', "field 'kind': expected one of linear, logistic"),
        ('{"kind": "linear", "kind": "logistic"}', "field 'kind': it occurs twice in one object"),
        ("[" * 100_000, "it is nested too deeply for a model's JSON"),
        (
            '{"kind": "linear", "intercept": ' + "9" * 5000 + "}",
            "it has a number of too many digits",
        ),
    ],
)
def test_what_is_no_model_says_why(text, message) -> None:
    """The message is one sentence for any text."""
    with pytest.raises(ModelDocumentError) as raised:
        model_from_json(text)
    assert message in str(raised.value)


def test_a_wrong_value_is_shown_in_part(documents) -> None:
    """A message does not repeat a megabyte of text."""
    with pytest.raises(ModelDocumentError) as raised:
        model_from_json(changed(documents[0], ("intercept",), "x" * 1_000_000))
    assert "field 'intercept': " in str(raised.value)
    assert len(str(raised.value)) < 300


@pytest.mark.parametrize("value", [1e308, -1e308, 1e200])
def test_a_center_that_overflows_the_intercept_is_named(documents, value) -> None:
    """Neither infinity nor NaN is accepted as the intercept."""
    changes = changed(documents[0], ("center", 0), value)
    with pytest.raises(ModelDocumentError, match="field 'intercept'"):
        model_from_json(changes)


def test_the_reason_for_inseparable_columns_is_a_text(documents) -> None:
    """Models without such columns have no such field, so that it is not in ``documents``."""
    logistic = next(one for one in documents if one["kind"] == "logistic")
    with pytest.raises(ModelDocumentError, match=r"inference\.inseparable"):
        model_from_json(changed(logistic, ("inference", "inseparable"), 3))
