"""Models predict the rows of data frames: their columns are found by name."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.solvers import Newton
from lr_pipeline.engines.design import prepare_rows
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.models.train import Training, train_linear, train_logistic
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.table import Table


def in_memory(table):
    """Hold all rows in memory."""
    return prepare_rows(table, "memory")


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Return numbers with missing values, a category, codes, and labels that overlap."""
    rng = np.random.default_rng(8)
    age = np.where(rng.random(160) < 0.1, np.nan, rng.normal(50, 10, 160).round(1))
    city, race = rng.choice(["Oslo", "Rome"], 160), rng.integers(1, 4, 160)
    y = (rng.random(160) < 0.3 + 0.2 * (city == "Rome") + 0.1 * race).astype(int)
    return pd.DataFrame({"y": y, "age": age, "city": city, "race": race})


@pytest.fixture(scope="module")
def model(frame) -> LogisticModel:
    """Return a maximum-likelihood model."""
    table = Table.from_pandas(frame, "y", category=["race"])
    return train_logistic(table, in_memory, NumpyKernel(), Training(Newton()))


def test_a_data_frame_is_predicted_as_its_table(model, frame) -> None:
    """Columns in another order, more columns, another index, or codes as text: the same bits."""
    expected = model.predict_proba(Table.from_pandas(frame, "y", category=["race"]))
    other = frame[["race", "city", "age", "y"]].assign(note="x", race=frame["race"].astype(str))
    other.index = frame.index[::-1]
    for rows in (frame, other, frame.astype({"city": "category"}), pa.Table.from_pandas(frame)):
        assert np.array_equal(model.predict_proba(rows), expected)
    linear = train_linear(Table.from_pandas(frame, "y", category=["race"]), in_memory)
    assert np.array_equal(
        linear.predict_proba(frame),
        linear.predict_proba(Table.from_pandas(frame, "y", category=["race"])),
    )


def test_polars_is_predicted_where_it_is_installed(model, frame) -> None:
    """The predictions are those of pandas."""
    polars = pytest.importorskip("polars")
    rows = polars.DataFrame({name: frame[name].tolist() for name in ("city", "race", "age")})
    assert np.array_equal(model.predict_proba(rows), model.predict_proba(frame))


def test_all_missing_columns_are_named_at_once(model, frame) -> None:
    """The message has the closest names; a repeated column is an error, too."""
    with pytest.raises(TableError) as caught:
        model.predict_proba(frame.rename(columns={"city": "cty"}).drop(columns="race"))
    assert str(caught.value).splitlines() == [
        "feature 'city' is missing in the data frame. Did you mean 'cty'?",
        "feature 'race' is missing in the data frame. Give the columns that the model was trained "
        "on, under one name each.",
    ]
    twice = pd.concat([frame, frame[["age"]]], axis=1)
    with pytest.raises(TableError, match="feature 'age' occurs 2 times"):
        model.predict_proba(twice)


def test_values_of_another_kind_are_named(model, frame) -> None:
    """A column has text instead of numbers, or values of several types."""
    with pytest.raises(TableError, match="feature 'age' must be numbers or booleans, found"):
        model.predict_proba(frame.assign(age="old"))
    mixed = frame.assign(age=[1, "old"] * 80)
    with pytest.raises(TableError, match=r"values of several types in one column: .*age"):
        model.predict_proba(mixed)


@pytest.mark.parametrize("rows", [np.zeros((2, 3)), [[1, 2, 3]], {"age": [1]}])
def test_rows_without_names_are_refused(model, rows) -> None:
    """Positions do not identify a model's features."""
    with pytest.raises(TypeError, match="expected a Table or a data frame, found"):
        model.predict_proba(rows)


def test_markers_among_objects_are_missing_as_in_training(frame) -> None:
    """Markers are missing in columns of numbers, too; other text is named with its row."""
    table = Table.from_pandas(frame, "y", category=["race"], missing=["?"])
    model = train_logistic(table, in_memory, NumpyKernel(), Training(Newton()))
    rows = frame.assign(age=frame["age"].astype(object).where(frame["age"].notna(), " ?"))
    assert "?" in {str(one).strip() for one in rows["age"]}
    assert np.array_equal(model.predict_proba(rows), model.predict_proba(frame))
    rows.loc[4, "age"] = "old"
    with pytest.raises(
        TableError, match=r"'age' holds \d+ numbers and 1 text \(first 'old' at row 5"
    ):
        model.predict_proba(rows)
