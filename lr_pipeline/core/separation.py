"""Separating the two classes by a hyperplane: linear programs, checked row by row.

A table is separated when some b ≠ 0 has (2y − 1) (b₀ + xᵀb) ≥ 0 in every row and > 0 in some:
the likelihood then grows for ever along b, and no maximum-likelihood estimate exists (Albert &
Anderson, 1984, Biometrika 71; Konis, 2007, DPhil thesis, Oxford).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, Int

from lr_pipeline.core.rows import Block
from lr_pipeline.core.types import Parameters, RowVector

UNIT_ROUNDOFF = float(np.finfo(np.float64).eps) / 2
# How many rounding errors of (2y − 1) x̃ᵀb count as zero.
ROUNDING_ERRORS = 16.0
# The tightest that HiGHS accepts, and what counts as zero in its solutions.
FEASIBILITY = 1e-10
ZERO = 1e-9
# Rows of the first program, and how many more each later one may take in.
FIRST_ROWS = 2000
MORE_ROWS = 1000

SignedRows = Float64[np.ndarray, "n p"]
TiedRows = Float64[np.ndarray, "t p"]
RowMask = Bool[np.ndarray, " n"]
RowNumbers = Int[np.ndarray, " m"]


@dataclass(frozen=True, eq=False)
class Separation:
    """b (p,) with (2y − 1) x̃ᵀb > 0 in the rows marked ``strict`` (n,) and 0 in the others."""

    direction: Parameters
    strict: RowMask


def find_separation(block: Block) -> Separation | None:
    """Return a separating direction with few nonzero coefficients, or None if there is none.

    ``block`` holds all rows, in standardized independent columns. The programs see some of the
    rows, and more until the others agree. The direction found is checked against every row in
    float64: where rounding could undo it, there is none. A gap between the classes, or an
    overlap, of 1e-8 standard deviations is told from none.
    """
    signed = (2.0 * block.y - 1.0)[:, None] * np.column_stack([np.ones(len(block.y)), block.X])
    strict, tied, rows = _separable_rows(signed)
    if not strict.any():
        return None
    direction = _zero_on(tied, _sparsest_direction(signed, strict, rows))
    margin = signed @ direction
    size = np.abs(signed) @ np.abs(direction)
    rounding = ROUNDING_ERRORS * len(direction) * UNIT_ROUNDOFF * size
    holds = np.where(strict, margin > rounding, np.abs(margin) <= rounding)
    return Separation(direction, strict) if holds.all() else None


def _separable_rows(signed: SignedRows) -> tuple[RowMask, TiedRows, RowNumbers]:
    """Rows strictly on their side of some hyperplane that has no row on the wrong side.

    Also some rows that span the others, on all such hyperplanes, and those that were looked at.
    For A = (2y − 1) x̃: a direction b that is right for some rows A_S is right for all unless it
    is wrong for one; and where b must be zero on the tied rows of S it is on all in their span.
    """
    rows = np.unique(np.linspace(0, len(signed) - 1, FIRST_ROWS).astype(int))
    while True:
        direction, separable = _widest_separation(signed[rows])
        margin = signed @ direction
        tied = signed[rows][~separable]
        loose = (np.abs(margin) <= ZERO) & ~_in_span(signed, tied)
        more = _most(np.where(loose, np.inf, -margin), loose | (margin < -ZERO), rows)
        if len(more) == 0:
            return margin > ZERO, tied, rows
        rows = np.union1d(rows, more)


def _widest_separation(signed: SignedRows) -> tuple[Parameters, RowMask]:
    """Maximise Σ t subject to A b ≥ t and 0 ≤ t ≤ 1: the direction b, and where t is 1.

    A direction can be made longer, so at the optimum t is 1 wherever it can be positive, else 0.
    """
    from scipy.sparse import csr_array, eye_array, hstack

    n, p = signed.shape
    solution = _minimize_linear(
        cost=np.concatenate([np.zeros(p), -np.ones(n)]),
        constraints=csr_array(hstack([csr_array(-signed), eye_array(n)])),
        limits=np.zeros(n),
        bounds=[(None, None)] * p + [(0.0, 1.0)] * n,
    )
    separable = np.asarray(solution[p:] > 0.5)
    return (solution[:p] if separable.any() else np.zeros(p)), separable


def _sparsest_direction(signed: SignedRows, strict: RowMask, rows: RowNumbers) -> Parameters:
    """Minimise ‖(b₁ … b_d)‖₁ subject to A b ≥ 1 in the strict rows and ≥ 0 in the others."""
    p = signed.shape[1]
    while True:
        A = signed[rows]
        solution = _minimize_linear(
            cost=np.concatenate([[0.0], np.ones(2 * (p - 1))]),
            constraints=np.hstack([-A, A[:, 1:]]),
            limits=np.where(strict[rows], -1.0, 0.0),
            bounds=[(None, None)] + [(0.0, None)] * (2 * (p - 1)),
        )
        direction = np.concatenate([solution[:1], solution[1:p] - solution[p:]])
        margin = signed @ direction
        more = _most(-margin, strict & (margin < 0.5), rows)
        if len(more) == 0:
            largest = float(np.max(np.abs(direction[1:]), initial=0.0))
            direction[1:][np.abs(direction[1:]) <= ZERO * largest] = 0.0
            return direction
        rows = np.union1d(rows, more)


def _most(excess: RowVector, candidates: RowMask, rows: RowNumbers) -> Int[np.ndarray, " more"]:
    """Candidates of largest excess that are not among the rows yet."""
    new = np.setdiff1d(np.flatnonzero(candidates), rows)
    return new[np.argsort(-excess[new], kind="stable")[:MORE_ROWS]]


def _in_span(signed: SignedRows, tied: TiedRows) -> RowMask:
    """Whether each row is a combination of the tied ones, to 1e-9 of its length."""
    outside = signed @ _null_space(tied).T
    length = np.linalg.norm(signed, axis=1)
    return np.asarray(np.linalg.norm(outside, axis=1) <= ZERO * length)


def _zero_on(tied: TiedRows, direction: Parameters) -> Parameters:
    """The nearest direction that is zero on the tied rows to rounding, within the same columns."""
    used = direction != 0.0
    used[0] = True
    null = _null_space(tied[:, used])
    projected = np.zeros_like(direction)
    projected[used] = null.T @ (null @ direction[used])
    return projected


def _null_space(A: TiedRows) -> Float64[np.ndarray, "k p"]:
    """Orthonormal rows that span {b : A b = 0}."""
    if len(A) == 0:
        return np.eye(A.shape[1])
    _, singular, vectors = np.linalg.svd(np.linalg.qr(A, mode="r"), full_matrices=True)
    return np.asarray(vectors[int(np.sum(singular > ZERO * singular[0])) :])


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
