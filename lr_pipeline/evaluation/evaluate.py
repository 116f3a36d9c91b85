"""Evaluate trained models on a test set."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from lr_pipeline.engines.design import Prepare
from lr_pipeline.evaluation.effects.find_effects import Agreements, measure_agreements
from lr_pipeline.evaluation.effects.training_groups import TrainingGroups, training_groups
from lr_pipeline.evaluation.examined import examine_models
from lr_pipeline.evaluation.feature_rows import feature_rows
from lr_pipeline.evaluation.findings import (
    DescentGap,
    DrawnRow,
    FeatureRow,
    Findings,
    HeldOutRows,
    ModelSection,
    Notice,
)
from lr_pipeline.evaluation.fit_notices import agreement_notices, fit_notices
from lr_pipeline.evaluation.model_sections import model_section
from lr_pipeline.evaluation.recorded_data import recorded_data
from lr_pipeline.evaluation.remaining_descent import measure_descent
from lr_pipeline.evaluation.run_facts import RunFacts
from lr_pipeline.evaluation.slices.find_slices import require_protected
from lr_pipeline.evaluation.test_scores import HELD_ROWS, Models, ScoredTestSet, score_test_set
from lr_pipeline.evaluation.threshold_notices import threshold_notices
from lr_pipeline.evaluation.validation_folds.cross_validation import ValidationChoice
from lr_pipeline.evaluation.validation_folds.validate_models import validate_models
from lr_pipeline.evaluation.weight_notices import weight_notices
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.models.provenance import require_same_split
from lr_pipeline.tables.aggregate import Aggregate, aggregate_here
from lr_pipeline.tables.case_counts import count_answers
from lr_pipeline.tables.freed_memory import release_freed_memory
from lr_pipeline.tables.level_counts import plain_count
from lr_pipeline.tables.sources.secrets import without_secrets
from lr_pipeline.tables.sources.source_content import source_lines
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.validation.likely_leaks import known_leaks
from lr_pipeline.tables.validation.validate import left_out_reasons
from lr_pipeline.versions import library_versions


def evaluate_models(
    models: Models,
    train_set: Table,
    test_set: Table,
    prepare: Prepare,
    row_seed: int = 0,
    engine_provenance: Callable[[], dict[str, str]] = dict,
    aggregate: Aggregate = aggregate_here,
    held_rows: int = HELD_ROWS,
    titles: Mapping[str, str] | None = None,
    run: RunFacts | None = None,
    protected: Sequence[str] = (),
    cv: ValidationChoice | None = None,
    prepare_fold: Prepare | None = None,
) -> Findings:
    """Test ``models`` on ``test_set``, and the baseline that predicts the prevalence.

    ``prepare`` opens the training rows, to find how far apart the logistic models are, and how far
    from the optimum a gradient descent stopped; ``row_seed`` draws the test row that is shown by
    itself; ``engine_provenance`` describes the passes over the rows and is called after them;
    ``aggregate`` predicts and counts. ``titles``: model → its title in the report, if this is not
    its name. ``run``: what is known of the run that asks for this. ``protected``:
    columns by whose groups answers are compared, besides those that are declared with the table.
    ``cv``: how to cross-validate the models, if at all; ``prepare_fold`` opens rows for it, where
    ``prepare`` should not.

    Raises
    ------
    ProvenanceError
        A model or ``train_set`` comes from another split than ``test_set``.
    TableError
        A protected column is not in the test set.
    """
    require_protected(protected, test_set)
    run = run or RunFacts()
    trained_on = {name: model.train_fingerprint for name, model in models.items()}
    require_same_split({"train_set": train_set.fingerprint} | trained_on, test_set)
    scored = score_test_set(models, test_set, aggregate, held_rows)
    agreements = measure_agreements(models, train_set, prepare)
    held_out = _held_out_rows(scored, train_set, test_set, aggregate)
    groups, sections = _sections(models, titles or {}, scored, train_set, aggregate)
    release_freed_memory()
    rows = train_set, test_set, prepare, aggregate  # both parts, and how they are read
    examined = examine_models(models, sections, held_out, agreements, *rows, protected, groups)
    release_freed_memory()
    return Findings(
        held_out,
        sections,
        title=_question(run.table, test_set),
        drawn_row=draw_row(len(scored.labels), row_seed, scored.step),
        descents=list(_descents(models, train_set, prepare)),
        features=_features(models),
        notices=list(_notices(models, train_set, test_set, aggregate, agreements, scored)),
        provenance=_provenance(test_set, scored) | library_versions() | engine_provenance(),
        run=run,
        data=recorded_data(test_set),
        cross_validation=None
        if cv is None
        else validate_models(
            models, sections, held_out, train_set, cv, prepare_fold or prepare, aggregate
        ),
        **examined._asdict(),
    )


def _sections(
    models: Models,
    titles: Mapping[str, str],
    scored: ScoredTestSet,
    train_set: Table,
    aggregate: Aggregate,
) -> tuple[TrainingGroups | None, list[ModelSection]]:
    """Describe each model; where rows have groups, what is inferred from it is between groups."""
    groups = None
    if train_set.roles.group is not None:
        groups = training_groups(models, train_set, aggregate)
    return groups, [
        model_section(name, titles.get(name, name), model, scored)
        for name, model in (models if groups is None else groups.inferred(models)).items()
    ]


def _features(models: Models) -> list[FeatureRow]:
    """Describe the features as they were prepared for the first model, and so for all."""
    first = next(iter(models.values()), None)
    return [] if first is None else feature_rows(first.preparation.encodings)


def _question(table: str, test_set: Table) -> str:
    """Return the question that the models answer, after the table's name."""
    question = f"{test_set.roles.target} = {test_set.roles.positive}?"
    return f"{table}: {question}" if table else question


