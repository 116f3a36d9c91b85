"""Numbers of any size are fitted correctly or refused by column and row; so are many columns."""

import sqlite3
from functools import cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

import lr_pipeline
from lr_pipeline.core.limits import LARGEST_NUMBER, MAX_COLUMNS, SMALLEST_NUMBER
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.solvers import Newton
from lr_pipeline.models.train import Training, train_logistic
from lr_pipeline.scoring.prediction import Predictor
from lr_pipeline.scoring.predictions import score_file
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.sources.declared_tables import FileTable, SqlTable
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.validation.validate import find_problems
from tests.scoring.conftest import prepare

N = 120
NODATA = -1.797693134862315e308


@cache
def small_table():
    """Two columns, and labels whose classes overlap."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N, 2))
    y = (rng.random(N) < 1 / (1 + np.exp(-X @ [1.0, -0.5]))).astype(float)
    return X, y


@cache
def expected():
    """Estimates and standard errors of this table by statsmodels, logistic and linear."""
    X, y = small_table()
    peers = sm.Logit(y, sm.add_constant(X)), sm.OLS(y, sm.add_constant(X))
    fits = peers[0].fit(disp=0, tol=1e-14), peers[1].fit()
    return [(one.params[1:], one.bse[1:], one.conf_int()[1:]) for one in fits]


def holds(size):
    """Whether a column whose largest number has this size can be fitted."""
    return SMALLEST_NUMBER <= size <= LARGEST_NUMBER


DOORS = {
    "fit_logistic": lr_pipeline.fit_logistic,
    "ridge": lambda X, y: lr_pipeline.fit_logistic(X, y, penalty="l2"),
    "firth": lambda X, y: lr_pipeline.fit_logistic(X, y, penalty="firth"),
    "torch": lambda X, y: lr_pipeline.fit_logistic(X, y, kernel="torch"),
    "weighted": lambda X, y: lr_pipeline.fit_logistic(X, y, np.ones(N)),
    "fit_linear": lr_pipeline.fit_linear,
    "assess_existence": lr_pipeline.assess_existence,
}


@settings(max_examples=30)
@given(st.sampled_from(sorted(DOORS)), st.floats(-323, 307.9), st.floats(-99, 99))
def test_columns_of_any_size_are_fitted_right_or_refused_by_name(door, exponent, other):
    """One column has any size from the smallest float to the largest, the other an ordinary one."""
    X, y = small_table()
    units = np.array([10.0**exponent, 10.0**other])
    frame = pd.DataFrame(X / np.abs(X).max() * units, columns=["height", "width"])
    size = frame["height"].abs().max()
    if not holds(size):
        with pytest.raises(ValueError, match=r"column 'height'.*rescale the column") as caught:
            DOORS[door](frame, y)
        assert ("overflow" in str(caught.value)) == (size > 1.0)
        return
    found = DOORS[door](frame, y)
    if door == "assess_existence":
        assert found.verdict == "unique"
        return
    assert found.status.label == "converged"
    assert np.isfinite(found.coefficients).all()
    if door in ("ridge", "firth"):
        return
    coefficients, errors, _ = expected()[door == "fit_linear"]
    scaled = np.abs(X).max() / units
    np.testing.assert_allclose(found.coefficients, coefficients * scaled, rtol=1e-6)
    np.testing.assert_allclose(found.standard_errors, errors * scaled, rtol=1e-6)


@pytest.mark.parametrize("exponent", [-99.5, -30, 30, 99.5])
def test_intervals_are_those_of_the_column_in_other_units(exponent):
    """Wald's intervals equal those of statsmodels, and profile intervals are finite."""
    X, y = small_table()
    unit = 10.0**exponent / np.abs(X).max()
    fit = lr_pipeline.fit_logistic(X * unit, y)
    wald = lr_pipeline.infer(fit, X * unit, y, method="wald")
    _, _, interval = expected()[0]
    np.testing.assert_allclose(wald.lower[1:] * unit, interval[:, 0], rtol=1e-6)
    profile = lr_pipeline.infer(fit, X * unit, y)
    assert np.isfinite([profile.lower, profile.upper]).all()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.nan, r"X must be finite, found nan at row 7 \(from 0\), column 'width': impute or"),
        (np.inf, r"X must be finite, found inf at row 7 \(from 0\), column 'width'"),
        (
            NODATA,
            r"size up to 1e\+100.*found -1.79769e\+308 at row 7 \(from 0\), column 'width': impute",
        ),
        (2e100, r"found 2e\+100 at row 7 \(from 0\), column 'width'"),
    ],
)
@pytest.mark.parametrize("rows", [N, 40_000])
@pytest.mark.parametrize("door", sorted(DOORS))
def test_a_cell_that_cannot_be_summed_is_named(door, rows, value, message):
    """The rows are few or many, in a data frame or in an array of C or Fortran order."""
    X, y = (np.resize(one, (rows, *one.shape[1:])) for one in small_table())
    X[[7, 90], 1] = value
    frame = pd.DataFrame(X, columns=["height", "width"])
    if door == "weighted":
        frame, y = frame[:N], y[:N]
    with pytest.raises(ValueError, match=message):
        DOORS[door](frame, y)
    with pytest.raises(ValueError, match=message.replace("'width'", r"1 \(from 0\)")):
        DOORS[door](np.asfortranarray(frame.to_numpy()), y)


