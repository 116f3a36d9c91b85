"""The curved terms of a restricted cubic spline, and where its knots are.

Source: F. E. Harrell, Regression Modeling Strategies, 2nd edition (2015), section 2.4.5: knots at
the quantiles 0.05, 0.35, 0.65 and 0.95; linear beyond the outer ones.
"""

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.types import RowVector
from lr_pipeline.evaluation.calibration import quantiles

QUANTILES = np.array([0.05, 0.35, 0.65, 0.95])
FEWEST_KNOTS = 3
FIRST_ROWS = 1_000

Knots = Float64[np.ndarray, " k"]


def spline_knots(values: RowVector, weight: RowVector | None = None) -> Knots:
    """Return four quantiles; all values if there are three or four, and none if there are fewer.

    Where ties leave fewer than three quantiles, they are those of the distinct values.
    """
    counted = values if weight is None else values[weight > 0]
    distinct = few_values(counted, len(QUANTILES))
    if distinct is not None:
        return distinct if len(distinct) >= FEWEST_KNOTS else np.zeros(0)
    knots = np.unique(quantiles(values, QUANTILES, weight))
    if len(knots) >= FEWEST_KNOTS:
        return knots
    return np.unique(np.quantile(np.unique(counted), QUANTILES))


def few_values(values: RowVector, most: int) -> Knots | None:
    """Return the distinct values in order, None if there are more than ``most``."""
    for some in (values[:FIRST_ROWS], values):  # the first rows often show that there are more
        distinct = np.unique(some)
        if len(distinct) > most:
            return None
    return np.asarray(distinct)


def spline_terms(x: RowVector, knots: Knots) -> Float64[np.ndarray, "n terms"]:
    """Return the k − 2 curved terms of a restricted cubic spline with knots t₁ < … < t_k.

    Term j is [(x − t_j)₊³ − (x − t_{k−1})₊³ (t_k − t_j) / (t_k − t_{k−1})
    + (x − t_k)₊³ (t_{k−1} − t_j) / (t_k − t_{k−1})] / (t_k − t₁)², which has the unit of x.
    """
    span = knots[-1] - knots[0]
    last, before = knots[-1], knots[-2]
    cubes = [_cube(np.maximum((x - t) / span, 0.0)) for t in knots]
    shares = (last - knots[:-2]) / (last - before)
    terms = [
        cube - cubes[-2] * share + cubes[-1] * (share - 1.0)
        for cube, share in zip(cubes[:-2], shares.tolist(), strict=True)
    ]
    return np.asarray(np.column_stack(terms) * span)


def _cube(x: RowVector) -> RowVector:
    """x³ by products, ten times as fast as a power."""
    return np.asarray(x * x * x)
