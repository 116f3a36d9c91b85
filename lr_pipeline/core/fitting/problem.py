"""The problem of a fit: its rows, coordinates, solver and starting point."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.linalg import block_diag

from lr_pipeline.core.acceleration.regimes import Regimes
from lr_pipeline.core.columns.classes import ClassCounts, count_classes, prevalence_start
from lr_pipeline.core.columns.rank import ColumnAnalysis, analyse_columns
from lr_pipeline.core.columns.standardize import Coordinates, orthonormal, standardized, table_units
from lr_pipeline.core.fitting.minimum_search import MinimumSearch, search_minimum
from lr_pipeline.core.fitting.plain_fit import SLACK, TOLERANCE, newton_to
from lr_pipeline.core.linear_algebra.cholesky import cholesky_solve
from lr_pipeline.core.logistic.kernel import LogisticKernel
from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.logistic.penalties.by_name import Auto
from lr_pipeline.core.logistic.penalties.firth import Firth
from lr_pipeline.core.logistic.penalties.penalty import Penalty
from lr_pipeline.core.rows import Rows
from lr_pipeline.core.solvers import Lbfgs, Progress, Solver
from lr_pipeline.core.types import Parameters


@dataclass(frozen=True, eq=False)
class FitProblem:
    """All that defines a fit except the penalty; ``regimes``: None for the plain path alone."""

    rows: Rows
    kernel: LogisticKernel
    solver: Solver | None
    start: Parameters | None
    tolerance: float | None
    standard_errors: bool
    progress: Progress | None
    regimes: Regimes | None

    @cached_property
    def classes(self) -> ClassCounts:
        """Weight and number of the rows of each label."""
        return count_classes(self.rows)

    @cached_property
    def analysis(self) -> ColumnAnalysis:
        """Location, scale and dependencies of the columns, from all rows."""
        return analyse_columns(self.rows)

    def certifying(self, penalty: Penalty) -> Coordinates:
        """Return the coordinates in which fits are certified, the best conditioned ones.

        They have all columns where the optimum is unique even for dependent columns, else the
        independent ones.
        """
        if penalty.strictly_convex:
            return standardized(self.analysis, tuple(range(self.rows.num_columns)), False)
        return orthonormal(self.analysis, minimum_norm=True)

    def solving(self, penalty: Penalty, solver: Solver) -> Coordinates:
        """Return the solver's coordinates.

        Without a penalty, the table's own columns are taken all together, as in the tutorial.
        """
        certifying = self.certifying(penalty)
        if solver.orthonormalize:
            return certifying
        columns, least = certifying.columns, certifying.minimum_norm
        if solver.standardize:
            return standardized(self.analysis, columns, least)
        if penalty.adds_nothing:
            columns = tuple(range(self.rows.num_columns))
        return table_units(self.analysis, columns, least)

    def objective(self, penalty: Penalty, coordinates: Coordinates) -> LogisticObjective:
        """Return the objective in these coordinates."""
        terms = penalty.in_coordinates(coordinates.scale, coordinates.deviation)
        rows, weight = coordinates.rows(self.rows), coordinates.analysis.total_weight
        return LogisticObjective(rows, self.kernel, terms, weight)

    @property
    def stop(self) -> float:
        """Tolerance of the default solver, a little less than the certificate is to meet."""
        return TOLERANCE if self.tolerance is None else self.tolerance / SLACK

    def chosen_solver(self, penalty: Penalty) -> Solver:
        """Return Newton, or for many columns without a penalty L-BFGS, whose passes are cheaper.

        Its preconditioner is the Hessian at the start: where all probabilities are the prevalence
        p, the Hessian of the mean is p (1 − p) times the columns' correlation matrix RᵀR, whose
        factor is known.
        """
        few_columns = self.regimes is None or self.rows.num_columns < self.regimes.many_columns
        if few_columns or not penalty.adds_nothing:
            return newton_to(self.tolerance)
        weight_0, weight_1 = self.classes.weights
        variance = weight_0 * weight_1 / self.classes.total_weight**2
        R = self.analysis.factor
        if self.certifying(penalty).B is not None:  # the columns have been made orthonormal
            R = np.eye(len(R))
        factor = block_diag(np.eye(1), R.T)

        def solve(gradient: Parameters) -> Parameters:
            return cholesky_solve(factor, gradient) / variance

        return Lbfgs(tolerance=self.stop, preconditioner=solve, polish=False)

    def starting_point(self, penalty: Penalty, coordinates: Coordinates) -> Parameters:
        """Return the given start, the intercept-only optimum, or one near the lowest minimum."""
        weights, p = self.classes.weights, self.rows.num_columns + 1
        if self.start is not None:
            if len(self.start) != p:
                raise ValueError(f"start must have {p} parameters, found {len(self.start)}")
            return coordinates.from_table(float(self.start[0]), self.start[1:])
        if not penalty.may_have_several_minima:
            return prevalence_start(*weights, len(coordinates.columns))
        w, _ = self.lowest_minimum
        return coordinates.from_table(*self.certifying(penalty).to_table(w))

    @cached_property
    def lowest_minimum(self) -> tuple[Parameters, MinimumSearch]:
        """The lowest minimum of Firth's objective that was found, in the certifying coordinates."""
        certifying = self.certifying(Firth())
        start = prevalence_start(*self.classes.weights, len(certifying.columns))
        return search_minimum(certifying.rows(self.rows), start)

    def stand_in(self, choice: Auto) -> Penalty:
        """Return the penalty for a table without a finite maximum-likelihood estimate."""
        return choice.first if self.lowest_minimum[1].unanimous else choice.second

    def search(self, penalty: Penalty) -> MinimumSearch | None:
        """Return how the lowest minimum was found, with the others in the table's units.

        None where there was no search: the objective has one minimum, or a start was given.
        """
        if not penalty.may_have_several_minima or self.start is not None:
            return None
        w, search = self.lowest_minimum
        to_table = self.certifying(penalty).to_table
        others = [
            replace(one, parameters=np.append(*to_table(one.parameters))) for one in search.others
        ]
        return replace(search, others=tuple(others), parameters=np.append(*to_table(w)))
