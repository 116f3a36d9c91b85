"""Separating the two classes by a hyperplane: linear programs, checked row by row.

A table is separated when some b ≠ 0 has (2y − 1) (b₀ + xᵀb) ≥ 0 in every row and > 0 in some:
the likelihood then grows for ever along b, and no maximum-likelihood estimate exists (Albert &
Anderson, 1984, Biometrika 71; Konis, 2007, DPhil thesis, Oxford).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from jaxtyping import Bool, Float64, Int

from lr_pipeline.core.moments import counted_rows
from lr_pipeline.core.rows import Block, Rows
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
    """b (p,) with (2y − 1) x̃ᵀb > 0 in ``strict`` rows and 0 in all others (``complete``: none)."""

    direction: Parameters
    strict: int
    complete: bool


@dataclass(frozen=True, eq=False)
class _SignedRows:
    """Some rows A = (2y − 1) x̃ of those that count, by their number, in ascending order."""

    numbers: RowNumbers
    A: SignedRows

    def __or__(self, other: "_SignedRows") -> "_SignedRows":
        """Return the rows of both, each once."""
        numbers, places = np.unique(
            np.concatenate([self.numbers, other.numbers]), return_index=True
        )
        return _SignedRows(numbers, np.concatenate([self.A, other.A])[places])


@dataclass(frozen=True, eq=False)
class _Worst:
    """The ``MORE_ROWS`` rows of largest excess, the first among equals; they add over blocks."""

    excess: RowVector
    rows: _SignedRows

    def __add__(self, other: "_Worst") -> "_Worst":
        """Return the worst of both."""
        excess = np.concatenate([self.excess, other.excess])
        numbers = np.concatenate([self.rows.numbers, other.rows.numbers])
        A = np.concatenate([self.rows.A, other.rows.A])
        return _Worst.of(excess, _SignedRows(numbers, A))

    @classmethod
    def of(cls, excess: RowVector, rows: _SignedRows) -> "_Worst":
        """Keep the worst of some rows, in ascending order of their numbers."""
        kept = np.sort(np.argsort(-excess, kind="stable")[:MORE_ROWS])
        return cls(excess[kept], _SignedRows(rows.numbers[kept], rows.A[kept]))


class _CountedRows:
    """The rows of positive weight, signed and numbered, as they are visited block by block."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows

    def sum(self, function: Callable[[_SignedRows], tuple[Any, ...]]) -> tuple[Any, ...]:
        """Add ``function`` over the blocks; an engine visits them one after the other."""
        start = 0

        def signed(block: Block) -> tuple[Any, ...]:
            nonlocal start
            X, y, _ = counted_rows(block)
            A = np.empty((len(y), X.shape[1] + 1))
            A[:, 0] = sign = 2.0 * y - 1.0
            np.multiply(X, sign[:, None], out=A[:, 1:])
            numbers = np.arange(start, start + len(y))
            start += len(y)
            return function(_SignedRows(numbers, A))

        return self.rows.sum(signed)

    def sample(self) -> _SignedRows:
        """Return some ``FIRST_ROWS`` rows, evenly spaced."""
        (count,) = self.sum(lambda rows: (len(rows.numbers),))
        wanted = np.unique(np.linspace(0, count - 1, FIRST_ROWS).astype(int))

        def chosen(rows: _SignedRows) -> tuple[list[int], list[SignedRows]]:
            taken = np.isin(rows.numbers, wanted, assume_unique=True)
            return rows.numbers[taken].tolist(), [rows.A[taken]]

        numbers, parts = self.sum(chosen)
        return _SignedRows(np.array(numbers), np.concatenate(parts))

    def worst(
        self,
        excess_of: Callable[[SignedRows], tuple[RowVector, RowMask]],
        known: _SignedRows,
    ) -> _SignedRows:
        """Return the candidates of largest excess that are not ``known`` yet."""

        def worst_of_block(rows: _SignedRows) -> tuple[_Worst]:
            excess, candidates = excess_of(rows.A)
            new = candidates & ~np.isin(rows.numbers, known.numbers, assume_unique=True)
            return (_Worst.of(excess[new], _SignedRows(rows.numbers[new], rows.A[new])),)

        return cast(_Worst, self.sum(worst_of_block)[0]).rows


