"""The interface of solvers."""

from typing import Protocol, runtime_checkable

from lr_pipeline.core.logistic.objective import Objective
from lr_pipeline.core.solvers.result import Progress, SolverResult
from lr_pipeline.core.types import Parameters


@runtime_checkable
class Solver(Protocol):
    """A minimiser of smooth functions, with its settings.

    ``standardize``: whether the solver needs standardized columns instead of the table's own.
    ``orthonormalize``: whether nearly dependent columns must also be made orthonormal.
    """

    @property
    def name(self) -> str:
        """The solver's name in results."""

    @property
    def standardize(self) -> bool:
        """Whether the solver works in standardized columns."""

    @property
    def orthonormalize(self) -> bool:
        """Whether nearly dependent columns are made orthonormal."""

    def minimize(
        self, objective: Objective, start: Parameters, progress: Progress | None = None
    ) -> SolverResult:
        """Minimise from ``start``."""
