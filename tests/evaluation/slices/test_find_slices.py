"""Slices of a whole evaluation: the worst first, and protected columns that are no features."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.solvers import Newton
from lr_pipeline.evaluation.evaluate import evaluate_models
from lr_pipeline.evaluation.slices.find_slices import find_slices
from lr_pipeline.models.train import Training, train_logistic
from lr_pipeline.report.render import render_report
from lr_pipeline.tables.aggregate import aggregate_here
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.split.split_table import SplitPolicy, split_table
from lr_pipeline.tables.table import Table
from tests.scoring.conftest import prepare

HOSTILE = "<script>alert(1)</script>"
POLICY = SplitPolicy(test_size=0.5)


@pytest.fixture(scope="module")
def frame():
    """Return 2,000 rows whose log odds are bent in x, with a group that is no feature."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=2_000)
    group = np.where(rng.random(2_000) < 0.3, HOSTILE, "b")
    y = (rng.random(2_000) < 1 / (1 + np.exp(-(x**2) - 2 * (group == "b") + 1))).astype(int)
    site = rng.choice(["s1", "s2", "s3"], 2_000, p=[0.6, 0.39, 0.01])
    return pd.DataFrame({"x": x, "site": site, "group": group, "y": y})


def findings_of(table, protected=()):
    """Train on half of the rows and evaluate on the other."""
    train, test = split_table(table, POLICY)
    model = train_logistic(train, prepare, NumpyKernel(), Training(Newton()))
    return evaluate_models({"numpy_model": model}, train, test, prepare, protected=protected)


@pytest.fixture(scope="module")
def found(frame):
    """Return the findings where the group is protected and excluded."""
    return findings_of(Table.from_pandas(frame, "y", exclude=["group"], protected=["group"]))


def test_the_worst_parts_come_first_and_are_corrected(found):
    """A straight line in a bent column is wrong in its quarters."""
    slices = found.slices.slices
    assert slices[0].column == "x"
    assert slices[0].p_holm < 0.001
    tested = [one.p_value for one in slices if one.p_value is not None]
    assert tested == sorted(tested)
    assert {one.name for one in slices if one.column == "site"} == {"s1", "s2"}
    assert found.slices.smaller == 1


def test_quarters_hold_all_test_rows(found):
    """Their cases add up."""
    quarters = [one.cases for one in found.slices.slices if one.column == "x"]
    assert sum(quarters) == found.held_out.rows


def test_a_protected_column_that_is_no_feature_is_compared(frame, found):
    """It survives the split, and the model does not read it."""
    assert found.models[0].coefficients[1].name == "x"
    assert not any("group" in row.name for row in found.models[0].coefficients)
    (column,) = found.slices.protected
    assert column.column == "group"
    assert {one.name for one in column.groups} == {"b", HOSTILE}
    _, test = split_table(
        Table.from_pandas(frame, "y", exclude=["group"], protected=["group"]), POLICY
    )
    shares = test.to_pandas().groupby("group")["y"].sum()
    assert {one.name: one.positives for one in column.groups} == shares.to_dict()


def test_the_page_shows_parts_and_groups_and_what_they_cannot_show(found):
    """Names are text, the JSON is strict."""
    report = render_report(found)
    assert "<script>alert" not in report.html
    assert "parts the predictions differ from what was observed" in report.html
    assert "cannot show whether the labels themselves are fair" in report.html
    assert "True positive rate" in report.html
    json.dumps(report.numbers["slices"], allow_nan=False)


def test_a_feature_can_be_protected_when_the_report_is_made(frame):
    """It needs no declaration with the table."""
    found = findings_of(Table.from_pandas(frame, "y"), protected=["site"])
    assert [one.column for one in found.slices.protected] == ["site"]


def test_an_unknown_protected_column_is_refused_with_the_remedy(frame):
    """The message says how the column stays in the table."""
    with pytest.raises(TableError, match="protected column 'group' is not among") as error:
        findings_of(Table.from_pandas(frame, "y", exclude=["group"]), protected=["group"])
    assert "--protected" in str(error.value)


def test_three_test_rows_have_no_parts(frame):
    """The page says so, and nothing breaks."""
    small = Table.from_pandas(frame.head(120), "y", protected=["site"])
    train, test = split_table(small, SplitPolicy(test_size=0.03))
    model = train_logistic(train, prepare, NumpyKernel(), Training(Newton()))
    findings = evaluate_models({"numpy_model": model}, train, test, prepare)
    assert findings.slices.slices == []
    assert "No part of the test set has 30 cases." in render_report(findings).html


def test_every_second_row_is_looked_at_where_there_are_many(frame):
    """The rows are those whose scores were gathered."""
    table = Table.from_pandas(frame, "y", protected=["site"])
    train, test = split_table(table, POLICY)
    whole = findings_of(table)
    encodings = {one.name: one for one in prepare(train).preparation.encodings}
    inputs = whole.models[0], whole.held_out, test, aggregate_here, encodings, ["x"], []
    half = find_slices(*inputs, most_rows=500)
    assert half.rows == "one row in 2 of the 1,000 test rows"
    assert sum(one.cases for one in half.slices) == 500
    assert sum(one.positives for one in half.slices) == whole.held_out.labels[::2].sum()
    assert whole.slices.rows == "all test rows"


def test_where_rows_have_groups_the_page_says_which_intervals_ignore_them(frame):
    """Goodness of fit and lift take rows as independent, and say so; effects and slices do not."""
    words = "Rows of one group are taken as independent here"
    model_of = Table.from_pandas(frame, "y", exclude=["group"])
    assert words not in render_report(findings_of(model_of)).html
    clusters = frame.assign(patient=np.arange(len(frame)) // 8)
    table = Table.from_pandas(clusters, "y", exclude=["group"], group="patient")
    sections = re.split(r'<section id="(\w+)"', render_report(findings_of(table)).html)
    parts = zip(sections[1::2], sections[2::2], strict=True)
    assert {name for name, text in parts if words in text} == {"diagnostics", "lift"}
