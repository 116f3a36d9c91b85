"""Separating the two classes by a hyperplane: linear programs, checked row by row.

A table is separated when some b ≠ 0 has (2y − 1) (b₀ + xᵀb) ≥ 0 in every row and > 0 in some:
the likelihood then grows for ever along b, and no maximum-likelihood estimate exists (Albert &
Anderson, 1984, Biometrika 71; Konis, 2007, DPhil thesis, Oxford).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64

from lr_pipeline.core.rows import Block
from lr_pipeline.core.types import Parameters

UNIT_ROUNDOFF = float(np.finfo(np.float64).eps) / 2
# How many rounding errors of (2y − 1) x̃ᵀb count as zero.
ROUNDING_ERRORS = 16.0
# The tightest that HiGHS accepts.
FEASIBILITY = 1e-10
# Coefficients of a vertex below this fraction of the largest are zero.
ZERO_COEFFICIENT = 1e-9

SignedRows = Float64[np.ndarray, "n p"]
RowMask = Bool[np.ndarray, " n"]


@dataclass(frozen=True, eq=False)
class Separation:
    """b (p,) with (2y − 1) x̃ᵀb > 0 in the rows marked ``strict`` (n,) and 0 in the others."""

    direction: Parameters
    strict: RowMask


def find_separation(block: Block) -> Separation | None:
    """Return a separating direction with few nonzero coefficients, or None if there is none.

    ``block`` holds all rows, in standardized independent columns. The direction is checked
    against every row in float64: where rounding could undo it, there is none. A gap between the
    classes, or an overlap, of 1e-8 standard deviations is told from none.
    """
    signed = (2.0 * block.y - 1.0)[:, None] * np.column_stack([np.ones(len(block.y)), block.X])
    strict = _separable_rows(signed)
    if not strict.any():
        return None
    direction = _on_the_others(signed, strict, _sparsest_direction(signed, strict))
    margin = signed @ direction
    rounding = (
        ROUNDING_ERRORS * len(direction) * UNIT_ROUNDOFF * (np.abs(signed) @ np.abs(direction))
    )
    holds = np.where(strict, margin > rounding, np.abs(margin) <= rounding)
    return Separation(direction, strict) if holds.all() else None


def _separable_rows(signed: SignedRows) -> RowMask:
    """Rows strictly on their side of some hyperplane that has no row on the wrong side.

    Maximise Σ t subject to A b ≥ t and 0 ≤ t ≤ 1, for A = (2y − 1) x̃: a direction can be made
    longer, so at the optimum t is 1 in those rows and 0 in the others.
    """
    from scipy.sparse import csr_array, eye_array, hstack

    n, p = signed.shape
    constraints = csr_array(hstack([csr_array(-signed), eye_array(n)]))
    solution = _minimize_linear(
        cost=np.concatenate([np.zeros(p), -np.ones(n)]),
        constraints=constraints,
        limits=np.zeros(n),
        bounds=[(None, None)] * p + [(0.0, 1.0)] * n,
    )
    return np.asarray(solution[p:] > 0.5)


def _sparsest_direction(signed: SignedRows, strict: RowMask) -> Parameters:
    """Minimise ‖(b₁ … b_d)‖₁ subject to A b ≥ 1 in the strict rows and ≥ 0 in the others."""
    slopes = signed[:, 1:]
    p = signed.shape[1]
    solution = _minimize_linear(
        cost=np.concatenate([[0.0], np.ones(2 * (p - 1))]),
        constraints=np.hstack([-signed, slopes]),
        limits=np.where(strict, -1.0, 0.0),
        bounds=[(None, None)] + [(0.0, None)] * (2 * (p - 1)),
    )
    direction = np.concatenate([solution[:1], solution[1:p] - solution[p:]])
    largest = float(np.max(np.abs(direction[1:]), initial=0.0))
    direction[1:][np.abs(direction[1:]) <= ZERO_COEFFICIENT * largest] = 0.0
    return direction


def _on_the_others(signed: SignedRows, strict: RowMask, direction: Parameters) -> Parameters:
    """The nearest direction that is exactly zero on the other rows, within the same columns."""
    if strict.all():
        return direction
    used = direction != 0.0
    used[0] = True
    others = np.unique(signed[~strict][:, used], axis=0)
    _, singular, vectors = np.linalg.svd(np.linalg.qr(others, mode="r"), full_matrices=True)
    rank = int(np.sum(singular > ZERO_COEFFICIENT * singular[0]))
    null = vectors[rank:]
    projected = np.zeros_like(direction)
    projected[used] = null.T @ (null @ direction[used])
    return projected


def _minimize_linear(
    cost: Float64[np.ndarray, " m"],
    constraints: Any,
    limits: Float64[np.ndarray, " n"],
    bounds: list[tuple[float | None, float | None]],
) -> Float64[np.ndarray, " m"]:
    """Minimise costᵀv subject to constraints @ v ≤ limits and the bounds."""
    from scipy.optimize import linprog

    result = linprog(
        cost,
        constraints,
        limits,
        bounds=bounds,
        method="highs",
        options={
            "primal_feasibility_tolerance": FEASIBILITY,
            "dual_feasibility_tolerance": FEASIBILITY,
        },
    )
    if result.status != 0:
        raise ArithmeticError(
            "expected the linear program for separation to be solved, found: "
            f"{result.message.strip()}. Use penalty firth or l2, which need no such check"
        )
    return np.asarray(result.x)
