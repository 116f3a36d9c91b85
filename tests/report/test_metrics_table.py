import pytest

from lr_pipeline.evaluation.metrics import METRICS
from lr_pipeline.report.metrics_table import (
    best_models,
    explain_gaps,
    explain_missing_intervals,
    metric_tables,
    metrics_in_markdown,
    table_rows,
)

NAMES = [column.name for column in METRICS]


def metrics(**values):
    """Return the metrics of one model; those that are not given are 0.5."""
    return dict.fromkeys(NAMES, 0.5) | values


def interval(low=None, high=None):
    return {"low": low, "high": high, "withheld": "too few" if low is None else ""}


def compared(first, second, verdict, metric="log_loss"):
    return {"first": first, "second": second, "metric": metric, "verdict": verdict}


NUMBERS = {
    "models": {
        "linear": metrics(accuracy=0.9, log_loss=None, roc_auc=0.91),
        "numpy": metrics(accuracy=0.85, log_loss=0.30000001, roc_auc=0.93),
        "torch": metrics(accuracy=0.85, log_loss=0.30000002, roc_auc=0.93),
    },
    "titles": {"linear": "Least squares", "numpy": "Numpy", "torch": "Torch"},
    "thresholds": {"linear": 0.5, "numpy": 0.5, "torch": 0.5},
    "intervals": {
        name: dict.fromkeys(NAMES, interval()) | {"roc_auc": interval(0.87123, 0.95876)}
        for name in ("linear", "numpy", "torch")
    },
    "reasons": {"linear": {"log_loss": "3 of 20 fall outside [0, 1]"}, "numpy": {}, "torch": {}},
    "comparisons": [
        compared("numpy", "linear", "withheld"),
        compared("torch", "linear", "withheld"),
        compared("torch", "numpy", "same"),
        compared("numpy", "linear", "better", "roc_auc"),
        compared("torch", "linear", "better", "roc_auc"),
        compared("torch", "numpy", "same", "roc_auc"),
        compared("numpy", "linear", "undecided", "accuracy"),
        compared("torch", "linear", "undecided", "accuracy"),
        compared("torch", "numpy", "same", "accuracy"),
        compared("torch", "numpy", "same", "brier_score"),
    ],
}


@pytest.mark.parametrize(
    ("metric", "best"), [("accuracy", set()), ("log_loss", set()), ("roc_auc", {"numpy", "torch"})]
)
def test_a_model_is_best_only_where_it_is_significantly_better_than_all(metric, best):
    """A larger value alone is no reason, nor a rival without a value; equal models share it."""
    assert best_models(NUMBERS["comparisons"], metric) == best


@pytest.mark.parametrize(
    ("comparisons", "best"),
    [
        ([("b", "a", "better"), ("c", "a", "better"), ("c", "b", "worse")], {"b"}),
        ([("b", "a", "better"), ("c", "a", "better"), ("c", "b", "undecided")], set()),
        ([("b", "a", "worse"), ("c", "a", "worse"), ("c", "b", "undecided")], {"a"}),
        ([("b", "a", "undecided"), ("c", "a", "better"), ("c", "b", "same")], set()),
        ([], set()),
    ],
)
def test_one_undecided_comparison_leaves_no_model_best(comparisons, best):
    """A baseline can be the best; a model that shares its predictions shares its doubts."""
    assert best_models([compared(*one) for one in comparisons], "log_loss") == best


def test_a_cell_has_the_digits_that_its_interval_justifies():
    """Half of the width is 0.04: two of its digits are shown, of the estimate too."""
    (table,) = metric_tables(NUMBERS)
    assert table.titles == ("Least squares", "Numpy = Torch")
    cells = table.rows[NAMES.index("roc_auc")].cells
    assert cells[1] == ("0.930", "0.871 to 0.959", True)
    assert cells[0] == ("0.910", "0.871 to 0.959", False)
    assert table.rows[NAMES.index("log_loss")].cells[0].text == "–"


def test_a_part_of_the_brier_score_is_never_rounded_to_nothing():
    """A rare event's Brier score leaves its parts without a digit; a negligible one is 0."""
    numbers = NUMBERS | {
        "models": {
            "numpy": metrics(brier_score=0.0039, brier_resolution=2.51e-5, brier_reliability=1.3e-7)
        },
        "titles": {"numpy": "Numpy"},
        "intervals": {"numpy": dict.fromkeys(NAMES, interval(0.0033, 0.0046))},
        "comparisons": [],
    }
    parts = ("brier_reliability", "brier_resolution")
    for name in parts:
        numbers["intervals"]["numpy"][name] = interval()
    (table,) = metric_tables(numbers)
    texts = [table.rows[NAMES.index(name)].cells[0].text for name in parts]
    assert texts == ["0.0000", "2.5 × 10⁻⁵"]


