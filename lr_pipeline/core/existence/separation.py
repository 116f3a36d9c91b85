"""Separating the two classes by a hyperplane: linear programs, checked row by row.

A table is separated when some b ≠ 0 has (2y − 1) (b₀ + xᵀb) ≥ 0 in every row and > 0 in some:
the likelihood then grows for ever along b, and no maximum-likelihood estimate exists (Albert &
Anderson, 1984, Biometrika 71; Konis, 2007, DPhil thesis, Oxford).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, Shaped

from lr_pipeline.core.limits import UNIT_ROUNDOFF
from lr_pipeline.core.rows import Block, Rows, Value, counted_rows
from lr_pipeline.core.types import Parameters, RowVector

# How many rounding errors of (2y − 1) x̃ᵀb count as zero.
ROUNDING_ERRORS = 16.0
# The smallest feasibility tolerance that HiGHS accepts, and what counts as zero in its solutions.
FEASIBILITY = 1e-10
ZERO = 1e-9
# HiGHS gives up on some programs that it solves without presolve or by the other algorithm.
ATTEMPTS = (("highs", True), ("highs", False), ("highs-ipm", True))
# Rows of the first program, and the most that each later one adds.
FIRST_ROWS = 2000
MORE_ROWS = 1000

SignedRows = Float64[np.ndarray, "n p"]
SpanningRows = Float64[np.ndarray, "t p"]
KnownRows = Float64[np.ndarray, "k p"]
SomeRows = Float64[np.ndarray, "m p"]
RowMask = Bool[np.ndarray, " n"]
Contents = Shaped[np.ndarray, " n"]


class UndecidedError(ArithmeticError):
    """Raised where float64 cannot tell whether a hyperplane separates the classes."""


@dataclass(frozen=True, eq=False)
class Separation:
    """b (p,) with (2y − 1) x̃ᵀb > 0 in ``strict`` rows and 0 in all others.

    ``complete``: whether there are no others.
    """

    direction: Parameters
    strict: int
    complete: bool


@dataclass(frozen=True, eq=False)
class _Worst:
    """The ``MORE_ROWS`` rows A of largest excess; of equal ones the first. They add over blocks."""

    excess: RowVector
    A: SignedRows

    def __add__(self, other: "_Worst") -> "_Worst":
        """Return the worst of both."""
        excess = np.concatenate([self.excess, other.excess])
        return _Worst.of(excess, np.concatenate([self.A, other.A]))

    @classmethod
    def of(cls, excess: RowVector, A: SignedRows) -> "_Worst":
        """Keep the worst of some rows, in their order."""
        kept = np.sort(np.argsort(-excess, kind="stable")[:MORE_ROWS])
        return cls(excess[kept], A[kept])


@dataclass(frozen=True, eq=False)
class CountedRows:
    """The rows of positive weight as A = (2y − 1) x̃, block by block in any order."""

    rows: Rows

    def sum(self, function: Callable[[SignedRows], Value]) -> Value:
        """Add ``function`` over the blocks."""

        def signed(block: Block) -> Value:
            X, y, _ = counted_rows(block)
            A = np.empty((len(y), X.shape[1] + 1))
            A[:, 0] = sign = 2.0 * y - 1.0
            np.multiply(X, sign[:, None], out=A[:, 1:])
            return function(A)

        return self.rows.sum(signed)

    def sample(self) -> SignedRows:
        """Return at most ``FIRST_ROWS`` rows, evenly spaced within each block."""
        count = self.sum(len)

        def spaced(A: SignedRows) -> list[SomeRows]:
            return [_evenly_spaced(A, -(-len(A) * FIRST_ROWS // count))]

        return _evenly_spaced(np.concatenate(self.sum(spaced)), FIRST_ROWS)

    def worst(
        self, excess_of: Callable[[SignedRows], tuple[RowVector, RowMask]], known: KnownRows
    ) -> SomeRows:
        """Return the candidates of largest excess that are not among the rows ``known``."""
        contents = _contents(known)

        def worst_of_block(A: SignedRows) -> _Worst:
            excess, candidates = excess_of(A)
            A, excess = A[candidates], excess[candidates]
            new = ~np.isin(_contents(A), contents)
            return _Worst.of(excess[new], A[new])

        return self.sum(worst_of_block).A


def _evenly_spaced(A: SignedRows, number: int) -> SomeRows:
    """At most ``number`` of the rows, evenly spaced."""
    chosen = np.linspace(0, len(A) - 1, min(number, len(A))).astype(int)
    return np.asarray(A[np.unique(chosen)])


def _contents(A: SignedRows) -> Contents:
    """The bytes of each row (n,), to compare whole rows: a direction treats equal rows alike."""
    contents: np.ndarray = np.ascontiguousarray(A).view(f"V{A.itemsize * A.shape[1]}")[:, 0]
    return contents


def find_separation(rows: Rows) -> Separation | None:
    """Return a separating direction with few nonzero coefficients, or None if there is none.

    ``rows`` are in standardized independent columns; those of zero weight do not count. The
    programs begin with some of the rows. After each program, one pass over the blocks looks for
    rows that contradict its solution, and these are added until there are none. The direction found
    is checked against every row in float64. A gap between the classes, or an overlap, of 1e-8
    standard deviations is distinguished from zero.

    Raises
    ------
    UndecidedError
        The direction found could be due to rounding, or a program was not solved.
    """
    counted = CountedRows(rows)
    widest, on_hyperplane, seen = _separable_rows(counted)

    def count_strict(A: SignedRows) -> tuple[int, int]:
        return int(np.sum(A @ widest > ZERO)), len(A)

    strict, count = counted.sum(count_strict)
    if not strict:
        return None
    direction = zero_on(on_hyperplane, _sparsest_direction(counted, widest, seen))

    def count_undone(A: SignedRows) -> int:
        zero, right = is_on_hyperplane(A, direction), A @ direction > 0.0
        holds = np.where(A @ widest > ZERO, right & ~zero, zero)
        return int(np.sum(~holds))

    undone = counted.sum(count_undone)
    if undone:
        raise UndecidedError(f"rounding leaves {undone} of {strict} separated rows in doubt")
    return Separation(direction, strict, complete=strict == count)


def is_on_hyperplane(A: SignedRows, direction: Parameters) -> RowMask:
    """Whether each row of x̃, or of (2y − 1) x̃, is on the hyperplane, to rounding.

    This includes the rounding of the direction, which is relative to its length.
    """
    size = np.linalg.norm(A, axis=1) * np.linalg.norm(direction)
    rounding = ROUNDING_ERRORS * len(direction) * UNIT_ROUNDOFF * size
    return np.asarray(np.abs(A @ direction) <= rounding)


def _separable_rows(counted: CountedRows) -> tuple[Parameters, SpanningRows, SignedRows]:
    """The normal of a hyperplane with no row on the wrong side, and as few on it as possible.

    Also returns some rows that span those on every such hyperplane, and the rows in the programs.
    For A = (2y − 1) x̃: a direction b that is right for some rows A_S is right for all rows unless
    one contradicts it; and where b must be zero on some rows of S, it is zero on their span.
    """
    seen = counted.sample()
    while True:
        direction, separable = _widest_separation(seen)
        on_hyperplane = seen[~separable]
        null = null_space(on_hyperplane)

        def excess_of(
            A: SignedRows, direction: Parameters = direction, null: SpanningRows = null
        ) -> tuple[RowVector, RowMask]:
            margin = A @ direction
            loose = (np.abs(margin) <= ZERO) & ~orthogonal(A, null)
            return np.where(loose, np.inf, -margin), loose | (margin < -ZERO)

        more = counted.worst(excess_of, seen)
        if len(more) == 0:
            return direction, on_hyperplane, seen
        seen = np.concatenate([seen, more])


def _widest_separation(signed: SignedRows) -> tuple[Parameters, RowMask]:
    """Maximise Σ t subject to A b ≥ t and 0 ≤ t ≤ 1: the direction b, and where t is 1.

    A direction can be lengthened, and so at the optimum t is 1 wherever it can be positive, else 0.
    """
    from scipy.sparse import csr_array, eye_array, hstack

    n, p = signed.shape
    solution = minimize_linear(
        cost=np.concatenate([np.zeros(p), -np.ones(n)]),
        constraints=csr_array(hstack([csr_array(-signed), eye_array(n)])),
        limits=np.zeros(n),
        bounds=[(None, None)] * p + [(0.0, 1.0)] * n,
    )
    separable = np.asarray(solution[p:] > 0.5)
    return (solution[:p] if separable.any() else np.zeros(p)), separable


def _sparsest_direction(counted: CountedRows, widest: Parameters, seen: SignedRows) -> Parameters:
    """Minimise ‖(b₁ … b_d)‖₁ subject to A b ≥ 1 where A ``widest`` > 0 and ≥ 0 elsewhere."""
    p = len(widest)
    while True:
        solution = minimize_linear(
            cost=np.concatenate([[0.0], np.ones(2 * (p - 1))]),
            constraints=np.hstack([-seen, seen[:, 1:]]),
            limits=np.where(seen @ widest > ZERO, -1.0, 0.0),
            bounds=[(None, None)] + [(0.0, None)] * (2 * (p - 1)),
        )
        direction = np.concatenate([solution[:1], solution[1:p] - solution[p:]])

        def excess_of(
            A: SignedRows, direction: Parameters = direction
        ) -> tuple[RowVector, RowMask]:
            margin = A @ direction
            return -margin, (A @ widest > ZERO) & (margin < 0.5)

        more = counted.worst(excess_of, seen)
        if len(more) == 0:
            largest = float(np.max(np.abs(direction[1:]), initial=0.0))
            direction[1:][np.abs(direction[1:]) <= ZERO * largest] = 0.0
            return direction
        seen = np.concatenate([seen, more])


def orthogonal(signed: SignedRows, null: SpanningRows) -> RowMask:
    """Whether each row is orthogonal to the rows of ``null``, to 1e-9 of its length."""
    outside = signed @ null.T
    length = np.linalg.norm(signed, axis=1)
    return np.asarray(np.linalg.norm(outside, axis=1) <= ZERO * length)


def zero_on(rows: SpanningRows, direction: Parameters) -> Parameters:
    """The nearest direction in the same columns that is zero, to rounding, on these rows."""
    used = direction != 0.0
    used[0] = True
    null = null_space(rows[:, used])
    projected = np.zeros_like(direction)
    projected[used] = null.T @ (null @ direction[used])
    return projected


def null_space(A: SpanningRows) -> Float64[np.ndarray, "k p"]:
    """Orthonormal rows that span {b : A b = 0}."""
    if len(A) == 0:
        return np.eye(A.shape[1])
    # Repeated rows, which categories produce, would only add rounding.
    R = np.linalg.qr(np.unique(A, axis=0), mode="r")
    _, singular, vectors = np.linalg.svd(R, full_matrices=True)
    return np.asarray(vectors[int(np.sum(singular > ZERO * singular[0])) :])


def minimize_linear(
    cost: Float64[np.ndarray, " m"],
    constraints: Any,
    limits: Float64[np.ndarray, " n"],
    bounds: list[tuple[float | None, float | None]],
) -> Float64[np.ndarray, " m"]:
    """Minimise costᵀv subject to constraints @ v ≤ limits and the bounds."""
    from scipy.optimize import linprog

    for method, presolve in ATTEMPTS:
        options = {
            "primal_feasibility_tolerance": FEASIBILITY,
            "dual_feasibility_tolerance": FEASIBILITY,
            "presolve": presolve,
        }
        result = linprog(  # type: ignore[call-overload]
            cost, constraints, limits, bounds=bounds, method=method, options=options
        )
        if result.status == 0:
            return np.asarray(result.x)
    raise UndecidedError(f"the linear program was not solved: {result.message.strip()}")
