"""Check a stored model's JSON field by field before a model is made from it.

A file that was edited by hand, cut off or written by another program is refused with the name of
the first wrong field. The numbers must also be consistent: if only a coefficient was changed, it
would be shown, but predictions would not use it.
"""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from pydantic import ValidationError

from lr_pipeline.core.logistic.penalties.by_name import PENALTIES
from lr_pipeline.models.document_fields import KINDS
from lr_pipeline.tables.preparation.encoding import NumberEncoding
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.versions import without_format_version

# scaled_parameters = coefficients * scale, computed in one order or the other.
RELATIVE_ROUNDING = 1e-12


class ModelDocumentError(ValueError):
    """A model's JSON is not what a model writes; ``field`` is the path of the wrong field."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"field {field!r}: {message}" if field else message)
        self.field, self.message = field, message

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the field too, since a worker's error is caught in another process."""
        return ModelDocumentError, (self.field, self.message)


def read_document(text: str) -> dict[str, Any]:
    """Parse a model's JSON and check every field of it.

    Raises
    ------
    ModelDocumentError
        The text is not JSON; or a field is missing, has another type, is not finite, or contradicts
        another one.
    FormatVersionError
        A later version of this package wrote it.
    """
    document = _parsed(text)
    if isinstance(document, dict):
        document = without_format_version("model", document)
    if not isinstance(document, dict) or document.get("kind") not in tuple(KINDS):
        raise ModelDocumentError("kind", f"expected one of {', '.join(KINDS)}")
    try:
        KINDS[document["kind"]].model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"]))
        raise ModelDocumentError(field, _in_words(first)) from None
    for field, message in _contradictions(document):
        raise ModelDocumentError(field, message)
    return document


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_without_repetition)
    except RecursionError:
        raise ModelDocumentError("", "it is nested too deeply for a model's JSON") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise ModelDocumentError("", f"it is no JSON, from {place} on") from None
    except ModelDocumentError:
        raise
    except ValueError:  # Python refuses integers with thousands of digits
        raise ModelDocumentError("", "it has a number of too many digits") from None


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object's fields; refuse repeated names, which JSON itself would allow."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ModelDocumentError(twice, "it occurs twice in one object")
    return found


def _in_words(error: Any) -> str:
    """Return in one line what was expected and what was found."""
    if error["type"] == "missing":
        return "it is missing"
    found = repr(error["input"])
    shown = found if len(found) <= 60 else f"{found[:60]}…"
    return f"{error['msg'].removeprefix('Value error, ')}, found {shown}"


def _contradictions(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each field that contradicts another one, and how."""
    for one in PENALTIES.values():
        for strength in one.strength_names:
            if (document.get("penalty") == one.name) != bool(document.get(strength)):
                yield (
                    strength,
                    f"it goes with penalty {one.name}, whose strength it is, and no other",
                )
    yield from _of_other_columns(document)
    yield from _of_other_lengths(document)
    if document["kind"] == "logistic":
        yield from _changed_alone(document)


def _of_other_columns(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield fields whose names are not those of the preparation."""
    preparation = Preparation.from_dict(document["preparation"])
    columns, features = list(preparation.columns), list(preparation.roles.features)
    encoded = [one.name for one in preparation.encodings]
    numbers = [one.name for one in preparation.encodings if isinstance(one, NumberEncoding)]
    named = [
        ("preparation.encodings", encoded, features),
        ("columns", document["columns"], columns),
        ("features", document["features"], features),
        ("coefficients", document["coefficients"], columns),
        ("standard_errors", document["standard_errors"], columns),
    ]
    if document["kind"] == "logistic":
        named.append(("inference.columns", document["inference"]["columns"], columns))
        named.append(("ranges", document.get("ranges") or None, numbers))
    if existence := document.get("existence"):
        named.append(("existence.columns", existence["columns"], columns))
    for field, found, expected in named:
        if found is not None and list(found) != expected:
            wrong = next(iter({*found} ^ {*expected}), None)
            which = "their order" if wrong is None else repr(wrong)
            yield field, f"its names must be those of the preparation, and {which} is not"
    subsets = [("dependent_columns", document["dependent_columns"])]
    if existence:
        parts = ("separating_columns", "dependent_columns")
        subsets += [(f"existence.{part}", existence[part]) for part in parts]
    for field, found in subsets:
        if unknown := sorted(set(found) - set(columns)):
            yield field, f"{unknown[0]!r} is not in columns"


def _of_other_lengths(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield lists that do not have one number for each column, or for each parameter."""
    p = len(document["columns"]) + 1
    lengths = {"covariance": p}
    if document["kind"] == "logistic":
        lengths |= {"certificate_units": p, "scaled_parameters": p, "center": p - 1, "scale": p - 1}
    parts = {field: document[field] for field in lengths}
    rows = document["covariance"] or []
    parts |= {f"covariance.{j}": row for j, row in enumerate(rows)}
    search = document.get("search") or {"parameters": None, "others": []}
    parts["search.parameters"], others = search["parameters"], search["others"]
    parts |= {f"search.others.{j}.parameters": one["parameters"] for j, one in enumerate(others)}
    parts["inference.better_start"] = document.get("inference", {}).get("better_start")
    for field, values in parts.items():
        expected = lengths.get(field, p)
        if values is not None and len(values) != expected:
            yield field, f"expected {expected} items, found {len(values)}"


def _changed_alone(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield coefficients that contradict the scaled parameters, which a model predicts with."""
    shown = np.array([document["coefficients"][name] for name in document["columns"]])
    center, scale = np.array(document["center"]), np.array(document["scale"])
    used = np.array(document["scaled_parameters"])
    coefficients = used[1:] / scale
    apart = np.abs(coefficients - shown) > RELATIVE_ROUNDING * np.abs(shown)
    if apart.any():
        name = document["columns"][int(np.argmax(apart))]
        yield (
            f"coefficients.{name}",
            "it is not scaled_parameters / scale: one of them was changed without the other",
        )
    with np.errstate(over="ignore", invalid="ignore"):
        terms = np.array([used[0], *(-center * coefficients)])
        bound, off = RELATIVE_ROUNDING * np.abs(terms).sum(), terms.sum() - document["intercept"]
    if not abs(off) <= bound < np.inf:
        yield (
            "intercept",
            "it is not that of scaled_parameters, center and scale: one of them was changed "
            "without the others",
        )
