"""A model of numbers and a category, its training set, and a way to compare new rows with it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.solvers import Newton
from lr_pipeline.engines.design import prepare_rows
from lr_pipeline.lifecycle.drift.drift_findings import DriftFindings, find_drift
from lr_pipeline.lifecycle.drift.new_counts import count_new_rows
from lr_pipeline.lifecycle.drift.training_profile import profile_training_set
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.models.train import Training, train_logistic
from lr_pipeline.scoring.new_rows import open_new_rows
from lr_pipeline.tables.table import Table

Compare = Callable[[LogisticModel, Table, pd.DataFrame], DriftFindings]


def rows(n: int, seed: int) -> pd.DataFrame:
    """Return n rows of one population."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"age": rng.normal(50, 12, n), "dose": rng.exponential(1, n)})
    frame["city"] = rng.choice(["Köln", "Lyon", "Oslo"], n, p=[0.5, 0.3, 0.2])
    frame["paid"] = rng.integers(0, 2, n).astype(float)
    frame.loc[rng.random(n) < 0.1, "dose"] = np.nan
    z = 0.05 * (frame["age"] - 50) + (frame["city"] == "Lyon")
    frame["died"] = np.where(rng.random(n) < 1 / (1 + np.exp(-z)), "yes", "no")
    return frame


def fit(table: Table) -> LogisticModel:
    """Fit with Newton on the numpy kernel."""
    prepare = lambda one: prepare_rows(one, "memory")  # noqa: E731
    return train_logistic(table, prepare, NumpyKernel(), Training(Newton()))


@pytest.fixture(scope="session")
def train_set() -> Table:
    """Return 4,000 training rows."""
    return Table.from_pandas(rows(4_000, 1), target="died")


@pytest.fixture(scope="session")
def model(train_set) -> LogisticModel:
    """Return the model of the training set."""
    return fit(train_set)


@pytest.fixture
def compare(tmp_path: Path) -> Compare:
    """Write new rows to a file and compare them with a training set."""

    def find(model: LogisticModel, train_set: Table, new: pd.DataFrame) -> DriftFindings:
        new.to_parquet(tmp_path / "new.parquet", index=False)
        profile = profile_training_set(model, train_set)
        opened = open_new_rows(tmp_path / "new.parquet", model.preparation)
        return find_drift(profile, count_new_rows(model, profile, opened))

    return find