# Rows and columns, and how they are fitted: each way meets the cell in another place.
WAYS = {
    "small table": (N, 2, {}),
    "plain path": (N, 2, {"acceleration": False}),
    "sample": (8_000, 3, {}),
    "sample, L-BFGS": (8_000, 3, {"solver": "lbfgs"}),
    "wide": (3_000, 200, {}),
    "many columns": (1_000, 200, {}),
    "descent": (N, 2, {"solver": "gradient_descent"}),
    "given start": (N, 2, {"start": np.zeros(3)}),
}


def table_for(way):
    """A table that is fitted in this way; the largest number is the first in the last row."""
    rows, columns, _ = WAYS[way]
    rng = np.random.default_rng(1)
    X = rng.standard_normal((rows, columns))
    y = (rng.random(rows) < 1 / (1 + np.exp(-X[:, 0]))).astype(float)
    X[-1, 0] = 2.0 * np.abs(X[:, 0]).max()
    return X, y


@pytest.mark.parametrize("value", [np.nan, np.inf, 1.1e100, 1e103, 1e154, 1e300])
@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_fitting_refuses_such_a_cell(way, value):
    """It is in the last row, where no sample may find it."""
    X, y = table_for(way)
    X[-1, 0] = value
    place = rf"at row {len(X) - 1} \(from 0\), column 0 \(from 0\)"
    with pytest.raises(ValueError, match=place) as caught:
        lr_pipeline.fit_logistic(X, y, **WAYS[way][2])
    assert ("finite" in str(caught.value)) == (not np.isfinite(value))


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_fitting_takes_a_column_up_to_the_limit(way):
    """Just below it the predictions are those of the column in ordinary units."""
    X, y = table_for(way)
    options, unit = WAYS[way][2], 1e100 / X[-1, 0]
    expected = lr_pipeline.fit_logistic(X, y, **options)
    X[:, 0] *= 0.9 * unit
    found = lr_pipeline.fit_logistic(X, y, **options)
    distance = (found.coefficients[0] * 0.9 * unit - expected.coefficients[0]) / (
        expected.standard_errors[0]
    )
    assert abs(distance) <= 2.0 * max(expected.certificate.standard_errors, 1e-9)
    X[:, 0] *= 1.1 / 0.9
    with pytest.raises(ValueError, match=rf"found 1.1e\+100 at row {len(X) - 1} \(from 0\)"):
        lr_pipeline.fit_logistic(X, y, **options)


