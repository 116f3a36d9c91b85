"""Diagnose a logistic model from its training rows and its test predictions."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lr_pipeline.core.columns.rank import ColumnAnalysis
from lr_pipeline.core.inference.group_inference import FEWEST_GROUPS_TO_INFER
from lr_pipeline.core.logistic.loss import log_loss, sigmoid
from lr_pipeline.core.solvers.result import Status
from lr_pipeline.core.types import RowVector
from lr_pipeline.evaluation.analysed_rows import AnalysedRows
from lr_pipeline.evaluation.diagnostics.diagnostics import Diagnostics, WorstPrediction
from lr_pipeline.evaluation.diagnostics.goodness import (
    criteria,
    deviance_residuals,
    dispersion,
    hosmer_lemeshow,
    pearson_residuals,
    summarize,
    tjur,
)
from lr_pipeline.evaluation.diagnostics.linearity import (
    COLUMNS_DRAWN,
    COLUMNS_TESTED,
    binned_logits,
    linearity_tests,
)
from lr_pipeline.evaluation.diagnostics.row_influence import (
    InfluentialRow,
    StandardCovariance,
    influence,
    most_influential,
    standardized_changes,
)
from lr_pipeline.evaluation.diagnostics.score_test import FittedRows
from lr_pipeline.evaluation.effects.column_kinds import DesignColumn
from lr_pipeline.evaluation.findings import HeldOutRows, ModelSection
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.tables.table import Table

ROWS_SHOWN = 10
FEWEST_OF_A_CLASS = 10  # cases, for tests of linearity


def find_diagnostics(
    section: ModelSection,
    model: LogisticModel,
    held_out: HeldOutRows,
    rows: AnalysedRows,
    columns: list[DesignColumn],
    analysis: ColumnAnalysis,
    train_set: Table,
    test_set: Table,
) -> Diagnostics:
    """Look at the training rows of ``model`` and at its predictions for the test rows."""
    search = _Search(model, rows, columns)
    fit, z = model.fit, search.z
    p = sigmoid(z)
    prevalence = float(rows.weight @ rows.y) / rows.cases if rows.step == 1 else held_out.prevalence
    parameters = 1 + len(analysis.independent)
    withheld = search.withheld()
    found: dict[str, Any] = {}
    if "influence" not in withheld:
        found |= search.influential(train_set)
    if "linearity" not in withheld:
        found |= search.linearity(p)
    return Diagnostics(
        name=section.name,
        title=section.title,
        rows=rows.described,
        test_rows=held_out.described(),
        criteria=criteria(fit.log_likelihood, parameters, analysis.total_weight, prevalence),
        tjur=tjur(rows.y, p, rows.weight),
        hosmer_lemeshow=hosmer_lemeshow(rows.y, p, rows.weight),
        dispersion=dispersion(rows.y, z, rows.weight, parameters),
        pearson=summarize(pearson_residuals(rows.y, z), rows.weight),
        deviance=summarize(deviance_residuals(rows.y, z), rows.weight),
        worst=worst_predictions(section, held_out, test_set),
        **found,
        withheld=withheld | search.reasons,
    )


@dataclass(frozen=True, eq=False)
class _Search:
    """A model and its rows, with what could not be computed."""

    model: LogisticModel
    rows: AnalysedRows
    columns: list[DesignColumn]

    @cached_property
    def z(self) -> RowVector:
        """The linear predictor of each row."""
        return self.model.predictor.of_design(self.rows.X)

    @cached_property
    def reasons(self) -> dict[str, str]:
        """Parts that turned out to be impossible, with the reason."""
        return {}

    def withheld(self) -> dict[str, str]:
        """Return which parts would be wrong for this fit, and why."""
        fit = self.model.fit
        if not fit.penalty.adds_nothing:
            penalised = f"the estimate is penalised ({fit.penalty.name})"
            return {
                "influence": f"{penalised}: the formulas are those of maximum likelihood",
                "linearity": f"{penalised}: its score is not zero at the estimate",
                "criteria": f"{penalised}: its parameters do not count in full",
            }
        if fit.status is not Status.CONVERGED:
            reason = "the fit has not come to its optimum, where the formulas hold"
            return dict.fromkeys(("influence", "linearity", "criteria"), reason)
        found = {}
        if fit.covariance is None:
            found["influence"] = fit.inference_withheld
        ones = float(self.rows.weight @ self.rows.y)
        if min(ones, self.rows.cases - ones) < FEWEST_OF_A_CLASS:
            found["linearity"] = f"one class has fewer than {FEWEST_OF_A_CLASS} cases"
        elif 0 < self.rows.groups < FEWEST_GROUPS_TO_INFER:
            found["linearity"] = (
                f"rows of one group belong together, and there are only {self.rows.groups} groups, "
                f"{FEWEST_GROUPS_TO_INFER} are needed"
            )
        return found

    def influential(self, train_set: Table) -> dict[str, Any]:
        """Return the rows of the largest Cook's distances."""
        fit, rows = self.model.fit, self.rows
        covariance = StandardCovariance.of(
            np.asarray(fit.covariance), np.asarray(fit.center), np.asarray(fit.scale)
        )
        if covariance is None:
            self.reasons["influence"] = "the columns are too nearly dependent"
            return {}
        found = influence(rows.X, rows.y, self.z, covariance)
        chosen = most_influential(found.cooks_distance, ROWS_SHOWN)
        X, y, z = rows.X[chosen], rows.y[chosen], self.z[chosen]
        moves = standardized_changes(X, y, z, covariance, found.leverage[chosen])[:, 1:]
        if moves.shape[1] == 0:
            return {}
        most = np.argmax(np.abs(moves), axis=1)
        numbers = rows.number[chosen].tolist()
        ids = ids_of(train_set, numbers)
        p = sigmoid(z)
        shown = [
            InfluentialRow(
                number=numbers[k],
                label=int(y[k]),
                probability=float(p[k]),
                leverage=float(found.leverage[chosen[k]]),
                cooks_distance=float(found.cooks_distance[chosen[k]]),
                column=self.columns[most[k]].name,
                moves=float(moves[k, most[k]]),
                id=ids[k],
            )
            for k in range(len(chosen))
        ]
        leverage = float(rows.weight @ found.leverage) / rows.cases
        return {"influential": shown, "mean_leverage": leverage}

    def linearity(self, p: RowVector) -> dict[str, Any]:
        """Return a test for each number, and the most suspicious ones in bins."""
        fit, rows = self.model.fit, self.rows
        fitted = FittedRows.of(
            rows.X, rows.y, rows.weight, self.z, np.asarray(fit.center), np.asarray(fit.scale)
        )
        if fitted is None:
            self.reasons["linearity"] = "the columns are dependent"
            return {}
        size = np.abs(np.asarray(fit.coefficients) * np.asarray(fit.scale))
        numbers = [one for one in self.columns if one.kind == "number"]
        by_size = sorted(numbers, key=lambda one: -size[one.place])
        tests = linearity_tests(by_size[:COLUMNS_TESTED], self.columns, rows, fitted)
        by_name = {one.name: one for one in numbers}
        drawn = [by_name[test.column] for test in tests[:COLUMNS_DRAWN]]
        binned = (binned_logits(one, self.columns, rows, p) for one in drawn)
        return {
            "linearity": tests,
            "binned": [one for one in binned if len(one.bins) > 1],  # one point shows no line
            "untested": max(len(numbers) - COLUMNS_TESTED, 0),
        }


def worst_predictions(
    section: ModelSection, held_out: HeldOutRows, test_set: Table
) -> list[WorstPrediction]:
    """Return the test rows with the largest losses, the largest first."""
    z, y = section.linear_predictor, held_out.labels
    if z is None:
        return []
    loss = log_loss(z, y)
    if held_out.weight is not None:
        loss = np.where(held_out.weight > 0, loss, -np.inf)
    order = np.lexsort([np.arange(len(loss)), -loss])[:ROWS_SHOWN]
    order = order[np.isfinite(loss[order])]
    numbers = (order * held_out.step).tolist()
    ids = ids_of(test_set, numbers)
    return [
        WorstPrediction(number, int(y[k]), float(section.probabilities[k]), float(loss[k]), one)
        for number, k, one in zip(numbers, order.tolist(), ids, strict=True)
    ]


def ids_of(table: Table, numbers: list[int]) -> list[str | None]:
    """Return the ids of some rows, None for each if the table has no id column."""
    if table.roles.id is None:
        return [None] * len(numbers)
    found = table.column(table.roles.id).take(numbers).to_pylist()
    return [None if one is None else str(one) for one in found]
