"""From models and a split to the report: what it says about the features."""

import json

import numpy as np
import pyarrow as pa
import pytest
from markupsafe import escape

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.penalties.firth import Firth
from lr_pipeline.core.logistic.penalties.log_f import LogF
from lr_pipeline.core.logistic.penalties.ridge import Ridge
from lr_pipeline.core.solvers import Newton
from lr_pipeline.evaluation.evaluate import evaluate_models
from lr_pipeline.evaluation.findings import ModelSection
from lr_pipeline.evaluation.fit_notices import _existence_notices
from lr_pipeline.evaluation.model_sections import _logistic_rows
from lr_pipeline.evaluation.number_format import UNDEFINED
from lr_pipeline.models.train import Training, train_linear, train_logistic
from lr_pipeline.orchestration.metadata.value_metadata import logistic_metadata
from lr_pipeline.report.model_view import coefficient_table
from lr_pipeline.report.render import Report, render_report
from lr_pipeline.tables.split.split_table import SplitPolicy, split_table
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.validation.likely_leaks import LEAKS
from lr_pipeline.tables.validation.validate import by_severity, useful_features
from tests.scoring.conftest import prepare

N = 1_000


@pytest.fixture(scope="module")
def report() -> Report:
    """Return a report with numbers that lack few or many values, rare levels, and a leak."""
    rng = np.random.default_rng(4)
    y = np.arange(N) % 2
    columns = {
        "y": y,
        "few": pa.array(rng.normal(size=N).round(2), mask=np.arange(N) < 4),
        "many": pa.array(rng.normal(size=N).round(2), mask=np.arange(N) % 4 == 0),
        "city": ["<b>", "Oslo", "<b>", "Rome", "<b>"] * 199 + ["<b>"] * 3 + ["Bern", "Bonn"],
        "known_later": y + rng.normal(size=N) / 9,
    }
    train, test = split_table(Table.from_arrow(pa.table(columns), "y"), SplitPolicy())
    logistic = train_logistic(train, prepare, NumpyKernel(), Training(Newton()))
    models = {"linear_baseline": train_linear(train, prepare), "numpy_model": logistic}
    return render_report(evaluate_models(models, train, test, prepare))


def test_an_evaluation_reads_the_test_rows_once_and_of_the_training_rows_the_label(
    monkeypatch,
) -> None:
    """That is so for three models of a table whose likely leaks are known."""
    rng = np.random.default_rng(5)
    table = Table.from_arrow(pa.table({"y": np.arange(N) % 2, "x": rng.normal(size=N)}), "y")
    table = table.with_provenance({LEAKS: []})
    train, test = split_table(table, SplitPolicy())
    models = {name: train_linear(train, prepare) for name in ("a", "b", "c")}
    passes = []
    blocks = Table.blocks
    monkeypatch.setattr(
        Table,
        "blocks",
        lambda rows, *given, **named: passes.append((rows, named)) or blocks(rows, *given, **named),
    )
    evaluate_models(models, train, test, prepare)
    assert passes == [(test, {"columns": ["y", "x"]}), (train, {"columns": ["y"]})]


def test_the_report_says_what_the_training_rows_made_of_each_feature(report) -> None:
    """Page and JSON have kind, missing values, their replacement, reference and pooled levels."""
    features = json.loads(json.dumps(report.numbers["features"]))
    city, few, many = (features[name] for name in ("city", "few", "many"))
    assert (city["kind"], city["reference"], city["levels"]) == (
        "category",
        "<b>",
        ["Oslo", "Rome"],
    )
    assert 0 < few["missing"] <= 4
    assert not few["marked"]
    assert 100 < many["missing"] <= 250
    assert many["marked"]
    assert f"median {few['median']:.4g}".rstrip("0") in report.html.replace("−", "-")
    assert f"<bdi>{few['missing']}, too few for an indicator</bdi>" in report.html
    assert f"<bdi>{many['missing']}, with an indicator</bdi>" in report.html
    assert "Reference level" in report.html
    assert "<bdi>&lt;b&gt;</bdi>" in report.html
    assert f"<bdi>{', '.join(city['pooled'])}</bdi>" in report.html
    assert set(city["pooled"]) <= {"Bern", "Bonn"}


def test_a_likely_leak_is_among_the_first_words_of_the_report(report) -> None:
    """The report gives the remedy, as the check does."""
    (notice,) = [one for one in report.numbers["notices"] if "alone" in one["text"]]
    assert notice["severity"] == "warning"
    assert "feature 'known_later' alone tells the classes apart" in notice["text"]
    assert "known_later&#39; alone tells" in report.html


