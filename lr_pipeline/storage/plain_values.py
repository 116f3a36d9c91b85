"""Convert numpy's numbers to Python's, for JSON text and for Dagster's metadata."""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from lr_pipeline.storage.storage_error import ArtifactError


def plain_value(value: object, place: str = "") -> Any:
    """Return the same value in JSON's own types: None, bool, int, float, str, list, dict.

    numpy scalars keep their value exactly; arrays and tuples become lists. ``place`` says in the
    message where the value is.

    Raises
    ------
    ArtifactError
        A value has another type, or a key is not a string.
    """
    if isinstance(value, np.generic):
        value = value.item()
    elif isinstance(value, np.ndarray):
        value = value.tolist()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [plain_value(item, f"{place}[{i}]") for i, item in enumerate(value)]
    if isinstance(value, Mapping):
        return {_text_key(key, place): plain_value(value[key], f"{place}.{key}") for key in value}
    raise ArtifactError(
        f"cannot store {place.lstrip('.') or 'the value'}: expected numbers, text, lists and "
        f"dictionaries, found {type(value).__name__}. Convert it first."
    )


def json_text(value: Mapping[str, object]) -> str:
    """Return strict JSON with sorted keys: equal dicts give equal text, floats are exact.

    Raises
    ------
    ArtifactError
        As in :func:`plain_value`; also for NaN and infinity, which JSON lacks.
    """
    plain = plain_value(value)
    _refuse_non_finite(plain, "")
    return json.dumps(plain, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def metadata_value(value: Any) -> Any:
    """Return the value in a form that Dagster's metadata accept and the web UI can show.

    numpy scalars become Python's (Dagster raises on them), also for ``passed=`` of a check. Inside
    lists and dictionaries NaN and infinity become text, since the browser cannot parse them.
    Dagster's own metadata values pass unchanged.
    """
    if isinstance(value, np.generic):
        return value.item()
    # Dagster's records are tuples underneath, so the exact type decides.
    if isinstance(value, np.ndarray) or type(value) in (list, tuple, dict):
        return _non_finite_as_text(plain_value(value))
    return value


def metadata_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Apply :func:`metadata_value` to each value."""
    return {name: metadata_value(value) for name, value in values.items()}


def _text_key(key: object, place: str) -> str:
    if isinstance(key, str):
        return str(key)
    raise ArtifactError(
        f"cannot store {place.lstrip('.') or 'the dictionary'}: expected text as keys, found "
        f"{key!r}. Write str(key), since JSON would not give {type(key).__name__} back."
    )


def _refuse_non_finite(value: Any, place: str) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            _refuse_non_finite(item, f"{place}.{key}")
    elif isinstance(value, list):
        for i, item in enumerate(value):
            _refuse_non_finite(item, f"{place}[{i}]")
    elif isinstance(value, float) and not math.isfinite(value):
        raise ArtifactError(
            f"cannot store {place.lstrip('.')}: expected a finite number, found {value}, which "
            "JSON does not have. Store None, and say why beside it."
        )


def _non_finite_as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _non_finite_as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_non_finite_as_text(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
