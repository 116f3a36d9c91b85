"""A model with numbers, a category, missing values and an id, and new rows for it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.penalties.ridge import Ridge
from lr_pipeline.core.solvers import Newton
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.models.train import Training, train_logistic
from lr_pipeline.scoring.predictions import Predictions
from lr_pipeline.tables.table import Table


def prepare(table):
    """Hold all rows in memory."""
    from lr_pipeline.engines.design import prepare_rows

    return prepare_rows(table, "memory")


def fit(table: Table, **settings: object) -> LogisticModel:
    """Fit with Newton on the numpy kernel."""
    return train_logistic(table, prepare, NumpyKernel(), Training(Newton(), **settings))


def in_blocks(predictions: Predictions, num_bytes: int) -> Predictions:
    """Return the predictions of blocks of at most this size."""
    table = replace(predictions.new_rows.table, block_bytes=num_bytes)
    return replace(predictions, new_rows=replace(predictions.new_rows, table=table))


@pytest.fixture(scope="session")
def frame() -> pd.DataFrame:
    """Return 200 rows whose classes overlap."""
    rng = np.random.default_rng(11)
    age, dose = rng.normal(50, 12, 200), rng.normal(1e-3, 2e-4, 200)
    city = rng.choice(["Köln", "Lyon", "Oslo"], 200)
    z = 0.05 * (age - 50) + 2_000 * (dose - 1e-3) + (city == "Lyon")
    died = np.where(rng.random(200) < 1 / (1 + np.exp(-z)), "yes", "no")
    return pd.DataFrame(
        {"key": [f"k{i}" for i in range(200)], "age": age, "dose": dose, "city": city, "died": died}
    )


@pytest.fixture(scope="session")
def model(frame) -> LogisticModel:
    """Return a maximum-likelihood model with an id."""
    return fit(Table.from_pandas(frame, target="died", id="key"))


@pytest.fixture(scope="session")
def without_id(frame) -> LogisticModel:
    """Return the same model without an id."""
    return fit(Table.from_pandas(frame.drop(columns="key"), target="died"))


@pytest.fixture(scope="session")
def penalised(frame) -> LogisticModel:
    """Return a ridge model, which has no standard errors."""
    return fit(Table.from_pandas(frame, target="died", id="key"), penalty=Ridge())


@pytest.fixture
def new_rows(tmp_path: Path) -> Path:
    """Return four rows: ordinary, too old, from an unseen city, and with all features missing."""
    path = tmp_path / "new.csv"
    path.write_text(
        "city,key,age,dose,comment\n"
        "Lyon,a,50,0.001,x\n"
        "Oslo,b,150,0.001,x\n"
        "Rome,c,50,0.5,x\n"
        ",d,,,x\n"
    )
    return path
