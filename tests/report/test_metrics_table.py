import pytest

from lr_pipeline.evaluation.metrics import METRICS
from lr_pipeline.report.metrics_table import (
    best_models,
    explain_gaps,
    metrics_in_markdown,
    table_rows,
)

NAMES = [column.name for column in METRICS]


def metrics(*values):
    """Return the metrics of one model, in the order of the columns."""
    return dict(zip(NAMES, values, strict=True))


NUMBERS = {
    "models": {
        "linear": metrics(0.9, None, 0.91, 0.8, 0.12),
        "numpy": metrics(0.85, 0.30000001, 0.93, 0.8, 0.1),
        "torch": metrics(0.85, 0.30000002, 0.93, 0.7, 0.1),
    },
    "reasons": {"linear": {"log_loss": "3 of 20 fall outside [0, 1]"}, "numpy": {}, "torch": {}},
}


@pytest.mark.parametrize(
    ("column", "best"),
    [
        ("accuracy", {"linear"}),
        ("log_loss", {"numpy", "torch"}),
        ("roc_auc", {"numpy", "torch"}),
        ("average_precision", {"linear", "numpy"}),
        ("brier_score", {"numpy", "torch"}),
    ],
)
def test_the_best_of_a_column_is_shared_by_models_equal_to_the_digits_shown(column, best):
    """Losses are best when small, scores when large; a gap never wins."""
    assert best_models(NUMBERS["models"], METRICS[NAMES.index(column)]) == best


def test_no_model_is_best_where_a_metric_is_undefined_for_all():
    """A column of gaps has no winner."""
    assert best_models({"a": metrics(1.0, None, 1.0, 1.0, 0.0)}, METRICS[1]) == frozenset()


def test_table_rows_are_a_heading_and_a_row_a_model():
    """Text ready for a terminal; a gap is a dash."""
    heading, linear, *rest = table_rows(NUMBERS)
    assert heading[:3] == ["Model", "Accuracy", "Log loss"]
    assert linear == ["linear", "0.9000", "–", "0.9100", "0.8000", "0.1200"]
    assert len(rest) == 2


def test_markdown_marks_the_best_and_explains_the_gaps():
    """The best cells are bold; the reason for each gap stands below the table."""
    lines = metrics_in_markdown(NUMBERS).splitlines()
    assert lines[3] == "| numpy | 0.8500 | **0.3000** | **0.9300** | **0.8000** | **0.1000** |"
    assert lines[-1] == r"Log loss is undefined for linear: 3 of 20 fall outside \[0, 1\]."


def test_markdown_escapes_what_a_name_could_smuggle_in():
    """A model's name is text: no cell border, no emphasis, no HTML, no second line."""
    numbers = {"models": {"a|b*<b>\nc": NUMBERS["models"]["numpy"]}, "reasons": {}}
    assert metrics_in_markdown(numbers).splitlines()[2].startswith(r"| a\|b\*&lt;b&gt; c | ")


def test_a_reason_shared_by_models_is_given_once():
    """Models whose metric is undefined for the same reason share a sentence."""
    numbers = {"reasons": {"a": {"roc_auc": "one class"}, "b": {"roc_auc": "one class"}}}
    assert explain_gaps(numbers, {"a": "A", "b": "B"}) == [
        "ROC AUC is undefined for A, B: one class."
    ]
