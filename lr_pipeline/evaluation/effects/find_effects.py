"""Find the effects of a logistic model's columns, from the model and its training rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from lr_pipeline.core.columns.rank import ColumnAnalysis
from lr_pipeline.core.inference.group_inference import BY_GROUPS
from lr_pipeline.engines.design import Prepare
from lr_pipeline.evaluation.analysed_rows import AnalysedRows
from lr_pipeline.evaluation.effects.average_changes import average_changes
from lr_pipeline.evaluation.effects.column_kinds import DesignColumn
from lr_pipeline.evaluation.effects.effects import (
    ColumnEffect,
    Effects,
    FeatureEffects,
    KernelAgreement,
)
from lr_pipeline.evaluation.effects.joint_tests import (
    JointTest,
    likelihood_ratio_test,
    wald_test,
)
from lr_pipeline.evaluation.effects.linear_effects import linear_effects
from lr_pipeline.evaluation.effects.moving_together import MovingGroup, moving_groups
from lr_pipeline.evaluation.intervals.means import NORMAL
from lr_pipeline.evaluation.intervals.units import t_quantile
from lr_pipeline.evaluation.test_scores import Models
from lr_pipeline.models.agreement import Agreement, measure_agreement
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.tables.preparation.encoding import CategoryEncoding
from lr_pipeline.tables.table import Table

DIFFERENT = 0.01  # standard errors: models that are nearer show the same numbers
MOST_POINTS = 200  # columns whose change of the probability is computed, the largest effects

Agreements = Mapping[tuple[str, str], Agreement]


def measure_agreements(models: Models, train_set: Table, prepare: Prepare) -> Agreements:
    """Return the distance between neighbouring logistic models."""
    fitted = {name: m for name, m in models.items() if isinstance(m, LogisticModel)}
    return {
        (first, second): measure_agreement(fitted[first], fitted[second], train_set, prepare)
        for first, second in pairwise(fitted)
    }


def find_effects(
    name: str,
    models: Models,
    titles: Mapping[str, str],
    agreements: Agreements,
    rows: AnalysedRows,
    design: Sequence[DesignColumn],
    analysis: ColumnAnalysis,
    groups: int = 0,
) -> Effects:
    """Describe the logistic model ``name`` beside the others.

    ``design``: its columns in their order, and ``analysis`` that of the training rows. ``groups``:
    how many groups they have, if the models' inference takes these as units.
    """
    model = models[name]
    assert isinstance(model, LogisticModel)
    names, found = model.preparation.columns, model.inference
    together = moving_groups(analysis, found, names)
    compared = _compared(models, titles, agreements)
    different = any(one.differ for one in compared)
    search = _Search(model, rows, design, together, groups)
    effects = search.columns({} if not different else _others(name, models, titles))
    return Effects(
        name=name,
        title=titles.get(name, name),
        intercept=model.intercept,
        features=tuple(sorted(search.features(effects), key=lambda one: -one.size)),
        rows=rows.described,
        agreements=tuple(compared),
        together=tuple(together),
        withheld=found.withheld,
        points_withheld=search.points_withheld,
        interval_method=found.method,
        groups=groups,
        linear=linear_effects(models, design),
    )


@dataclass(frozen=True, eq=False)
class _Search:
    """The model, its rows and columns, and which of these cannot be told apart."""

    model: LogisticModel
    rows: AnalysedRows
    design: Sequence[DesignColumn]
    together: Sequence[MovingGroup]
    groups: int

    @property
    def points_withheld(self) -> str:
        """Why changes of the probability have no interval."""
        fit = self.model.fit
        if fit.covariance is not None and not self.model.inference.withheld:
            return ""
        return self.model.inference.withheld or fit.inference_withheld

    def columns(self, others: Mapping[str, Mapping[str, float]]) -> list[ColumnEffect]:
        """Return the effect of each column of the design, in their order."""
        fit, found = self.model.fit, self.model.inference
        reasons = self._reasons()
        known = np.isfinite(found.p_values)
        errors = None if self.points_withheld else fit.standard_errors
        effects = []
        for one in self.design:
            j, reason = one.place, reasons.get(one.name, "")
            shown = bool(known[1 + j]) and not reason
            effects.append(
                ColumnEffect(
                    name=one.name,
                    level=one.level,
                    kind=one.kind,
                    coefficient=float(fit.coefficients[j]),
                    step=one.step,
                    deviation=float(fit.scale[j]),
                    standard_error=None if errors is None or reason else float(errors[j]),
                    interval=(float(found.lower[1 + j]), float(found.upper[1 + j]))
                    if shown
                    else None,
                    p_value=float(found.p_values[1 + j]) if shown else None,
                    variance_inflation=float(found.variance_inflation[j]),
                    others={m: values[one.name] for m, values in others.items()} or None,
                    withheld=reason,
                )
            )
        return self._with_points(effects)

    def _with_points(self, effects: list[ColumnEffect]) -> list[ColumnEffect]:
        """Return the effects with the change of the average probability, of the largest ones."""
        fit, rows = self.model.fit, self.rows
        by_size = sorted(range(len(effects)), key=lambda j: -effects[j].size)[:MOST_POINTS]
        places = [j for j in by_size if not effects[j].withheld]
        parameters = np.concatenate([[fit.intercept], fit.coefficients])
        covariance = None if self.points_withheld else fit.covariance
        changes = average_changes(
            [self.design[j] for j in places],
            self.design,
            rows.X,
            rows.weight,
            self.model.predictor.of_design(rows.X),
            parameters,
            None if covariance is None else np.asarray(covariance),
        )
        for k, j in enumerate(places):
            change, interval = float(changes.change[k]), None
            if changes.standard_error is not None:
                half = self.quantile * float(changes.standard_error[k])
                interval = (change - half, change + half)
            effects[j] = replace(effects[j], points=change, points_interval=interval)
        return effects

    @property
    def quantile(self) -> float:
        """By how many standard errors an interval reaches to each side."""
        return t_quantile(self.groups - 1.0) if self.groups else NORMAL

    def features(self, effects: Sequence[ColumnEffect]) -> list[FeatureEffects]:
        """Return the columns by feature, each category with its joint test."""
        found, start = [], 0
        for encoding in self.model.preparation.encodings:
            stop = start + len(encoding.columns)
            columns, places = tuple(effects[start:stop]), range(start, stop)
            if isinstance(encoding, CategoryEncoding):
                test, reason = self._joint_test(columns, places)
                found.append(
                    FeatureEffects(
                        encoding.name, "category", columns, encoding.reference, test, reason
                    )
                )
            else:
                found.append(FeatureEffects(encoding.name, "number", columns))
            start = stop
        return found

    def _joint_test(
        self, columns: Sequence[ColumnEffect], places: Sequence[int]
    ) -> tuple[JointTest | None, str]:
        """Test all levels of a category: by likelihood ratio where intervals are by profile."""
        fit, found = self.model.fit, self.model.inference
        if len(columns) < 2:
            return None, ""  # the test of the only level
        if self.points_withheld:
            return None, self.points_withheld
        if any(one.withheld for one in columns):
            return None, next(one.withheld for one in columns if one.withheld)
        if len(places) == len(self.design) and found.method != BY_GROUPS:
            test = found.model_test
            return (None if test is None else JointTest(*test, "likelihood ratio")), ""
        if found.method == "profile" and self.rows.step == 1:
            likelihood_ratio = likelihood_ratio_test(self.rows, fit.log_likelihood, places)
            if likelihood_ratio is not None:
                return likelihood_ratio, ""
        coefficients, covariance = np.asarray(fit.coefficients), np.asarray(fit.covariance)
        return wald_test(coefficients, covariance, places, self.groups), ""

    def _reasons(self) -> dict[str, str]:
        """Column → why its numbers are not those of the column alone."""
        tied, names = self.model.inference.tied, self.model.preparation.columns
        identified = np.isfinite(self.model.inference.variance_inflation)
        reasons = {}
        for column in (name for group in self.together for name in group.columns):
            place = names.index(column)
            if not identified[place]:
                reasons[column] = "depends exactly on other columns"
            elif tied[place]:
                reasons[column] = "moves together with other columns"
        return reasons


def _others(name: str, models: Models, titles: Mapping[str, str]) -> dict[str, dict[str, float]]:
    return {
        titles.get(other, other): model.coefficients
        for other, model in models.items()
        if other != name and isinstance(model, LogisticModel)
    }


def _compared(
    models: Models, titles: Mapping[str, str], agreements: Agreements
) -> list[KernelAgreement]:
    """Return, for each pair, the largest difference of one parameter in its standard errors."""
    found = []
    for (first, second), agreement in agreements.items():
        one, other = models[first], models[second]
        assert isinstance(one, LogisticModel) and isinstance(other, LogisticModel)
        largest, column = _largest_difference(one, other)
        apart = agreement.distance if largest is None else largest
        found.append(
            KernelAgreement(
                titles.get(first, first),
                titles.get(second, second),
                agreement.description,
                agreement.within_tolerance,
                largest,
                column,
                not apart <= DIFFERENT,
            )
        )
    return found


def _largest_difference(one: LogisticModel, other: LogisticModel) -> tuple[float | None, str]:
    units = one.fit.certificate_units
    if units is None or not np.isfinite(units).all() or not (units > 0).all():
        return None, ""
    parameters = [np.append(m.fit.intercept, m.fit.coefficients) for m in (one, other)]
    apart = np.abs(parameters[0] - parameters[1]) / units
    j = int(np.argmax(apart))
    return float(apart[j]), ("(intercept)", *one.preparation.columns)[j]