def test_a_table_has_at_most_four_models():
    """More would not fit on a phone."""
    five = {str(i): NUMBERS["models"]["numpy"] for i in range(5)}
    numbers = NUMBERS | {
        "comparisons": [],
        "models": five,
        "titles": {name: name for name in five},
        "intervals": dict.fromkeys(five, NUMBERS["intervals"]["numpy"]),
    }
    assert [table.titles for table in metric_tables(numbers)] == [("0", "1", "2", "3"), ("4",)]


def test_table_rows_are_a_heading_and_two_rows_a_model():
    """Text ready for a terminal: the main metrics, below them their intervals; a gap is a dash."""
    heading, linear, ends, *rest = table_rows(NUMBERS)
    assert heading == ["Model", "Log loss", "Brier score", "ROC AUC", "Accuracy"]
    assert (linear[:2], ends[:2]) == (["linear", "–"], ["  95 % interval", ""])
    assert linear[2:] == ["0.5000", "0.910", "0.9000"]
    assert rest[0][3] == "0.930"
    assert rest[1][3] == "0.871–0.959"
    assert len(rest) == 4


def test_a_row_of_the_widest_intervals_fits_into_eighty_columns():
    """Two spaces are between the columns."""
    narrow = {"low": 0.464431, "high": 0.464499, "withheld": "", "method": "", "level": 0.95}
    name = "prevalence_baseline"
    numbers = {
        "models": {name: dict.fromkeys(NAMES, 0.46446)},
        "intervals": {name: dict.fromkeys(NAMES, narrow)},
    }
    rows = table_rows(numbers)
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    assert sum(widths) + 2 * (len(widths) - 1) <= 80


def test_answers_at_different_thresholds_are_not_compared():
    """The more accurate model is not marked as the best if it answers above another threshold."""
    better = [
        compared("numpy", "linear", "better", "accuracy"),
        compared("torch", "linear", "better", "accuracy"),
        compared("torch", "numpy", "same", "accuracy"),
    ]
    for thresholds, marked in (((0.5, 0.5, 0.5), True), ((0.5, 0.3, 0.3), False)):
        above = dict(zip(("linear", "numpy", "torch"), thresholds, strict=True))
        (table,) = metric_tables(NUMBERS | {"comparisons": better, "thresholds": above})
        cells = table.rows[NAMES.index("accuracy")].cells
        assert any(one.best for one in cells) == marked


def test_markdown_marks_the_best_and_explains_the_gaps():
    """The best cells are bold; the reason for each gap stands below the table."""
    lines = metrics_in_markdown(NUMBERS).splitlines()
    assert lines[0] == "| Metric | linear | numpy | torch |"
    assert lines[2] == "| Log loss | – | 0.30 | 0.30 |"
    assert "| **0.930 (0.871 to 0.959)** | **0.930 (0.871 to 0.959)** |" in "\n".join(lines)
    assert lines[-1] == r"Log loss is undefined for linear: 3 of 20 fall outside \[0, 1\]."


def test_markdown_escapes_what_a_name_could_smuggle_in():
    """A model's name is text: no cell border, no emphasis, no HTML, no second line."""
    name = "a|b*<b>\nc"
    numbers = NUMBERS | {
        "models": {name: NUMBERS["models"]["numpy"]},
        "intervals": {name: NUMBERS["intervals"]["numpy"]},
        "reasons": {},
    }
    first = metrics_in_markdown(numbers).splitlines()[0]
    assert first == r"| Metric | a\|b\*&lt;b&gt; c |"


def test_a_reason_shared_by_models_and_metrics_is_given_once():
    """Models whose metrics are undefined for the same reason share a sentence."""
    reasons = {"roc_auc": "one class", "gini": "one class"}
    assert explain_gaps({"reasons": {"a": reasons, "b": reasons}}, {"a": "A", "b": "B"}) == [
        "ROC AUC, Gini are undefined for A, B: one class."
    ]


def test_a_missing_interval_is_explained_once():
    """The first of two equal models speaks for both; undefined metrics have a reason."""
    found = explain_missing_intervals(NUMBERS)
    assert found[0].startswith("No interval for Brier score, miscalibration, resolution")
    assert found[1] == "No interval for Log loss of Numpy: too few."
    assert not any("ROC AUC" in one or "Torch" in one for one in found)
