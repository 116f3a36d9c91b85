"""Cross-validate models: refit preparation and model in each fold, and score the rows held out."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import NamedTuple

import numpy as np

from lr_pipeline.core.columns.classes import count_classes
from lr_pipeline.core.existence.existence import SeparationError
from lr_pipeline.core.fitting.fit import fit_logistic
from lr_pipeline.core.least_squares.linear_fit import fit_linear
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.penalties.log_f import LogF
from lr_pipeline.core.ranking import roc_auc
from lr_pipeline.core.solvers.result import Status
from lr_pipeline.core.types import Columns, Parameters, RowVector
from lr_pipeline.engines.design import Prepare, PreparedRows, prepare_rows
from lr_pipeline.engines.parallel import threads_for
from lr_pipeline.evaluation.findings import BASELINE
from lr_pipeline.evaluation.intervals.interval import no_interval
from lr_pipeline.evaluation.score_sums import ScoreSums
from lr_pipeline.evaluation.validation_folds.corrected_interval import corrected_interval, mean_of
from lr_pipeline.evaluation.validation_folds.cross_validation import (
    METRIC_NAMES,
    CrossValidation,
    Estimate,
    MetricName,
)
from lr_pipeline.models.cross_fit import held_out_scores, prepared_folds
from lr_pipeline.models.decision.decision import DEFAULT_DECISION, Decision
from lr_pipeline.models.linear_model import LinearModel
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.tables.aggregate import Aggregate, aggregate_here
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.split.folds import Fold, FoldPlan, plan_folds
from lr_pipeline.tables.table import Table

STAND_IN = LogF()  # convex, so that a separated fold takes no longer to fit than another one
SLOW_COLUMNS = 30  # beyond so many, a fit with Firth's penalty takes seconds
HELD_NUMBERS = 2_000_000  # up to which the rows are held in memory for all folds

FoldValues = dict[MetricName, float | None]


class Validated(NamedTuple):
    """A model to validate, and names of others whose predictions are its own."""

    model: LinearModel | LogisticModel
    others: tuple[str, ...] = ()


@dataclass
class _Collected:
    """Values of each model in each fold, and the sizes of the folds."""

    values: dict[str, list[FoldValues]] = field(default_factory=dict)
    ratios: list[float] = field(default_factory=list)
    penalised: int = 0

    def add(self, name: str, values: FoldValues) -> None:
        self.values.setdefault(name, []).append(values)


def cross_validate(
    models: Mapping[str, Validated],
    train: Table,
    folds: int,
    repeats: int,
    prepare: Prepare = prepare_rows,
    aggregate: Aggregate = aggregate_here,
    asked: bool = True,
) -> CrossValidation:
    """Train the models again in each fold, and compare their predictions with the rows held out.

    A logistic model is refitted by Newton's method with its own penalty; its threshold and its
    recalibration stay as they are. A model that stopped before its optimum is left out, and one of
    a penalty whose fits take seconds too, unless it was ``asked`` for. Small tables are held in
    memory and read by this process; for others ``prepare`` and ``aggregate`` read the rows.
    """
    start = perf_counter()
    try:
        plan = plan_folds(train, folds)
        found = _Collected()
        left_out = {
            name: reason for name, one in models.items() if (reason := _reason(one.model, asked))
        }
        kept = {name: one.model for name, one in models.items() if name not in left_out}
        times = 1 if plan.kind == "time" else repeats
        if train.num_rows * max(len(train.roles.features), 1) <= HELD_NUMBERS:
            train = Table(train.to_arrow(), train.roles, train.provenance_json)
            prepare, aggregate = prepare_rows, aggregate_here
        for repeat in range(times):
            for fold, prepared in prepared_folds(train, prepare, plan, repeat):
                _validate_fold(found, kept, train, fold, prepared, aggregate)
    except TableError as error:
        return CrossValidation(withheld=error.problems[0].message)
    return _summary(found, plan, times, models, left_out, perf_counter() - start)


def _reason(model: LinearModel | LogisticModel, asked: bool) -> str:
    """Return why a model is not validated, "" if it is."""
    if isinstance(model, LinearModel):
        return ""
    fit = model.fit
    if fit.status is not Status.CONVERGED:
        return "it stopped before its optimum, where folds would be fitted to theirs"
    if fit.penalty.may_have_several_minima and not asked and len(fit.coefficients) > SLOW_COLUMNS:
        return f"a fit of {fit.penalty.name}'s penalty takes long: ask for it with --cv 5x1"
    return ""


def _validate_fold(
    found: _Collected,
    models: Mapping[str, LinearModel | LogisticModel],
    train: Table,
    fold: Fold,
    prepared: PreparedRows,
    aggregate: Aggregate,
) -> None:
    classes = count_classes(prepared.rows)
    prevalence = classes.weight_1 / classes.total_weight
    held: tuple[RowVector, RowVector] | None = None
    with threads_for(prepared.rows.num_columns):
        for name, model in models.items():
            if isinstance(model, LinearModel):
                fit = fit_linear(prepared.rows, analysis=prepared.analysis)
                center = np.zeros(prepared.rows.num_columns)
                parameters = np.append(fit.intercept, fit.coefficients)
                decision = None
            else:
                center, parameters, separated = _fit_fold(model, prepared)
                found.penalised += separated
                decision = model.decision
            fitted = center, parameters
            y, weight, z = held_out_scores(train, prepared, fitted, fold, aggregate)
            held = y, weight
            found.add(name, _values(y, weight, z, decision))
    if held is not None:
        y, weight = held
        found.add(BASELINE, _values(y, weight, np.full_like(y, prevalence), None))
        found.ratios.append(float(weight.sum()) / classes.total_weight)


def _fit_fold(model: LogisticModel, prepared: PreparedRows) -> tuple[Columns, Parameters, bool]:
    """Return center, parameters, and whether the fold was separated."""
    separated = False
    try:
        fit = fit_logistic(prepared.rows, NumpyKernel(), model.fit.penalty, standard_errors=False)
    except SeparationError:
        separated = True
        fit = fit_logistic(prepared.rows, NumpyKernel(), STAND_IN, standard_errors=False)
    slopes = fit.scaled_parameters[1:] / fit.scale
    return fit.center, np.append(fit.scaled_parameters[0], slopes), separated


def _values(
    y: RowVector, weight: RowVector, score: RowVector, decision: Decision | None
) -> FoldValues:
    """Return the metrics of one fold; None where one is undefined."""
    counted = weight > 0
    y, weight, score = y[counted], weight[counted], score[counted]
    if decision is None:
        sums = ScoreSums.of(y, score, weight, threshold=DEFAULT_DECISION.threshold)
    else:
        p, z = decision.probability(score), decision.log_odds(score)
        sums = ScoreSums.of(y, p, weight, z, decision.threshold)
    both = 0.0 < float((weight * y).sum()) < sums.weight
    cells = sums.confusion()
    return {
        "log_loss": sums.mean_log_loss()[0],
        "brier_score": sums.squared / sums.weight,
        "roc_auc": roc_auc(y, score, weight) if both else None,
        "accuracy": (cells["true_negative"] + cells["true_positive"]) / sums.weight,
    }


def _summary(
    found: _Collected,
    plan: FoldPlan,
    repeats: int,
    models: Mapping[str, Validated],
    left_out: Mapping[str, str],
    seconds: float,
) -> CrossValidation:
    names = [BASELINE, *(name for name in models if name in found.values)]
    forward = plan.kind == "time"
    ratio = float(np.mean(found.ratios)) if found.ratios else 0.0
    estimates = {
        name: {
            metric: _estimate([one[metric] for one in found.values[name]], ratio, forward).within(
                0.0, math.inf if metric == "log_loss" else 1.0
            )
            for metric in METRIC_NAMES
        }
        for name in names
        if name in found.values
    }
    baseline = found.values.get(BASELINE, [])
    gains = {
        name: {
            metric: _estimate(list(_gains(found.values[name], baseline, metric)), ratio, forward)
            for metric in METRIC_NAMES[:2]
        }
        for name in names[1:]
    }
    return CrossValidation(
        plan.description,
        plan.folds,
        repeats,
        estimates,
        gains,
        {name: one.others for name, one in models.items() if one.others},
        found.penalised,
        left_out,
        seconds,
    )


def _gains(
    values: Sequence[FoldValues], baseline: Sequence[FoldValues], metric: MetricName
) -> Iterator[float | None]:
    """Yield by how much a metric is lower than the baseline's, fold by fold."""
    for one, other in zip(values, baseline, strict=True):
        mine, of_baseline = one[metric], other[metric]
        yield None if mine is None or of_baseline is None else of_baseline - mine


def _estimate(values: Sequence[float | None], ratio: float, forward: bool) -> Estimate:
    undefined = sum(value is None for value in values)
    if undefined:
        reason = f"undefined in {undefined} of {len(values)} folds"
        return Estimate(None, no_interval(reason), reason)
    known = np.array([value for value in values if value is not None])
    if forward:
        reason = "each fold is trained on more rows than the one before"
        return Estimate(mean_of(known), no_interval(reason))
    return Estimate(mean_of(known), corrected_interval(known, ratio))
