"""What the first logistic model makes of its rows: effects, diagnostics, parts of the test set."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from lr_pipeline.engines.design import Prepare
from lr_pipeline.evaluation.analysed_rows import analysed_rows
from lr_pipeline.evaluation.comparisons.optimism import TrainingMetrics, training_metrics
from lr_pipeline.evaluation.diagnostics.diagnostics import Diagnostics
from lr_pipeline.evaluation.diagnostics.find_diagnostics import find_diagnostics
from lr_pipeline.evaluation.effects.column_kinds import design_columns
from lr_pipeline.evaluation.effects.effects import Effects
from lr_pipeline.evaluation.effects.find_effects import Agreements, find_effects
from lr_pipeline.evaluation.effects.training_groups import TrainingGroups
from lr_pipeline.evaluation.findings import HeldOutRows, ModelSection
from lr_pipeline.evaluation.slices.find_slices import find_slices
from lr_pipeline.evaluation.slices.slices import Slices
from lr_pipeline.evaluation.test_scores import Models
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.tables.aggregate import Aggregate
from lr_pipeline.tables.table import Table


class Examined(NamedTuple):
    """Results for the first logistic model; None without one."""

    effects: Effects | None = None
    diagnostics: Diagnostics | None = None
    slices: Slices | None = None
    training: TrainingMetrics | None = None


def examine_models(
    models: Models,
    sections: Sequence[ModelSection],
    held_out: HeldOutRows,
    agreements: Agreements,
    train_set: Table,
    test_set: Table,
    prepare: Prepare,
    aggregate: Aggregate,
    protected: Sequence[str] = (),
    groups: TrainingGroups | None = None,
) -> Examined:
    """Describe the first logistic model by its training rows, and where it fails on test rows.

    ``groups``: those of the training rows, which are then the units of inference.
    """
    found = [(s, models[s.name]) for s in sections if isinstance(models[s.name], LogisticModel)]
    if not found:
        return Examined()
    section, model = found[0]
    assert isinstance(model, LogisticModel)
    titles: Mapping[str, str] = {one.name: one.title for one in sections}
    prepared = prepare(train_set)
    rows, analysis = analysed_rows(prepared.rows), prepared.analysis
    inferred, number = models, 0
    if groups is not None:
        inferred, number = groups.inferred(models), groups.number
        codes = np.unique(groups.of_rows[rows.number], return_inverse=True)[1]
        rows = replace(rows, group=codes)
    deviation = np.asarray(model.fit.scale)
    columns = design_columns(model.preparation.encodings, rows.X, rows.counts, deviation)
    effects = find_effects(
        section.name, inferred, titles, agreements, rows, columns, analysis, number
    )
    encodings = {one.name: one for one in model.preparation.encodings}
    by_effect = [one.name for one in effects.features]
    return Examined(
        effects,
        find_diagnostics(section, model, held_out, rows, columns, analysis, train_set, test_set),
        find_slices(section, held_out, test_set, aggregate, encodings, by_effect, protected),
        training_metrics({one.name: models[one.name] for one in sections}, model, rows),
    )
