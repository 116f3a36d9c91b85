"""From models and a split to the report: what a reader needs to know of the features."""

import json

import numpy as np
import pyarrow as pa
import pytest

from lr_pipeline.core.logistic import NumpyKernel
from lr_pipeline.core.solvers import Newton
from lr_pipeline.evaluation import evaluate_models
from lr_pipeline.models.train import Training, train_linear, train_logistic
from lr_pipeline.report.render import Report
from lr_pipeline.tables.split import SplitPolicy, split_table
from lr_pipeline.tables.table import Table
from tests.scoring.conftest import table_rows

N = 1_000


@pytest.fixture(scope="module")
def report() -> Report:
    """A number with few and one with many missing values, a category with rare levels, a leak."""
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
    logistic = train_logistic(train, table_rows, NumpyKernel(), Training(Newton()))
    models = {"linear_baseline": train_linear(train, table_rows), "numpy_model": logistic}
    return evaluate_models(models, train, test, table_rows).report


def test_the_report_says_what_the_training_rows_made_of_each_feature(report) -> None:
    """Kind, missing values, what stands in for them, reference and pooled levels: page and JSON."""
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
    assert f"<bdi>{few['missing']}, too few for a mark</bdi>" in report.html
    assert f"<bdi>{many['missing']}, marked</bdi>" in report.html
    assert "Reference level" in report.html
    assert "<bdi>&lt;b&gt;</bdi>" in report.html
    assert f"<bdi>{', '.join(city['pooled'])}</bdi>" in report.html
    assert set(city["pooled"]) <= {"Bern", "Bonn"}


def test_a_likely_leak_is_among_the_first_words_of_the_report(report) -> None:
    """With the remedy, as in the check."""
    (notice,) = [one for one in report.numbers["notices"] if "alone" in one["text"]]
    assert notice["severity"] == "warning"
    assert "feature 'known_later' alone tells the classes apart" in notice["text"]
    assert "known_later&#39; alone tells" in report.html
