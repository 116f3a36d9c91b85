"""Small tables and trained models."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.solvers import Newton
from lr_pipeline.engines.design import PreparedRows, prepare_rows
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.models.train import Training, train_logistic
from lr_pipeline.tables.split.split_table import SplitPolicy, split_table
from lr_pipeline.tables.table import Table


def prepare(table: Table) -> PreparedRows:
    """Stream rows in blocks of seven: the engine of these tests."""
    return prepare_rows(table, "streaming", block_rows=7)


@pytest.fixture(scope="session")
def overlapping() -> Table:
    """Return 120 rows whose classes overlap, with a category and missing values."""
    rng = np.random.default_rng(5)
    age, dose = rng.normal(50, 12, 120), rng.normal(1e-3, 2e-4, 120)
    city = rng.choice(["Köln", "Lyon", "Oslo"], 120)
    z = 0.05 * (age - 50) + 2_000 * (dose - 1e-3) + (city == "Lyon")
    died = np.where(rng.random(120) < 1 / (1 + np.exp(-z)), "yes", "no")
    age[:10] = np.nan
    return Table.from_pandas(
        pd.DataFrame({"age": age, "dose": dose, "city": city, "died": died}), target="died"
    )


@pytest.fixture(scope="session")
def parts(overlapping: Table) -> tuple[Table, Table]:
    """Return training and test set."""
    return split_table(overlapping, SplitPolicy(test_size=0.25))


@pytest.fixture(scope="session")
def separated() -> Table:
    """Return a table whose column x separates the classes."""
    x = np.arange(10.0)
    noise = np.array([3.0, 1, 4, 1, 5, 9, 2, 6, 5, 3])
    return Table.from_pandas(pd.DataFrame({"x": x, "noise": noise, "y": x > 4.5}), target="y")


@pytest.fixture(scope="session")
def train() -> Callable[..., LogisticModel]:
    """Train with the numpy kernel and Newton, unless told otherwise."""

    def train(table: Table, **settings: object) -> LogisticModel:
        training = Training(**({"solver": Newton()} | settings))
        return train_logistic(table, prepare, NumpyKernel(), training)

    return train
