"""Results as plain values for strict JSON: no NaN, no infinity, no numpy."""

import math
from collections.abc import Mapping
from typing import Any


def strict_numbers(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with numbers that are not finite as None, tuples as lists."""
    return {str(key): _strict(one) for key, one in values.items()}


def _strict(value: Any) -> Any:
    if isinstance(value, Mapping):
        return strict_numbers(value)
    if isinstance(value, list | tuple):
        return [_strict(one) for one in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value
