"""Fits know the names of their columns: predictions of data frames, and summaries."""

import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import statsmodels.api as sm

import lr_pipeline
from lr_pipeline.core.inference.group_inference import BY_GROUPS
from lr_pipeline.tables.table import Table
from tests.core.tables import spector

NAMES = ["GPA", "TUCE", "PSI"]


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Spector and Mazzeo's table."""
    return pd.DataFrame(spector()[0], columns=NAMES)


@pytest.fixture(scope="module")
def y() -> np.ndarray:
    """Whether the grade improved."""
    return spector()[1]


def lines(summary: Any) -> dict[str, list[str]]:
    """The parameters' cells by name."""
    return {name: cells for name, *cells in summary.rows}


def test_probabilities_are_those_of_statsmodels_in_any_order_of_columns(frame, y) -> None:
    """A frame's columns are found by name, others are ignored; an array goes by position."""
    fit = lr_pipeline.fit_logistic(frame, y)
    expected = sm.Logit(y, sm.add_constant(frame)).fit(disp=0, tol=1e-14).predict()
    np.testing.assert_allclose(fit.predict_proba(frame), expected, rtol=1e-8)
    shuffled = frame.assign(other="text")[["PSI", "other", "GPA", "TUCE"]]
    assert np.array_equal(fit.predict_proba(shuffled), fit.predict_proba(frame))
    assert np.array_equal(fit.predict_proba(frame.to_numpy()), fit.predict_proba(frame))
    assert np.array_equal(fit.predict_proba(frame[:1]), fit.predict_proba(frame)[:1])


def test_a_fit_of_a_table_prepares_the_rows_that_it_predicts(frame, y) -> None:
    """Categories and missing values are encoded as for the fit."""
    table = frame.assign(y=y, town=np.tile(["a", "b"], 16))
    table.loc[3, "GPA"] = np.nan
    fit = lr_pipeline.fit_logistic(Table.from_pandas(table, "y"), penalty="l2")
    assert fit.columns == ("GPA", "TUCE", "PSI", "town=b")
    encoded = pd.DataFrame(
        {
            "GPA": table["GPA"].fillna(table["GPA"].median()),
            "TUCE": table["TUCE"],
            "PSI": table["PSI"],
            "town=b": (table["town"] == "b").astype(float),
        }
    )
    z = fit.intercept + encoded.to_numpy() @ fit.coefficients
    np.testing.assert_allclose(fit.predict_proba(table), 1 / (1 + np.exp(-z)), rtol=1e-10)


def test_least_squares_predicts_as_statsmodels(frame, y) -> None:
    """ŷ is not cut to [0, 1]."""
    fit = lr_pipeline.fit_linear(frame, y)
    expected = sm.OLS(y, sm.add_constant(frame)).fit().predict()
    np.testing.assert_allclose(fit.predict(frame), expected, rtol=1e-9, atol=1e-12)
    assert fit.predict(frame).min() < 0.0


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (lambda frame: frame.drop(columns="TUCE"), "found 0 of 'TUCE': give 'GPA', 'TUCE', 'PSI'"),
        (lambda frame: frame[["GPA", "TUCE", "PSI", "PSI"]], "found 2 of 'PSI'"),
        (lambda frame: frame.to_numpy()[:, :2], "expected 3 columns as in the fit, found 2"),
        (lambda frame: frame.assign(GPA=np.nan), "finite numbers, found others in row 0"),
    ],
)
def test_rows_of_another_shape_are_refused(frame, y, rows, message) -> None:
    """Nothing is predicted from the wrong column."""
    with pytest.raises(ValueError, match=message):
        lr_pipeline.fit_logistic(frame, y).predict_proba(rows(frame))


def test_the_summary_has_the_numbers_of_statsmodels(frame, y) -> None:
    """Estimates, standard errors, z, p-values, intervals, likelihoods, AIC and BIC agree."""
    summary = lr_pipeline.fit_logistic(frame, y).summary()
    peer = sm.Logit(y, sm.add_constant(frame)).fit(disp=0, tol=1e-14)
    parts = (peer.params, peer.bse, peer.tvalues, None, *peer.conf_int().to_numpy().T)
    for place, name in enumerate(["(intercept)", *NAMES]):
        cells = lines(summary)[name]
        for cell, part in zip(cells, parts, strict=False):
            if part is not None:
                assert float(cell) == pytest.approx(np.asarray(part)[place], rel=5e-5)
        assert float(cells[3]) == pytest.approx(peer.pvalues.iloc[place], abs=5e-5)
    facts = summary.facts
    assert facts["Rows"] == "32, 11 with label 1"
    assert float(facts["Log-likelihood"]) == pytest.approx(peer.llf, rel=1e-5)
    assert float(facts["Intercept alone"]) == pytest.approx(peer.llnull, rel=1e-5)
    assert float(facts["Pseudo R²"].split()[0]) == pytest.approx(peer.prsquared, abs=5e-5)
    assert float(facts["AIC"]) == pytest.approx(peer.aic, rel=1e-5)
    assert float(facts["BIC"]) == pytest.approx(peer.bic, rel=1e-5)
    assert facts["Model test"] == "χ² = 15.404, 3 df, p = 0.0015"  # Greene's printed p: 0.0015
    assert lines(summary)["PSI"][-1] == "10.791"  # Greene, exp(2.3787)


