"""Score the test rows by the models of a contest, or by the prevalence that a first model faces."""

from collections.abc import Mapping

from lr_pipeline.evaluation.findings import HeldOutRows
from lr_pipeline.evaluation.intervals.scored_cases import Predictions
from lr_pipeline.evaluation.intervals.units import Cases
from lr_pipeline.evaluation.model_results import baseline_predictions, evaluated_predictions
from lr_pipeline.evaluation.model_sections import model_section
from lr_pipeline.evaluation.test_scores import score_test_set
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.tables.aggregate import Aggregate, aggregate_here
from lr_pipeline.tables.table import Table


def predict_test_rows(
    models: Mapping[str, LogisticModel],
    test_set: Table,
    prevalence: float,
    aggregate: Aggregate = aggregate_here,
) -> dict[str, Predictions]:
    """Return each model's predictions of the test rows, and those of the training prevalence.

    The latter have the name ``BASELINE``, as in the report's numbers. Where there are very many
    rows, every k-th is held, as in the evaluation report.

    Raises
    ------
    TableError
        A model cannot read a column of these rows.
    """
    scored = score_test_set(models, test_set, aggregate)
    held_out = HeldOutRows(
        labels=scored.labels,
        prevalence=prevalence,
        test_fingerprint=test_set.fingerprint,
        weight=scored.weight,
        step=scored.step,
        whole=scored.whole,
        group=scored.group,
    )
    cases = Cases.of(held_out)
    sections = (model_section(name, name, model, scored) for name, model in models.items())
    predicted = [evaluated_predictions(one, held_out, cases) for one in sections]
    return {one.name: one for one in (baseline_predictions(held_out, cases), *predicted)}