@pytest.mark.parametrize("door", ["fit_logistic", "fit_linear", "assess_existence"])
@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (
            1e308,
            r"weight must hold numbers of size up to 1e\+50.*found 1e\+308 at row 5 \(from 0\)",
        ),
        (-1.0, r"weights must not be negative, found -1.0 at row 5"),
        (np.inf, "weight must be finite, found inf at row 5"),
        (1e-60, "weight must hold a number of size 1e-50 or more.*1e-60 at row 0.*rescale weight"),
    ],
)
def test_a_weight_that_cannot_be_summed_is_named_as_a_weight(door, weight, message):
    """The message names the weight, not X, and has the row."""
    X, y = small_table()
    weights = np.full(N, 1e-60) if weight == 1e-60 else np.ones(N)
    weights[5] = weight
    with pytest.raises(ValueError, match=message):
        getattr(lr_pipeline, door)(X, y, weights)


@settings(max_examples=10)
@given(st.floats(-47, 12))
def test_weights_of_any_size_give_the_same_coefficients(exponent):
    """Scaling all weights changes only the standard errors.

    A fit is within 1e-9 standard errors, which for small weights leaves few digits.
    """
    X, y = small_table()
    fit = lr_pipeline.fit_logistic(X, y, np.full(N, 10.0**exponent))
    coefficients, errors, _ = expected()[0]
    np.testing.assert_allclose(fit.coefficients, coefficients, rtol=1e-6)
    np.testing.assert_allclose(fit.standard_errors, errors * 10.0 ** (-exponent / 2), rtol=1e-3)


def test_a_response_that_cannot_be_summed_is_named():
    """The message has its row; any other response is fitted in its own units."""
    X, y = small_table()
    coefficients, errors, _ = expected()[1]
    for unit in (1e-49, 1e49):
        fit = lr_pipeline.fit_linear(X, y * unit)
        np.testing.assert_allclose(fit.coefficients / unit, coefficients, rtol=1e-6)
        np.testing.assert_allclose(fit.standard_errors / unit, errors, rtol=1e-6)
    z = y.copy()
    z[3] = -1e300
    with pytest.raises(ValueError, match=r"y must hold numbers.*found -1e\+300 at row 3"):
        lr_pipeline.fit_linear(X, z)
    with pytest.raises(ValueError, match="y must hold a number of size 1e-50 or more"):
        lr_pipeline.fit_linear(X, y * 1e-200)


def stored(**columns):
    """A table with a label y and one more feature, x."""
    X, y = small_table()
    plain = {"y": y.astype(int), "x": X[:, 0]}
    weight = "w" if "w" in columns else None
    return Table.from_arrow(pa.table(plain | columns), "y", weight=weight)


@settings(max_examples=40)
@given(st.floats(-323, 308), st.integers(0, N - 1), st.booleans())
def test_the_contract_names_feature_and_row_of_numbers_that_no_fit_can_hold(exponent, row, minus):
    """One large cell, or a whole small column, is a problem; other numbers are not."""
    X, _ = small_table()
    value = (-1 if minus else 1) * 10.0**exponent
    heights = X[:, 1].copy()
    if exponent > 0:
        heights[row] = value
    else:
        heights *= abs(value) / np.abs(heights).max()
    problems = find_problems(stored(height=heights))
    size = np.abs(heights).max()
    if holds(size):
        assert problems == []
        return
    [problem] = problems
    assert (problem.severity, problem.column) == ("error", "height")
    assert "exclude=['height']" in problem.remedy
    if size > 1.0:
        assert problem.row == row + 1
        assert f"feature 'height' has the number {value:g} (row {row + 1})" in problem.message
    else:
        assert "no number of size 1e-100 or more" in problem.message


