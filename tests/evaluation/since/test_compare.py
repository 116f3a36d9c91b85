"""What changed between two reports' numbers."""

import json

import pytest

from lr_pipeline.evaluation.since.changes import Change, ColumnChange
from lr_pipeline.evaluation.since.compare import since_last
from lr_pipeline.evaluation.since.earlier_report import EarlierReport
from tests.evaluation.since.report_of_two import altered, since


def test_nothing_changed_between_two_equal_reports() -> None:
    """No list has an entry, and it is said that nothing changed."""
    numbers = altered()
    found = since(numbers)
    assert found.nothing
    assert found.same_test_rows is True
    assert found.coefficients is not None and found.coefficients.compared == 3


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("train_rows", 900, Change("training rows", 800, 900)),
        ("test_rows", 300, Change("test rows", 200, 300)),
        ("prevalence", 0.3, Change("prevalence in training", 0.25, 0.3)),
        ("positive", "yes", Change("positive value", "1", "yes")),
        ("train_cases", 7, Change("training cases", None, 7)),
        ("data/source", "other.csv", Change("source", "shop.csv", "other.csv")),
        ("data/content", {"sha256": "b" * 64}, Change("content, by its hash", "a" * 12, "b" * 12)),
    ],
)
def test_each_fact_of_the_data_is_compared(path, value, expected) -> None:
    """The fact alone is listed, with both values."""
    found = since(altered((path, value)))
    assert found.data == (expected,)
    assert not found.nothing


def test_columns_that_came_went_or_are_read_differently_are_named() -> None:
    """Kinds, reference levels, and the levels that only one of the reports has."""
    city = {"kind": "category", "levels": ["A", "D"], "pooled": [], "reference": "B"}
    new = {"kind": "number", "levels": [], "pooled": [], "reference": None}
    age = new | {"kind": "category", "reference": "1"}
    found = since(altered(("features", {"city": city, "new": new})))
    assert found.columns == (
        ColumnChange("new", "added", now="number"),
        ColumnChange("age", "removed", "number"),
        ColumnChange("city", "reference", "A", "B"),
        ColumnChange("city", "levels", ("B", "C"), ("A", "D")),
    )
    assert since(altered(("features/age", age))).columns == (
        ColumnChange("age", "kind", "number", "category"),
    )


def test_a_metric_changed_if_its_shown_digits_did() -> None:
    """The difference, and whether the intervals overlap."""
    path = "models/numpy_model"
    assert since(altered((f"{path}/log_loss", 0.40001))).nothing
    (near,) = since(altered((f"{path}/log_loss", 0.42))).metrics
    assert (near.before, near.now, near.overlap) == (0.40, 0.42, True)
    assert near.difference == pytest.approx(0.02)
    ends = ("intervals/numpy_model/log_loss", {"low": 0.44, "high": 0.52})
    (far,) = since(altered((f"{path}/log_loss", 0.48), ends)).metrics
    assert far.overlap is False
    (counted,) = since(altered((f"{path}/true_positive", 31))).metrics
    assert counted.overlap is None
    (gone,) = since(altered((f"{path}/roc_auc", None))).metrics
    assert (gone.now, gone.difference) == (None, None)


def test_different_test_rows_are_said_to_be_different() -> None:
    """Other content or another split are other rows; other features of the same rows are not."""
    assert since(altered(("data/content", {"sha256": "b" * 64}))).same_test_rows is False
    assert since(altered(("data/split", {"kind": "random", "seed": 2}))).same_test_rows is False
    excluded = since(altered(("data/declaration/exclude", ["age"]), ("test_fingerprint", "other")))
    assert excluded.same_test_rows is True
    assert excluded.settings == (Change("declaration exclude", "", "age"),)


def test_settings_objectives_versions_and_the_verdict_are_compared() -> None:
    """Each by its name, with both values."""
    found = since(
        altered(
            ("settings/config/numpy_model/config/penalty", "l2"),
            ("fits/numpy_model/objective", "mean loss + penalty"),
            ("data/split/seed", 2),
            ("code/libraries/numpy", "2.2"),
            ("verdict/answer", "no"),
        )
    )
    assert found.settings == (
        Change("split seed", 1, 2),
        Change("config numpy_model config penalty", "auto", "l2"),
        Change("objective of numpy_model", "mean loss", "mean loss + penalty"),
    )
    assert found.code == (Change("libraries numpy", "2.1", "2.2"),)
    assert found.verdict == Change("verdict", "yes", "no")


def test_reports_on_different_questions_are_not_compared_further() -> None:
    """Coefficients and metrics of another target mean something else."""
    found = since(altered(("target", "returned"), ("models/numpy_model/log_loss", 0.9)))
    assert found.data == (Change("target", "left", "returned"),)
    assert found.metrics == ()
    assert found.metrics_withheld == "the two reports answer different questions"
    assert found.coefficients is not None
    assert found.coefficients.withheld == found.metrics_withheld


def test_an_earlier_format_is_compared_as_far_as_it_goes() -> None:
    """What it does not record is named; it is not said that nothing changed."""
    numbers = altered()
    then = {"models": {"numpy_model": {"log_loss": 0.5}}, "train_rows": 700, "verdict": None}
    found = since(numbers, then)
    assert found.unknown == ("source", "columns", "coefficients", "intervals", "settings", "code")
    assert [one.metric for one in found.metrics] == ["log_loss"]
    assert Change("training rows", 700, 800) in found.data
    assert found.columns == found.settings == found.code == ()
    assert found.same_test_rows is None
    bare = since(numbers, {})
    assert not bare.nothing and bare.data == bare.metrics == ()
    assert "metrics" in bare.unknown


def test_a_report_that_cannot_be_read_is_a_problem_and_not_an_error() -> None:
    """The message says why."""
    numbers = altered()
    found = since_last(EarlierReport("r", "t", None, "the file is gone"), numbers)
    assert found.problem == "the file is gone" and not found.nothing


def test_the_changes_are_strict_json() -> None:
    """Tuples are lists, and a number that is not finite is null."""
    now = altered(("prevalence", float("nan")), ("features", {}))
    found = since(now).numbers()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["nothing"] is False
