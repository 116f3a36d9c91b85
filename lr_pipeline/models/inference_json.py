"""Convert inference to plain data for JSON, by column name, and back without losing a bit.

NaN, which means withheld, becomes null. JSON has no infinity, so it becomes the text "inf" or
"-inf".
"""

from collections.abc import Sequence
from math import isfinite, isnan, nan
from typing import Any

import numpy as np

from lr_pipeline.core.inference.inference import (
    LikelihoodRatioTest,
    LogisticInference,
    OddsRatios,
)

PARAMETER_FIELDS = ("lower", "upper", "statistics", "p_values")
RATIO_FIELDS = ("odds_ratios", "odds_ratios_per_sd")

Number = float | str | None


def inference_to_dict(inference: LogisticInference, columns: Sequence[str]) -> dict[str, Any]:
    """Return plain data; ``intercept`` is apart from the columns."""
    parameters = [
        {name: _number(getattr(inference, name)[j]) for name in PARAMETER_FIELDS}
        for j in range(len(columns) + 1)
    ]
    test, better = inference.model_test, inference.better_start
    return {
        "level": inference.level,
        "method": inference.method,
        "withheld": inference.withheld,
        "better_start": better if better is None else better.tolist(),
        "intercept": parameters[0],
        "columns": {
            name: parameters[j + 1] | _column(inference, j) for j, name in enumerate(columns)
        },
        "model_test": None if test is None else test._asdict(),
        **({"inseparable": inference.inseparable} if inference.inseparable else {}),
    }


def inference_from_dict(data: dict[str, Any], columns: Sequence[str]) -> LogisticInference:
    """Restore inference: the inverse of :func:`inference_to_dict`."""
    found = [data["columns"][name] for name in columns]
    parameters = [data["intercept"], *found]
    test, better = data["model_test"], data.get("better_start")
    return LogisticInference(
        level=data["level"],
        method=data["method"],
        withheld=data["withheld"],
        better_start=None if better is None else _array(better),
        **{name: _array([part[name] for part in parameters]) for name in PARAMETER_FIELDS},
        odds_ratios=_ratios([part["odds_ratios"] for part in found]),
        odds_ratios_per_sd=_ratios([part["odds_ratios_per_sd"] for part in found]),
        variance_inflation=_array([part["variance_inflation"] for part in found]),
        model_test=None if test is None else LikelihoodRatioTest(**test),
        inseparable=data.get("inseparable", ""),
    )


def _column(inference: LogisticInference, j: int) -> dict[str, Any]:
    """Return what only columns have."""
    ratios = {
        name: {
            key: _number(values[j]) for key, values in getattr(inference, name)._asdict().items()
        }
        for name in RATIO_FIELDS
    }
    return ratios | {"variance_inflation": _number(inference.variance_inflation[j])}


def _ratios(parts: list[dict[str, Number]]) -> OddsRatios:
    return OddsRatios(*(_array([part[name] for part in parts]) for name in OddsRatios._fields))


def _number(value: float) -> Number:
    if isnan(value):
        return None
    return float(value) if isfinite(value) else str(float(value))


def _array(values: list[Number]) -> Any:
    return np.array([nan if value is None else float(value) for value in values])