@pytest.mark.parametrize("value", [1e60, 1e308])
def test_the_contract_names_a_weight_that_cannot_be_summed(value):
    """The message has its row; weights that are all tiny are refused too."""
    weights = np.ones(N)
    weights[16] = value
    [problem] = find_problems(stored(w=weights))
    assert (problem.column, problem.row) == ("w", 17)
    assert f"weight 'w' is {value:g} at row 17" in problem.message
    [problem] = find_problems(stored(w=np.full(N, 1e-70)))
    assert "weight 'w' is at most 1e-70" in problem.message


@pytest.mark.parametrize(
    ("value", "word"), [(1e300, "has the number 1e+300"), (np.inf, "has infinite values")]
)
@pytest.mark.parametrize("on_disk", [False, True])
def test_a_table_given_to_a_fit_is_refused_by_column_and_row(tmp_path, value, word, on_disk):
    """That holds for held and streamed tables, and for rows beyond the first block."""
    rng = np.random.default_rng(3)
    height = rng.standard_normal(100_000)
    height[90_000] = value
    table = Table.from_arrow(pa.table({"y": rng.integers(0, 2, 100_000), "height": height}), "y")
    if on_disk:
        table.write_parquet(tmp_path / "rows.parquet")
        table = Table.read_parquet(tmp_path / "rows.parquet")
    for door in (lr_pipeline.fit_logistic, lr_pipeline.fit_linear, lr_pipeline.assess_existence):
        with pytest.raises(TableError) as caught:
            door(table)
        assert f"feature 'height' {word}" in str(caught.value)
        assert "row 90001" in str(caught.value)


def test_numbers_beside_smaller_ones_are_no_problem():
    """Zeros, denormal cells beside ordinary ones, and a constant column are not errors."""
    X, _ = small_table()
    some = np.where(X[:, 1] > 0, X[:, 1], 5e-324)
    assert find_problems(stored(some=some, zeros=np.where(X[:, 1] > 0, 1.0, 0.0))) == []
    [problem] = find_problems(stored(same=np.full(N, 1e-300)))
    assert problem.useless


@pytest.fixture(scope="module")
def nodata(folder):
    """A CSV file with the least float64 in one cell, which some rasters write for "no data"."""
    X, y = small_table()
    frame = pd.DataFrame({"y": y.astype(int), "x": X[:, 0], "height": 480 + X[:, 1]})
    frame.loc[3, "height"] = NODATA
    frame.to_csv(folder / "nodata.csv", index=False)
    frame.to_parquet(folder / "nodata.parquet")
    with sqlite3.connect(folder / "rows.db") as database:
        frame.to_sql("cells", database, index=False)
    return folder


MESSAGE = "feature 'height' has the number -1.79769e+308 (row 4)"


def test_a_run_ends_with_the_file_the_column_and_the_row(run, nodata):
    """It ends before anything is trained, in one line with the remedy."""
    result = run("run", nodata / "nodata.csv", "--target", "y")
    assert result.exit_code == 1
    [line] = [one for one in result.output.splitlines() if "error" in one]
    assert "nodata.csv" in line
    assert MESSAGE in line
    assert "--exclude" in line


@pytest.mark.parametrize("source", ["nodata.csv", "nodata.parquet", "rows.db"])
def test_the_column_and_row_are_named_whatever_is_read(nodata, source):
    """The source is a file or a query."""
    path = nodata / source
    table = FileTable(str(path), target="y")
    if source == "rows.db":
        table = SqlTable(url=f"sqlite:///{path}", query="select * from cells", target="y")
    with pytest.raises(TableError) as caught:
        table.read()
    assert source in str(caught.value)
    assert MESSAGE in str(caught.value)


@pytest.fixture(scope="module")
def model():
    """A stored model with the features x and height."""
    X, _ = small_table()
    return train_logistic(stored(height=X[:, 1]), prepare, NumpyKernel(), Training(Newton()))


