"""What every solver offers."""

from typing import Protocol, runtime_checkable

from lr_pipeline.core.logistic.objective import Objective
from lr_pipeline.core.solvers.result import Progress, SolverResult
from lr_pipeline.core.types import Parameters


@runtime_checkable
class Solver(Protocol):
    """A minimiser of smooth functions, with its settings.

    ``standardize``: whether it is to be given standardized columns rather than the table's own.
    ``orthonormalize``: whether nearly dependent ones are to be made orthonormal as well.
    """

    @property
    def name(self) -> str:
        """The solver's name in results."""

    @property
    def standardize(self) -> bool:
        """Whether it works in standardized columns."""

    @property
    def orthonormalize(self) -> bool:
        """Whether nearly dependent columns are to be orthonormal."""

    def minimize(
        self, objective: Objective, start: Parameters, progress: Progress | None = None
    ) -> SolverResult:
        """Minimise from ``start``."""
