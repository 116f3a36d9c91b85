"""Coefficients that moved from one report to the next, beyond the errors of both estimates."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from scipy.special import ndtr

from lr_pipeline.evaluation.comparisons.comparison import SIGNIFICANCE
from lr_pipeline.evaluation.comparisons.holm import holm
from lr_pipeline.evaluation.since.changes import CoefficientChanges, CoefficientShift, ColumnChange

Numbers = Mapping[str, Any]

INTERCEPT = "(intercept)"
OTHER = "(other)"  # the level that the rare ones share


def coefficient_changes(
    then: Numbers, now: Numbers, columns: Sequence[ColumnChange] = (), refusal: str = ""
) -> CoefficientChanges | None:
    """Compare the coefficients w of two reports, those of the model whose effects are shown.

    z = (w_now − w_then) / √(s_now² + s_then²) with both standard errors s is standard normal if
    the truth did not move and no training row is in both; where rows are in both, the difference
    varies less than that, and fewer shifts are found. A coefficient moved if its p-value, by Holm
    for all that were compared, is at most 0.05.

    ``columns``: where a category has another reference level, its coefficients and the intercept
    are left out. ``refusal``: why none can be compared. None: no logistic model is in both reports.
    """
    model = (now.get("effects") or {}).get("name", "")
    if model not in then["fits"] or model not in now["fits"]:
        return None
    if refusal:
        return CoefficientChanges(model, withheld=refusal)
    before, found = then["fits"][model], now["fits"][model]
    incomparable = _incomparable(then, now, columns)
    shared = [name for name in found["coefficients"] if name in before.get("coefficients", {})]
    errors = {name: _error(name, before, found) for name in shared if name not in incomparable}
    compared = {name: error for name, error in errors.items() if error is not None}
    left_out = len(shared) - len(compared)
    if not compared:
        return CoefficientChanges(model, left_out=left_out, withheld="no standard errors in both")
    moved = _moved(before["coefficients"], found["coefficients"], compared)
    return CoefficientChanges(model, len(compared), moved, left_out)


def _moved(
    before: Mapping[str, float], found: Mapping[str, float], errors: Mapping[str, float]
) -> tuple[CoefficientShift, ...]:
    """Return the significant shifts, the most significant first."""
    z = {name: abs(found[name] - before[name]) / error for name, error in errors.items()}
    adjusted = holm([float(2.0 * ndtr(-one)) for one in z.values()])
    shifts = [
        CoefficientShift(name, before[name], found[name], errors[name], p)
        for name, p in zip(z, adjusted, strict=True)
        if p <= SIGNIFICANCE
    ]
    return tuple(sorted(shifts, key=lambda one: -z[one.column]))


def _error(name: str, before: Numbers, found: Numbers) -> float | None:
    """Return the standard error of the difference of two independent estimates."""
    errors = [one.get("standard_errors", {}).get(name) for one in (before, found)]
    values = [one["coefficients"][name] for one in (before, found)]
    if None in errors or None in values:
        return None
    both = math.hypot(*errors)
    return both if both > 0.0 else None


def _incomparable(then: Numbers, now: Numbers, columns: Sequence[ColumnChange]) -> set[str]:
    """Return the coefficients that stand for other levels, or against another one, than before."""
    rebased = [one.column for one in columns if one.what == "reference"]
    found = {INTERCEPT} if rebased else set()
    for name in rebased:
        for report in (then, now):
            levels = report["features"][name].get("levels") or ()
            found |= {f"{name}={level}" for level in (*levels, OTHER, "missing")}
    for name in then["features"].keys() & now["features"].keys():
        pools = [report["features"][name].get("pooled") for report in (then, now)]
        if sorted(pools[0] or ()) != sorted(pools[1] or ()):
            found.add(f"{name}={OTHER}")
    return found