def test_the_linear_summary_has_the_numbers_of_statsmodels(frame, y) -> None:
    """Its tests are Student's, with Σ weight − p degrees of freedom."""
    weight = np.random.default_rng(1).integers(1, 4, len(y))
    rows = np.repeat(np.arange(len(y)), weight)
    peer = sm.OLS(y[rows], sm.add_constant(frame).iloc[rows]).fit()
    summary = lr_pipeline.fit_linear(frame, y, weight).summary()
    parts = (peer.params, peer.bse, peer.tvalues, peer.pvalues, *peer.conf_int().to_numpy().T)
    for place, name in enumerate(["(intercept)", *NAMES]):
        for cell, part in zip(lines(summary)[name], parts, strict=True):
            expected = np.asarray(part)[place]
            assert float(cell.lstrip("<")) == pytest.approx(expected, rel=5e-5, abs=1e-4)


def test_a_summary_says_what_is_withheld_and_takes_profile_intervals(frame, y) -> None:
    """Under Firth's penalty Wald's numbers are empty, and those of ``infer`` are shown."""
    fit = lr_pipeline.fit_logistic(frame, y, penalty="firth")
    summary = fit.summary()
    assert lines(summary)["GPA"][1:6] == [""] * 5
    assert "the estimate is penalised (firth)" in summary.remarks[0]
    assert "summary(infer(fit, X, y))" in summary.remarks[0]
    assert "AIC" not in summary.facts
    found = lr_pipeline.infer(fit, frame, y)
    shown = lines(fit.summary(found))["GPA"]
    assert float(shown[4]) == pytest.approx(found.lower["GPA"], rel=5e-5)
    assert not fit.summary(found).remarks


def test_a_summary_is_text_and_html_in_which_names_are_text() -> None:
    """A column's name cannot become a script or break a line."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(60, 2)), columns=["<script>alert(1)</script>", "a\nb"])
    summary = lr_pipeline.fit_logistic(X, (rng.random(60) < 0.5).astype(int)).summary()
    assert "<script>" not in summary._repr_html_()
    assert "&lt;script&gt;" in summary._repr_html_()
    widths = {len(line) for line in str(summary).splitlines()[-3:]}
    assert len(widths) == 1  # the table's columns are aligned


def test_every_way_of_fitting_records_the_class_weights(frame, y) -> None:
    """They are Σ weight of each label, from which the null likelihood follows."""
    weight = np.arange(32) % 3 + 1.0
    ones = float(weight @ y)
    for settings in ({}, {"acceleration": False}, {"solver": "lbfgs"}, {"penalty": "firth"}):
        fit = lr_pipeline.fit_logistic(frame, y, weight, **settings)
        assert fit.class_weights == (weight.sum() - ones, ones)
    wide = np.random.default_rng(2).normal(size=(3000, 120))
    labels = (wide[:, 0] > 0.3 * np.random.default_rng(3).normal(size=3000) * 9).astype(int)
    large = lr_pipeline.fit_logistic(wide, labels)
    assert large.class_weights == (float(np.sum(labels == 0)), float(labels.sum()))


def test_fits_are_imported_without_all_of_scipys_statistics() -> None:
    """It takes half a second, and four functions of ``scipy.special`` are enough."""
    code = "import sys, lr_pipeline.estimators; sys.exit('scipy.stats' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_odds_ratio_that_says_nothing_but_its_size_is_a_power_of_ten(frame, y) -> None:
    """One unit of a column of small numbers is far more than its rows differ by."""
    summary = lr_pipeline.fit_logistic(frame.assign(GPA=frame["GPA"] / 100), y).summary()
    assert lines(summary)["GPA"][-1] == "5.5 × 10¹²²"  # exp(282.61)
    up = lr_pipeline.fit_logistic(frame.assign(GPA=-frame["GPA"] / 100), y).summary()
    assert lines(up)["GPA"][-1].endswith(" × 10⁻¹²³")


@pytest.mark.parametrize("kind", [pd.DataFrame, pa.Table.from_pandas], ids=["pandas", "arrow"])
@pytest.mark.parametrize("method", ["wald", "profile"])
def test_inference_finds_columns_by_name(frame, y, kind, method) -> None:
    """As for predictions, columns may be in another order, and others are ignored."""
    fit = lr_pipeline.fit_logistic(frame, y)
    expected = lr_pipeline.infer(fit, frame, y, method=method)
    shuffled = kind(frame.assign(other="text")[["PSI", "other", "GPA", "TUCE"]])
    found = lr_pipeline.infer(fit, shuffled, y, method=method)
    assert dict(found.p_values.items()) == dict(expected.p_values.items())
    assert dict(found.variance_inflation.items()) == dict(expected.variance_inflation.items())
    assert np.array_equal(fit.predict_proba(shuffled), fit.predict_proba(frame))
    with pytest.raises(ValueError, match="found 0 of 'GPA'"):
        lr_pipeline.infer(fit, frame[["TUCE", "PSI"]], y, method=method)


def test_inference_of_a_table_needs_the_columns_of_the_fit(frame, y) -> None:
    """The columns of a table are those of its preparation, which other rows may make otherwise."""
    fit = lr_pipeline.fit_logistic(frame, y)
    table = Table.from_pandas(frame[["PSI", "GPA", "TUCE"]].assign(y=y), target="y")
    with pytest.raises(ValueError, match="expected the columns of the fit, GPA, TUCE, PSI, found"):
        lr_pipeline.infer(fit, table, method="wald")


def test_a_summary_of_inference_by_groups_shows_t(frame, y) -> None:
    """Its statistics are t, not likelihood ratios."""
    fit = lr_pipeline.fit_logistic(frame, y)
    found = replace(lr_pipeline.infer(fit, frame, y, method="wald"), method=BY_GROUPS)
    assert fit.summary(found).headings[3:5] == ("t", "P>|t|")