@pytest.mark.parametrize("name", ["nodata.csv", "nodata.parquet"])
def test_a_new_row_that_cannot_be_scored_is_named(nodata, model, name):
    """The message has file, column and row, for infinity too."""
    with pytest.raises(TableError) as caught:
        list(score_file(model, nodata / name).blocks())
    assert str(caught.value).startswith(f"{nodata / name}: {MESSAGE}")
    [problem] = caught.value.problems
    assert (problem.column, problem.row) == ("height", 4)


@pytest.mark.parametrize(("value", "word"), [(NODATA, "-1.79769e+308"), (np.inf, "infinite")])
def test_a_new_row_beyond_the_first_block_is_counted_from_the_first(nodata, model, value, word):
    """It is named by its number in the file."""
    rows = pd.DataFrame({"x": np.zeros(200_000), "height": 1.0})
    rows.loc[180_000, "height"] = value
    rows.to_parquet(nodata / "many.parquet")
    with pytest.raises(TableError) as caught:
        list(score_file(model, nodata / "many.parquet").blocks())
    assert word in str(caught.value)
    [problem] = caught.value.problems
    assert (problem.column, problem.row) == ("height", 180_001)


def test_the_largest_number_that_is_scored_has_a_probability_and_an_interval(model):
    """Both are finite, though the interval's length in scores is not: it is from 0 to 1."""
    rows = pa.RecordBatch.from_pydict({"x": [0.0, 0.0], "height": [1e100, -1e100]})
    found = Predictor(model).predict(rows)
    assert sorted(found.probability) == [0.0, 1.0]
    assert (found.lower <= found.probability).all()
    assert (found.probability <= found.upper).all()


@pytest.mark.parametrize("door", sorted(DOORS))
@pytest.mark.parametrize("columns", [MAX_COLUMNS + 1, 20_000])
def test_more_columns_than_a_fit_can_hold_are_refused_with_their_number(door, columns):
    """They are refused at once; none of ten million rows is copied."""
    message = f"X has {columns:,} columns; at most 3,000 can be fitted"
    X, y = np.broadcast_to(np.int8(1), (10_000_000, columns)), np.ones(1)
    with pytest.raises(ValueError, match=message):
        DOORS[door](X, y)
    with pytest.raises(ValueError, match=message):
        DOORS[door](pd.DataFrame(X[:2]), y)
    fit = lr_pipeline.fit_logistic(*small_table())
    with pytest.raises(ValueError, match=message):
        lr_pipeline.infer(fit, X, y)


def test_columns_of_levels_count_too():
    """The levels of few features make more columns than a fit can hold."""
    rng = np.random.default_rng(1)
    texts = {f"s{k}": rng.permutation([f"v{j % 1600}" for j in range(32_000)]) for k in range(2)}
    table = Table.from_arrow(pa.table({"y": [0, 1] * 16_000, **texts}), "y")
    for door in (lr_pipeline.fit_logistic, lr_pipeline.fit_linear, lr_pipeline.assess_existence):
        with pytest.raises(TableError, match=r"2 features make .* columns .* at most 3,000"):
            door(table)


@pytest.mark.parametrize("text", ["-3.4028235e+38", "-3.40282346638529e+38", "3.402823e38"])
def test_the_largest_number_of_float32_is_named_as_no_value(run, nodata, text) -> None:
    """Rasters write it for a missing value; the remedy that the message gives works."""
    frame = pd.read_csv(nodata / "nodata.csv")
    frame["height"] = frame["height"].astype(object)
    frame.loc[3, "height"] = text
    frame.to_csv(nodata / "raster.csv", index=False)
    with pytest.raises(TableError) as caught:
        FileTable(str(nodata / "raster.csv"), target="y").read()
    assert f"feature 'height' has the number {float(text)!r} (first at row 4)" in str(caught.value)
    remedy = f"Set missing=['{float(text)!r}'], or exclude=['height']"
    assert remedy in str(caught.value)
    read = FileTable(str(nodata / "raster.csv"), target="y", missing=[repr(float(text))]).read()
    assert read.column("height").null_count == 1
