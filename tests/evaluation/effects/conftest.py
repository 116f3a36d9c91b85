"""Models of tables whose effects other programs can compute."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.solvers import GradientDescent, Newton
from lr_pipeline.evaluation.analysed_rows import analysed_rows
from lr_pipeline.evaluation.effects.column_kinds import design_columns
from lr_pipeline.evaluation.effects.find_effects import find_effects, measure_agreements
from lr_pipeline.evaluation.effects.training_groups import training_groups
from lr_pipeline.models.train import Training, train_linear, train_logistic
from lr_pipeline.tables.aggregate import aggregate_here
from lr_pipeline.tables.table import Table
from tests.scoring.conftest import prepare


def effects_of(frame, solver=None, other=None, **roles):
    """Fit the frame's column y, and find the effects; with the model and its rows."""
    train = Table.from_pandas(frame, target="y", **roles)
    first = train_logistic(train, prepare, NumpyKernel(), Training(solver or Newton()))
    models = {"linear": train_linear(train, prepare), "numpy": first}
    if other is not None:
        models["other"] = train_logistic(train, prepare, NumpyKernel(), Training(other))
    prepared = prepare(train)
    rows = analysed_rows(prepared.rows)
    agreements = measure_agreements(models, train, prepare)
    scale = np.asarray(first.fit.scale)
    design = design_columns(first.preparation.encodings, rows.X, rows.counts, scale)
    number = 0
    if train.roles.group is not None:
        groups = training_groups(models, train, aggregate_here)
        models, number = groups.inferred(models), groups.number
    effects = find_effects("numpy", models, {}, agreements, rows, design, prepared.analysis, number)
    columns = {one.name: one for one in effects.columns}
    order = first.preparation.columns
    return SimpleNamespace(
        effects=effects,
        columns=columns,
        model=first,
        rows=rows,
        frame=frame,
        columns_in_order=order,
    )


@pytest.fixture(scope="session")
def frame() -> pd.DataFrame:
    """Return 400 rows with a number, a column of 0 and 1, and a category of three levels."""
    rng = np.random.default_rng(3)
    age, smoker = rng.normal(50, 12, 400).round(1), rng.integers(0, 2, 400)
    city = rng.choice(["Lyon", "Köln", "Oslo"], 400, p=[0.5, 0.3, 0.2])
    z = 0.05 * (age - 50) + 0.8 * smoker - 0.5 * (city == "Köln")
    y = (rng.random(400) < 1 / (1 + np.exp(-z))).astype(int)
    return pd.DataFrame({"age": age, "smoker": smoker, "city": city, "y": y})


@pytest.fixture(scope="session")
def found(frame):
    """Return the effects in that table."""
    return effects_of(frame)


@pytest.fixture
def descent():
    """Return a gradient descent that stops far from the optimum."""
    return GradientDescent(learning_rate=1e-4, iterations=3)
