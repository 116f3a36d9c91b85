"""The section on what changed since the last report."""

from typing import Any

from lr_pipeline.evaluation.since.compare import since_last
from lr_pipeline.evaluation.since.earlier_report import EarlierReport
from lr_pipeline.report.page import write_template
from lr_pipeline.report.since_view import SinceView, since_line, since_view
from tests.evaluation.since.report_of_two import altered, since

HOSTILE = "<script>alert(1)</script>{{ 7 * 7 }}|中文"


def compared(now: dict[str, Any], then: dict[str, Any] | None = None) -> dict[str, Any]:
    """The numbers with what changed since another report."""
    return now | {"run": {"since": since(now, then).numbers()}}


def page(view: SinceView | None) -> str:
    """The section's HTML."""
    return write_template("since.html", {"since": view}).strip()


def test_the_first_report_has_no_section_and_no_line() -> None:
    """There is nothing to compare with."""
    numbers = altered()
    assert since_view(numbers) is None
    assert page(None) == ""
    assert since_line(numbers) == ""


def test_when_nothing_changed_one_sentence_says_so() -> None:
    """It names the earlier report by date and run."""
    numbers = altered()
    sentence = "Nothing changed since the report of 2031-05-06 07:08:09 UTC (run run-1)."
    assert since_view(compared(numbers)) == SinceView((sentence,))
    assert since_line(compared(numbers)) == sentence


def test_numbers_that_look_the_same_are_shown_with_every_digit() -> None:
    """A change that four digits hide is no row of two equal numbers."""
    path = "settings/config/numpy_model/config/penalty"
    then, now = altered((path, 0.123456)), altered((path, 0.123457), ("prevalence", 0.2500001))
    view = since_view(compared(now, then))
    assert view is not None
    assert [row[1:] for row in view.settings] == [["0.123456", "0.123457"]]
    assert view.data == (["prevalence in training", "0.25", "0.2500001"],)
    assert "prevalence in training: 0.25, now 0.2500001" in since_line(compared(now, then))


def test_the_line_says_how_a_column_changed() -> None:
    """Another reference and other levels, each with the columns that have them."""
    now = altered(("features/city/reference", "B"), ("features/city/levels", ["A", "C"]))
    line = since_line(compared(now))
    assert "with another reference level: city" in line
    assert "with other levels: city" in line


def test_rows_columns_coefficients_metrics_and_settings_have_a_table_each() -> None:
    """Metrics stand in their usual order, with the digits that their intervals justify."""
    new = {"kind": "number", "levels": [], "pooled": [], "reference": None}
    now = altered(
        ("train_rows", 1800),
        ("features/new", new),
        ("fits/numpy_model/coefficients/age", 4.0),
        ("models/numpy_model", {"roc_auc": 0.85, "log_loss": 0.43, "true_positive": 3}),
        ("settings/config/numpy_model/config/penalty", "l2"),
        ("code/version", "0.2.0"),
    )
    view = since_view(compared(now))
    assert view is not None
    assert view.data == (["training rows", "800", "1,800"],)
    assert view.columns == (["new", "added", "none", "number"],)
    assert view.moved == (["age", "1.0", "4.0", "< 0.001"],)
    assert "of 3 coefficients in both reports, 1 moved" in view.coefficients
    assert view.metrics == (
        ["Log loss", "0.400", "0.430", "+0.030", "overlap"],
        ["ROC AUC", "0.80", "0.85", "+0.05", "overlap"],
    )
    assert [row[0] for row in view.settings] == ["config numpy_model config penalty", "version"]
    assert "on the same rows" in view.rows
    line = since_line(compared(now))
    assert "training rows: 800, now 1,800; added: new; 1 of 3 coefficients moved" in line
    assert "Log loss 0.400, now 0.430" in line
    assert "settings: 1 change; code and libraries: 1 change" in line


def test_names_and_values_are_text_whatever_they_hold() -> None:
    """Columns, levels, settings and sources come from users."""
    odd = {"kind": "category", "levels": [HOSTILE], "pooled": [], "reference": HOSTILE}
    now = altered(
        ("features", {HOSTILE: odd}),
        ("data/source", HOSTILE),
        ("settings/config", {HOSTILE: HOSTILE}),
        ("fits/numpy_model/coefficients", {HOSTILE: 5.0}),
        ("fits/numpy_model/standard_errors", {HOSTILE: 0.1}),
    )
    then = altered(
        ("features", {HOSTILE: odd | {"levels": ["x" * 300]}}),
        ("fits/numpy_model/coefficients", {HOSTILE: 1.0}),
        ("fits/numpy_model/standard_errors", {HOSTILE: 0.1}),
    )
    html = page(since_view(compared(now, then)))
    assert "<script" not in html and "49" not in html
    assert html.count("&lt;script") >= 5
    assert len(since_line(compared(now, then))) < 1000


def test_an_earlier_format_is_said() -> None:
    """The section lists what that report does not record, and shows what it does."""
    numbers = altered()
    view = since_view(compared(numbers, {"train_rows": 700}))
    assert view is not None
    assert view.sentences[1].startswith("That report does not record: source, columns, coeff")
    assert view.data == (["training rows", "700", "800"],)
    assert view.coefficients == ""
    assert "not recorded then: source" in since_line(compared(numbers, {}))
    assert page(view)


def test_a_report_that_cannot_be_read_is_said() -> None:
    """The reason stands in the section and in the line."""
    numbers = altered()
    found = since_last(EarlierReport("run-1", "2031-05-06T07:08:09Z", None, HOSTILE), numbers)
    with_problem = numbers | {"run": {"since": found.numbers()}}
    view = since_view(with_problem)
    assert view is not None and "but it cannot be read" in view.sentences[0]
    assert "<script" not in page(view)
    assert since_line(with_problem) == view.sentences[0]
