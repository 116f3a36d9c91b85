"""Average changes of the probability when one column changes in every row.

For column j the mean over rows of σ(z¹) − σ(z⁰), where z⁰ and z¹ are the linear predictors without
and with the change: a number rises by its step, a column of 0 and 1 goes from 0 to 1, and a level
takes the place of the reference of its category. The variance is gᵀ V g (the delta method), with g
the gradient by the parameters and V their covariance.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.logistic.loss import sigmoid
from lr_pipeline.core.types import Design, ParameterMatrix, Parameters, RowVector
from lr_pipeline.evaluation.effects.column_kinds import DesignColumn

NUMBERS_AT_ONCE = 2**18  # in some columns of the rows, which are copied a few times

Changes = Float64[np.ndarray, " k"]


class AverageChanges(NamedTuple):
    """Mean change of the probability for each column (k,), and its standard error if known."""

    change: Changes
    standard_error: Changes | None


class _Reference(NamedTuple):
    """A category's columns, and the linear predictors of rows that all had its reference."""

    places: list[int]
    z: RowVector


class _Move(NamedTuple):
    """Linear predictors before and after a change, and by how much the columns' values move."""

    before: RowVector
    after: RowVector
    zeroed: list[int]
    value_before: RowVector
    value_after: RowVector


def average_changes(
    columns: Sequence[DesignColumn],
    of_design: Sequence[DesignColumn],
    X: Design,
    weight: RowVector,
    z: RowVector,
    parameters: Parameters,
    covariance: ParameterMatrix | None,
) -> AverageChanges:
    """Average over the rows of ``X`` for some ``columns`` of all columns ``of_design``."""
    share = weight / weight.sum()
    categories: dict[str, list[int]] = {}
    for one in of_design:
        if one.kind == "level":
            categories.setdefault(one.feature, []).append(one.place)
    wanted = {one.feature for one in columns if one.kind == "level"}
    references = {
        feature: _Reference(places, z - X[:, places] @ parameters[[1 + j for j in places]])
        for feature, places in categories.items()
        if feature in wanted
    }
    at_once = max(1, NUMBERS_AT_ONCE // max(len(z), 1))
    changes, errors = [], []
    for start in range(0, len(columns), at_once):
        some = columns[start : start + at_once]
        moves = [_move(one, references, X, z, parameters) for one in some]
        after, before = (
            np.column_stack([sigmoid(z) for z in parts])
            for parts in ([m.after for m in moves], [m.before for m in moves])
        )
        changes.append(share @ (after - before))
        if covariance is None:
            continue
        slopes = [share[:, None] * p * (1.0 - p) for p in (before, after)]
        gradients = _gradients(some, moves, X, *slopes)
        errors.append(_lengths(gradients, covariance))
    return AverageChanges(
        np.concatenate([np.zeros(0), *changes]),
        None if covariance is None else np.concatenate([np.zeros(0), *errors]),
    )


def _move(
    one: DesignColumn,
    references: dict[str, _Reference],
    X: Design,
    z: RowVector,
    parameters: Parameters,
) -> _Move:
    slope, x, nothing = parameters[1 + one.place], X[:, one.place], np.zeros(len(X))
    if one.kind == "number":
        return _Move(z, z + slope * one.step, [], x, x + one.step)
    if one.kind == "level":
        places, all_reference = references[one.feature]
        return _Move(all_reference, all_reference + slope, places, nothing, nothing + 1.0)
    reference = z - slope * x
    return _Move(reference, reference + slope, [], nothing, nothing + 1.0)


def _gradients(
    columns: Sequence[DesignColumn],
    moves: Sequence[_Move],
    X: Design,
    before: Float64[np.ndarray, "n m"],
    after: Float64[np.ndarray, "n m"],
) -> Float64[np.ndarray, "p m"]:
    """Gradients of the mean changes by the parameters, one a column of the result."""
    difference = after - before
    gradients = np.vstack([difference.sum(axis=0), X.T @ difference])
    for k, (one, move) in enumerate(zip(columns, moves, strict=True)):
        gradients[[1 + j for j in move.zeroed], k] = 0.0
        at_ends = after[:, k] @ move.value_after - before[:, k] @ move.value_before
        gradients[1 + one.place, k] = at_ends
    return gradients


def _lengths(gradients: Float64[np.ndarray, "p m"], covariance: ParameterMatrix) -> Changes:
    variances = np.einsum("pm,pm->m", gradients, covariance @ gradients)
    return np.asarray(np.sqrt(np.maximum(variances, 0.0)))
