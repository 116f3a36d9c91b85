"""A report is made of any table that can be split and fitted."""

import json

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.solvers import Newton
from lr_pipeline.evaluation.evaluate import evaluate_models
from lr_pipeline.evaluation.model_results import model_results
from lr_pipeline.models.train import Training, train_linear, train_logistic
from lr_pipeline.report.render import render_report, report_pictures
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.split.split_table import SplitPolicy, split_table
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.validation.validate import useful_features
from tests.scoring.conftest import prepare

HOSTILE = "<script>alert(1)</script> 客户 $x$ | `_*"


@st.composite
def declared_frames(draw) -> tuple[pd.DataFrame, dict[str, str]]:
    """A data frame and its roles: rare classes and levels, few values, missing ones, weights."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    rows = draw(st.integers(12, 120))
    z = rng.normal(size=rows)
    positive = max(2, round(rows * draw(st.sampled_from([0.1, 0.5, 0.9]))))
    noise = draw(st.sampled_from([0.0, 0.5, 3.0]))
    labels = np.argsort(np.argsort(-(z + noise * rng.normal(size=rows)))) < positive
    columns = {"y": labels.astype(int), HOSTILE: z}
    if draw(st.booleans()):
        columns["few"] = rng.integers(0, draw(st.integers(2, 12)), rows).astype(float)
    if draw(st.booleans()):
        columns["missing"] = np.where(rng.random(rows) < 0.3, np.nan, rng.normal(size=rows))
    if draw(st.booleans()):
        columns["level"] = rng.choice(["<b>", "a", HOSTILE], rows, p=[0.1, 0.3, 0.6])
    if draw(st.booleans()):
        columns["twin"] = z * 2.0 + 1e-9 * rng.normal(size=rows)
    frame, roles = pd.DataFrame(columns), {}
    if draw(st.booleans()):
        frame["w"], roles["weight"] = rng.integers(0, 4, rows), "w"
    elif draw(st.booleans()):
        frame["g"], roles["group"] = [f"g{k}" for k in rng.integers(0, rows // 2, rows)], "g"
    return frame, roles


def assert_reported(frame: pd.DataFrame, **roles: str) -> None:
    """Assert that page, numbers in strict JSON and pictures are made, and no name becomes HTML."""
    kind = "group" if "group" in roles else "random"
    try:
        table = Table.from_pandas(frame, target="y", **roles)
        kept, _ = useful_features(table, policy=SplitPolicy(kind=kind))
        train, test = split_table(kept, SplitPolicy(kind=kind))
    except TableError:  # too few rows of a class for a split, or no useful column
        return
    models = {
        "linear_baseline": train_linear(train, prepare),
        "numpy_model": train_logistic(train, prepare, NumpyKernel(), Training(Newton())),
    }
    findings = evaluate_models(models, train, test, prepare)
    results = model_results(findings)
    report = render_report(findings, results)
    json.dumps(report.numbers, allow_nan=False)
    assert "<script" not in report.html
    assert report_pictures(findings, results)


@given(declared_frames())
@settings(
    max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
def test_no_table_that_can_be_fitted_breaks_its_report(declared) -> None:
    """A report is made, whatever is rare, missing, equal or weighted in the table."""
    frame, roles = declared
    assert_reported(frame, **roles)


def test_a_number_of_few_cases_a_value_has_no_bins_to_draw() -> None:
    """Its logits are left out of the figure."""
    x = [{7: 8}.get(k * 7 % 11, k * 7 % 11) for k in range(40)]
    assert_reported(pd.DataFrame({"x": x, "y": [k % 2 for k in range(40)]}))
