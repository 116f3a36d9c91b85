"""What is to be fitted, in which coordinates, by which solver and from where."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.linalg import block_diag

from lr_pipeline.core.columns.classes import ClassCounts, count_classes, prevalence_start
from lr_pipeline.core.columns.rank import ColumnAnalysis, analyse_columns
from lr_pipeline.core.columns.standardize import Coordinates, orthonormal, standardized, table_units
from lr_pipeline.core.fitting.minimum_search import MinimumSearch, search_minimum
from lr_pipeline.core.linear_algebra.cholesky import cholesky_solve
from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.logistic.penalties import ONE_OPTIMUM, named_penalty
from lr_pipeline.core.logistic.sums import LogisticKernel
from lr_pipeline.core.rows import Rows
from lr_pipeline.core.solvers import Lbfgs, Newton, Progress, Solver
from lr_pipeline.core.types import Parameters

# Standard errors from the optimum at which a large table's solver stops.
TOLERANCE = 1e-9
# From so many columns on a Hessian takes the time of ten gradients and more.
MANY_COLUMNS = 200
# How much the certificate of a fit to a tolerance may exceed its solver's own estimate.
SLACK = 1.5


@dataclass(frozen=True, eq=False)
class FitProblem:
    """What is to be fitted, but for the penalty."""

    rows: Rows
    kernel: LogisticKernel
    solver: Solver | None
    l2: float
    log_f: float
    start: Parameters | None
    tolerance: float | None
    standard_errors: bool
    progress: Progress | None

    @cached_property
    def classes(self) -> ClassCounts:
        """The labels of all rows."""
        return count_classes(self.rows)

    @cached_property
    def analysis(self) -> ColumnAnalysis:
        """Location, scale and dependencies of the columns, by all rows."""
        return analyse_columns(self.rows)

    def certifying(self, penalty: str) -> Coordinates:
        """Return the coordinates in which fits are certified, the best conditioned ones.

        All columns for l2 and log-F, whose optimum is always unique, else the independent.
        """
        if penalty in ONE_OPTIMUM:
            return standardized(self.analysis, tuple(range(self.rows.num_columns)), False)
        return orthonormal(self.analysis, minimum_norm=True)

    def solving(self, penalty: str, solver: Solver) -> Coordinates:
        """Return the solver's coordinates.

        Without a penalty, the table's own columns are taken all together, as in the tutorial.
        """
        certifying = self.certifying(penalty)
        if solver.orthonormalize:
            return certifying
        columns, least = certifying.columns, certifying.minimum_norm
        if solver.standardize:
            return standardized(self.analysis, columns, least)
        if penalty == "none":
            columns = tuple(range(self.rows.num_columns))
        return table_units(self.analysis, columns, least)

    def objective(self, penalty: str, coordinates: Coordinates) -> LogisticObjective:
        """Return the objective there: β = w / scale, so l2 β² is l2 / scale² on w²."""
        weight, scale = coordinates.analysis.total_weight, coordinates.scale
        units = coordinates.analysis.scale[list(coordinates.columns)]
        terms = named_penalty(penalty, self.l2, self.log_f, scale, units)
        return LogisticObjective(coordinates.rows(self.rows), self.kernel, terms, weight)

    @property
    def newton(self) -> Newton:
        """Newton's method, to the tolerance that was asked for."""
        return Newton() if self.tolerance is None else Newton(self.stop, polish=False)

    @property
    def stop(self) -> float:
        """Where a solver chosen here stops: a certificate is somewhat more than its estimate."""
        return TOLERANCE if self.tolerance is None else self.tolerance / SLACK

    def chosen_solver(self, penalty: str) -> Solver:
        """Newton; for many columns without a penalty L-BFGS, whose passes take less.

        Where all probabilities are the prevalence, the Hessian of the mean is p (1 − p) times the
        columns' correlation matrix RᵀR, which has been factored.
        """
        if penalty != "none" or self.rows.num_columns < MANY_COLUMNS:
            return self.newton
        weight_0, weight_1 = self.classes.weights
        variance = weight_0 * weight_1 / self.classes.total_weight**2
        R = self.analysis.factor
        if self.certifying(penalty).B is not None:  # the columns have been made orthonormal
            R = np.eye(len(R))
        factor = block_diag(np.eye(1), R.T)

        def solve(gradient: Parameters) -> Parameters:
            return cholesky_solve(factor, gradient) / variance

        return Lbfgs(tolerance=self.stop, preconditioner=solve, polish=False)

    def starting_point(self, penalty: str, coordinates: Coordinates) -> Parameters:
        """Return the given start, or the intercept-only optimum; for Firth, near its minimum."""
        weights, p = self.classes.weights, self.rows.num_columns + 1
        if self.start is not None:
            if len(self.start) != p:
                raise ValueError(f"start must have {p} parameters, found {len(self.start)}")
            return coordinates.from_table(float(self.start[0]), self.start[1:])
        if penalty != "firth":
            return prevalence_start(*weights, len(coordinates.columns))
        w, _ = self.lowest_minimum
        return coordinates.from_table(*self.certifying(penalty).to_table(w))

    @cached_property
    def lowest_minimum(self) -> tuple[Parameters, MinimumSearch]:
        """The lowest minimum of Firth's objective that was found, in the certifying coordinates."""
        certifying = self.certifying("firth")
        start = prevalence_start(*self.classes.weights, len(certifying.columns))
        return search_minimum(certifying.rows(self.rows), start)

    @property
    def stand_in(self) -> str:
        """The penalty where maximum likelihood has no estimate (docs/decisions/0009)."""
        return "firth" if self.lowest_minimum[1].unanimous else "log-f"

    def search(self, penalty: str) -> MinimumSearch | None:
        """Return how that minimum was found, its rivals in the table's units.

        None where none was searched for: the objective has one, or a start was given.
        """
        if penalty != "firth" or self.start is not None:
            return None
        w, search = self.lowest_minimum
        to_table = self.certifying(penalty).to_table
        others = [
            replace(one, parameters=np.append(*to_table(one.parameters))) for one in search.others
        ]
        return replace(search, others=tuple(others), parameters=np.append(*to_table(w)))
