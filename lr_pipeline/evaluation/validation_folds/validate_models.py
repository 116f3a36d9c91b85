"""Cross-validate the models of a report, where that is asked for or the test set is small."""

from collections.abc import Sequence

from lr_pipeline.engines.design import Prepare
from lr_pipeline.evaluation.findings import HeldOutRows, ModelSection
from lr_pipeline.evaluation.reliability.alike_models import alike_models
from lr_pipeline.evaluation.test_scores import Models
from lr_pipeline.evaluation.validation_folds.cross_validate import Validated, cross_validate
from lr_pipeline.evaluation.validation_folds.cross_validation import (
    CrossValidation,
    ValidationChoice,
)
from lr_pipeline.evaluation.validation_folds.validation_plan import planned
from lr_pipeline.tables.aggregate import Aggregate
from lr_pipeline.tables.table import Table


def validate_models(
    models: Models,
    sections: Sequence[ModelSection],
    held_out: HeldOutRows,
    train: Table,
    choice: ValidationChoice,
    prepare: Prepare,
    aggregate: Aggregate,
) -> CrossValidation | None:
    """Cross-validate each kind of model once; None where nothing is to be said about it."""
    if not models:
        return None
    classes = held_out.class_counts if held_out.whole is None else held_out.whole.class_weights
    columns = len(next(iter(models.values())).preparation.columns)
    repeats, reason = planned(choice, min(classes), held_out.train_rows or 0, columns)
    if not repeats:
        return CrossValidation(withheld=reason) if reason else None
    validated = {
        one.model.name: Validated(models[one.model.name], tuple(other.name for other in one.others))
        for one in alike_models(sections)
    }
    asked = choice.repeats is not None
    return cross_validate(validated, train, choice.folds, repeats, prepare, aggregate, asked)
