"""What a solver returns: the parameters, how it ended, and its trace."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from lr_pipeline.core.types import ParameterMatrix, Parameters


class Status(Enum):
    """How a solver ended. Every member except ``CONVERGED`` has a remedy."""

    CONVERGED = ("converged", "")
    ITERATION_LIMIT = (
        "iteration_limit",
        "the iterations were used up before the tolerance was met: "
        "raise the limit, or use solver newton",
    )
    SMALL_CHANGE = (
        "small_change",
        "the loss changed by less than the tolerance, which says nothing about the distance to "
        "the optimum: lower the tolerance, or use solver newton",
    )
    DIVERGED = (
        "diverged",
        "the loss grew beyond every bound: lower the learning rate below 2/L, "
        "or use solver newton, which needs none",
    )
    STALLED = (
        "stalled",
        "no step lowers the loss in float64 although the tolerance is not met: "
        "look for nearly dependent columns, or loosen the tolerance",
    )

    def __init__(self, label: str, remedy: str) -> None:
        self.label = label
        self.remedy = remedy


@dataclass(frozen=True)
class TracePoint:
    """One recorded iterate: objective (mean), gradient norm, and the step that led to it.

    ``parameters`` are kept only where a solver's settings ask for them.
    """

    iteration: int
    value: float
    gradient_norm: float
    step: float
    parameters: tuple[float, ...] | None = None


@dataclass(frozen=True)
class SolverResult:
    """Where a solver stopped, and why.

    ``value`` is the objective (mean per row) and ``gradient_norm`` the Euclidean norm of its
    gradient at ``parameters``; ``evaluations`` counts evaluations of the objective.
    Solvers that have them also return the ``gradient`` (p,) at ``parameters`` and the ``hessian``
    (p, p) at ``hessian_at`` (p,), which is ``parameters`` or a point very near.
    """

    parameters: Parameters
    status: Status
    iterations: int
    evaluations: int
    value: float
    gradient_norm: float
    trace: tuple[TracePoint, ...]
    gradient: Parameters | None = None
    hessian: ParameterMatrix | None = None
    hessian_at: Parameters | None = None


Progress = Callable[[TracePoint], None]