def _held_out_rows(
    scored: ScoredTestSet, train_set: Table, test_set: Table, aggregate: Aggregate
) -> HeldOutRows:
    """Describe the test rows, and the training rows that the baseline is from."""
    answers = count_answers(train_set, aggregate)
    return HeldOutRows(
        labels=scored.labels,
        prevalence=answers.prevalence,
        train_rows=train_set.num_rows,
        train_fingerprint=train_set.fingerprint,
        test_fingerprint=test_set.fingerprint,
        weight=scored.weight,
        target=test_set.roles.target,
        negative=" or ".join(map(str, answers.others)),
        positive=str(test_set.roles.positive),
        step=scored.step,
        whole=scored.whole,
        train_cases=None if scored.weight is None else plain_count(answers.total),
        group=scored.group,
    )


def _notices(
    models: Models,
    train_set: Table,
    test_set: Table,
    aggregate: Aggregate,
    agreements: Agreements,
    scored: ScoredTestSet,
) -> Iterator[Notice]:
    """Yield everything that a reader must know before the numbers."""
    yield from (Notice("warning", leak, "leak") for leak in known_leaks(train_set, aggregate))
    for one in test_set.provenance.get("notices", []):  # found when the source was read
        yield Notice(one["severity"], one["text"])
    yield from dict.fromkeys(fit_notices(models))
    yield from threshold_notices(models, scored)
    yield from weight_notices(train_set)
    yield from agreement_notices(models, agreements)


def _provenance(test_set: Table, scored: ScoredTestSet) -> dict[str, str]:
    """Return where the rows come from, how they were split, and how the areas were found."""
    split, left_out = test_set.provenance["split"], left_out_reasons(test_set)
    policy = ", ".join(f"{name} {value}" for name, value in split["policy"].items())
    if "unit" in split:
        policy += f", {split['unit']} placed"
    return {
        **without_secrets(source_lines(test_set.provenance)),
        "Split": policy,
        "Table": split["dataset"],
        "ROC AUC": scored.ranking,
        **({"Left out": "; ".join(left_out)} if left_out else {}),
    }


def draw_row(num_rows: int, seed: int, step: int = 1) -> DrawnRow:
    """Draw one row at random among every ``step``-th (tutorial, "模型测试")."""
    return DrawnRow(step * int(np.random.default_rng(seed).integers(num_rows)), seed)


def _descents(models: Models, train_set: Table, prepare: Prepare) -> Iterator[DescentGap]:
    for name, model in models.items():
        if isinstance(model, LogisticModel):
            gap = measure_descent(name, model, train_set, prepare)
            if gap is not None:
                yield gap
