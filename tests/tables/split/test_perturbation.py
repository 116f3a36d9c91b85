"""The check finds no change of a sound preparation with the test rows, and finds a leaky one."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from lr_pipeline.tables.preparation import preparation as preprocess
from lr_pipeline.tables.preparation.encoding_fit import fit_encodings
from lr_pipeline.tables.row_choice import MaskedRows
from lr_pipeline.tables.split.perturbation import moved_by_test_rows, perturbed_table
from lr_pipeline.tables.split.split_table import SplitPolicy, split_table
from lr_pipeline.tables.table import Table

N = 200
ROLES = {"id": "key", "group": "place", "time": "day"}


@pytest.fixture(scope="module")
def frame():
    """Numbers, integers, a flag, text and dictionary text; two columns have missing values."""
    rng = np.random.default_rng(4)
    age = rng.normal(50, 10, N)
    return pd.DataFrame(
        {
            "age": np.where(rng.random(N) < 0.1, np.nan, age),
            "income": rng.normal(0, 1, N),
            "visits": rng.integers(0, 90, N).astype("int8"),
            "flag": rng.random(N) > 0.5,
            "city": rng.choice(["Bern", "Genf", "Chur"], N),
            "kind": pd.Categorical(rng.choice(["a", "b"], N)),
            "key": [f"k{i}" for i in range(N)],
            "place": rng.integers(0, 40, N),
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 60, N), "D"),
            "y": rng.integers(0, 2, N),
        }
    )


@pytest.mark.parametrize(
    ("kind", "left_out"),
    [("random", ("place", "day")), ("sticky", ("place",)), ("group", ()), ("time", ("place",))],
)
@pytest.mark.parametrize("stored", [False, True])
def test_no_split_lets_the_preparation_see_test_rows(frame, kind, left_out, stored, tmp_path):
    """That holds for every kind of split, in memory and on disk."""
    roles = {role: name for role, name in ROLES.items() if name not in left_out}
    table = Table.from_pandas(frame.drop(columns=list(left_out)), "y", **roles)
    if stored:
        table.write_parquet(tmp_path / "rows.parquet")
        table = Table.read_parquet(tmp_path / "rows.parquet")
    train, _ = split_table(table, SplitPolicy(kind=kind))
    assert moved_by_test_rows(table, train) == []


def test_a_preparation_fitted_on_all_rows_is_found(frame, monkeypatch):
    """Every feature changes: its median, its levels, or its missing indicator."""
    table = Table.from_pandas(frame, "y", **ROLES)
    train, _ = split_table(table, SplitPolicy(kind="group"))
    monkeypatch.setattr(
        preprocess, "fit_encodings", lambda t, *visit: fit_encodings(replace(t, choices=()), *visit)
    )
    moved = moved_by_test_rows(table, train)
    assert moved == ["age", "income", "visits", "flag", "city", "kind"]


def test_only_the_chosen_rows_and_the_features_change(frame):
    """Half of the values become extreme, half missing; target, keys and other rows stay."""
    table = Table.from_pandas(frame, "y", **ROLES)
    chosen = np.arange(N) % 3 == 0
    changed = perturbed_table(table, MaskedRows(chosen)).to_pandas()
    pd.testing.assert_frame_equal(
        changed.loc[~chosen].astype(frame.dtypes[changed.columns].to_dict()), frame[~chosen]
    )
    for name in ("y", "key", "place", "day"):
        assert (changed[name] == frame[name]).all()
    for name in table.roles.features:
        differs = changed[name].ne(frame[name].astype(object)) | changed[name].isna()
        assert differs[chosen].all()
        assert changed[name][chosen].isna().sum() == chosen.sum() // 2


def test_decimals_and_columns_without_values_are_no_obstacle():
    """A decimal is a number; a null column has no value to perturb."""
    columns = {"d": pa.array([Decimal("1.5"), None] * 2), "n": pa.nulls(4), "y": [0, 1, 1, 0]}
    table = Table.from_arrow(pa.table(columns), "y")
    changed = perturbed_table(table, MaskedRows(np.array([True, False, True, True]))).to_arrow()
    largest = np.finfo(float).max
    assert changed.column("d").to_pylist() == [largest, None, None, largest]
    assert changed.column("n").null_count == 4