def find_separation(rows: Rows) -> Separation | None:
    """Return a separating direction with few nonzero coefficients, or None if there is none.

    ``rows`` are in standardized independent columns; those of zero weight do not count. The
    programs see some of the rows, and more until the others agree, which a pass over the blocks
    finds out each time. The direction found is checked against every row in float64: where
    rounding could undo it, there is none. A gap between the classes, or an overlap, of 1e-8
    standard deviations is told from none.
    """
    counted = _CountedRows(rows)
    widest, tied, seen = _separable_rows(counted)

    def count_strict(signed: _SignedRows) -> tuple[int, int]:
        return int(np.sum(signed.A @ widest > ZERO)), len(signed.A)

    strict, count = counted.sum(count_strict)
    if not strict:
        return None
    direction = _zero_on(tied, _sparsest_direction(counted, widest, seen))

    def count_undone(signed: _SignedRows) -> tuple[int]:
        margin = signed.A @ direction
        size = np.abs(signed.A) @ np.abs(direction)
        rounding = ROUNDING_ERRORS * len(direction) * UNIT_ROUNDOFF * size
        on_side = signed.A @ widest > ZERO
        holds = np.where(on_side, margin > rounding, np.abs(margin) <= rounding)
        return (int(np.sum(~holds)),)

    (undone,) = counted.sum(count_undone)
    return None if undone else Separation(direction, strict, complete=strict == count)


def _separable_rows(counted: _CountedRows) -> tuple[Parameters, TiedRows, _SignedRows]:
    """The normal of a hyperplane that has no row on the wrong side, and as few on it as can be.

    Also some rows that span those on it, for all such hyperplanes, and the rows looked at.
    For A = (2y − 1) x̃: a direction b that is right for some rows A_S is right for all unless it
    is wrong for one; and where b must be zero on the tied rows of S it is on all in their span.
    """
    seen = counted.sample()
    while True:
        direction, separable = _widest_separation(seen.A)
        tied = seen.A[~separable]
        null = _null_space(tied)

        def excess_of(
            A: SignedRows, direction: Parameters = direction, null: TiedRows = null
        ) -> tuple[RowVector, RowMask]:
            margin = A @ direction
            loose = (np.abs(margin) <= ZERO) & ~_orthogonal(A, null)
            return np.where(loose, np.inf, -margin), loose | (margin < -ZERO)

        more = counted.worst(excess_of, seen)
        if len(more.numbers) == 0:
            return direction, tied, seen
        seen = seen | more


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


def _sparsest_direction(counted: _CountedRows, widest: Parameters, seen: _SignedRows) -> Parameters:
    """Minimise ‖(b₁ … b_d)‖₁ subject to A b ≥ 1 where A ``widest`` > 0 and ≥ 0 elsewhere."""
    p = len(widest)
    while True:
        A = seen.A
        solution = _minimize_linear(
            cost=np.concatenate([[0.0], np.ones(2 * (p - 1))]),
            constraints=np.hstack([-A, A[:, 1:]]),
            limits=np.where(A @ widest > ZERO, -1.0, 0.0),
            bounds=[(None, None)] + [(0.0, None)] * (2 * (p - 1)),
        )
        direction = np.concatenate([solution[:1], solution[1:p] - solution[p:]])

        def excess_of(
            A: SignedRows, direction: Parameters = direction
        ) -> tuple[RowVector, RowMask]:
            margin = A @ direction
            return -margin, (A @ widest > ZERO) & (margin < 0.5)

        more = counted.worst(excess_of, seen)
        if len(more.numbers) == 0:
            largest = float(np.max(np.abs(direction[1:]), initial=0.0))
            direction[1:][np.abs(direction[1:]) <= ZERO * largest] = 0.0
            return direction
        seen = seen | more


def _orthogonal(signed: SignedRows, null: TiedRows) -> RowMask:
    """Whether each row is orthogonal to the rows of ``null``, to 1e-9 of its length."""
    outside = signed @ null.T
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