def test_what_the_contract_warns_of_opens_the_report_once_and_before_notes() -> None:
    """Warnings concern kept and left-out columns: repeated keys, spellings, copies."""
    rng = np.random.default_rng(5)
    x, patients = rng.normal(size=300), np.arange(300) % 90 * 7919
    columns = {
        "y": np.arange(300) % 2,
        "x": x,
        "copy": x,
        "patient_id": patients,
        "chart_id": [f"c{k}" for k in np.append(np.arange(280), np.arange(20))],
        "city": ["Malmö", "Malmo\u0308", "Rome"] * 100,
        "grade": rng.integers(0, 7, 300),
    }
    kept, _ = useful_features(Table.from_arrow(pa.table(columns), "y"))
    train, test = split_table(kept, SplitPolicy())
    models = {"linear_baseline": train_linear(train, prepare)}
    report = render_report(evaluate_models(models, train, test, prepare))
    notices = [(one["severity"], one["text"]) for one in report.numbers["notices"]]
    warnings = by_severity(kept)["warning"]
    assert sorted(text.split("'")[1] for text in warnings) == ["chart_id", "city", "patient_id"]
    assert sorted(notices[:3]) == [("warning", text) for text in sorted(warnings)]
    assert {severity for severity, _ in notices[3:]} == {"note"}
    for text in warnings:
        assert report.html.count(str(escape(text[0].upper() + text[1:]))) == 1


def test_columns_that_cannot_be_told_apart_are_named_first_and_not_reported() -> None:
    """The charge has no odds ratio, interval, test or error, since the minutes determine it."""
    rng = np.random.default_rng(2)
    minutes, visits = rng.normal(180, 50, 600), rng.normal(size=600)
    y = (rng.random(600) < 1 / (1 + np.exp(-visits))).astype(int)
    charge = (0.17 * minutes).round(2)
    columns = {"y": y, "minutes": minutes, "charge": charge, "visits": visits}
    train, test = split_table(Table.from_arrow(pa.table(columns), "y"), SplitPolicy())
    model = train_logistic(train, prepare, NumpyKernel(), Training(Newton()))
    found = render_report(evaluate_models({"numpy_model": model}, train, test, prepare))
    first = found.numbers["notices"][0]
    assert first["severity"] == "warning"
    assert first["text"].startswith(
        "These columns move together, so that their coefficients cannot be told apart: minutes, "
        "charge (variance inflation up to "
    )
    rows = {row.name: row for row in _logistic_rows(model)}
    for name in ("minutes", "charge"):
        row = rows[name]
        assert (row.tied, row.standard_error, row.interval, row.p_value) == (True, None, None, None)
        assert row.variance_inflation > 1e4
    assert rows["visits"].standard_error > 0
    assert rows["visits"].p_value < 0.01
    section = ModelSection("m", "M", np.zeros(1), np.zeros(1), coefficients=tuple(rows.values()))
    headings, cells, _ = coefficient_table(section)
    place = headings.index("Odds ratio")
    shown = {line[0]: line[place] for line in cells}
    assert (shown["minutes"], shown["charge"]) == (UNDEFINED, UNDEFINED)
    assert shown["visits"] != UNDEFINED
    metadata = logistic_metadata(model)
    assert metadata["cannot_be_told_apart"] == model.inference.inseparable
    records = metadata["coefficients"].records
    errors = {one.data["name"]: one.data["standard_error"] for one in records}
    assert errors["charge"] is None
    assert errors["visits"] > 0


@pytest.mark.parametrize("penalty", [Ridge(), LogF(), Firth()])
def test_a_penalty_that_was_asked_for_does_not_hide_that_the_classes_are_separated(penalty) -> None:
    """The report first says why a penalty was needed, whichever was chosen."""
    verdict = {
        "verdict": "complete_separation",
        "columns": ["x", "copy"],
        "separating_columns": ["x"],
        "separating_direction": [1.0, 0.0],
        "separating_intercept": -1.0,
        "separated_rows": 40,
        "dependent_columns": ["copy"],
    }
    (notice,) = _existence_notices(verdict, penalty)
    assert notice.severity == "warning"
    assert "completely separated by x (40 rows)" in notice.text
    assert ("not unique" in notice.text) == (penalty == Firth())
