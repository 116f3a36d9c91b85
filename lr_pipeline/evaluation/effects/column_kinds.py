"""What each column of a design stands for, and the step in which its effect is told."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import Literal

import numpy as np

from lr_pipeline.core.types import Columns, Design, RowVector
from lr_pipeline.evaluation.calibration import quantiles
from lr_pipeline.tables.preparation.encoding import CategoryEncoding, NumberEncoding

Kind = Literal["number", "binary", "level", "missing"]
QUARTERS = np.array([0.25, 0.75])
MANTISSAS = np.array([1.0, 2.0, 5.0, 10.0])


@dataclass(frozen=True)
class DesignColumn:
    """A column of the design: ``place`` in it, its feature, and the level that it marks.

    ``step``: by how much it changes where an effect is told; 1 for columns of 0 and 1.
    """

    place: int
    name: str
    feature: str
    kind: Kind
    level: str = ""
    step: float = 1.0


def design_columns(
    encodings: Sequence[NumberEncoding | CategoryEncoding],
    X: Design,
    weight: RowVector | None,
    deviation: Columns,
) -> list[DesignColumn]:
    """Return the columns of a design, in their order, with the steps that its rows suggest."""
    found: list[DesignColumn] = []
    for encoding in encodings:
        start = len(found)
        if isinstance(encoding, CategoryEncoding):
            found += _levels(encoding, start)
            continue
        values = X[:, start]
        binary = bool(np.all((values == 0.0) | (values == 1.0)))
        step = 1.0 if binary else sensible_step(values, weight, float(deviation[start]))
        kind: Kind = "binary" if binary else "number"
        found.append(DesignColumn(start, encoding.name, encoding.name, kind, step=step))
        if encoding.marks_missing:
            name = encoding.columns[1]
            found.append(DesignColumn(start + 1, name, encoding.name, "missing", "missing"))
    return found


def _levels(encoding: CategoryEncoding, start: int) -> Iterator[DesignColumn]:
    pooled = ("(other)",) if encoding.pooled else ()
    missing = ("missing",) if encoding.marks_missing else ()
    levels = (*encoding.levels, *pooled, *missing)
    for j, (name, level) in enumerate(zip(encoding.columns, levels, strict=True)):
        yield DesignColumn(start + j, name, encoding.name, "level", level)


def sensible_step(values: RowVector, weight: RowVector | None, deviation: float) -> float:
    """Return the interquartile range rounded to 1, 2 or 5 times a power of ten.

    If half of the values are equal, the deviation is rounded instead; a constant has step 1.
    """
    lower, upper = quantiles(values, QUARTERS, weight)
    return rounded_step(float(upper - lower) or deviation)


def rounded_step(width: float) -> float:
    """Return the nearest of 1, 2, 5 × 10ᵏ by ratio; 1 for a width of 0."""
    if not width > 0.0:
        return 1.0
    exponent = floor(log10(width))
    mantissa = width / 10.0**exponent
    nearest = float(MANTISSAS[np.argmin(np.abs(np.log(MANTISSAS / mantissa)))])
    return float(f"{nearest:g}e{exponent}")
