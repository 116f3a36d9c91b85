"""One number for all numbers of an asset's value, by which a change of what it computes shows."""

import json
import math
from collections.abc import Iterator
from typing import Any

from lr_pipeline.report.render import Report
from lr_pipeline.tables.table import Table

# Of a report: what follows from rows and models alone. Cross-validation takes as long as it may.
SECTIONS = ("models", "intervals", "calibration", "threshold", "lift", "effects", "features")
# How an optimum was approached may change with the order of sums; the optimum may not.
ON_THE_WAY = {"trace", "certificate", "gradient_norm", "iterations", "search", "versions"}


def summed(value: Any) -> float:
    """Return Σ cos(k) sign(x) log(1 + |x|) over the numbers x of a value, of places k."""
    numbers = enumerate(_numbers(_plain(value)), 1)
    return sum(math.cos(k) * math.copysign(math.log1p(abs(x)), x) for k, x in numbers)


def _plain(value: Any) -> Any:
    if isinstance(value, Table):
        return value.to_arrow().to_pydict()
    if isinstance(value, Report):
        return {name: value.numbers[name] for name in SECTIONS}
    return json.loads(value.to_json()) if hasattr(value, "to_json") else value


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        for name in sorted(value):
            if name not in ON_THE_WAY:
                yield from _numbers(value[name])
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _numbers(one)
    elif isinstance(value, int | float):
        yield float(value)
