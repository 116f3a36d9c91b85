"""Predictions from arrays, and models of two features on tables of one split."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from lr_pipeline.core.logistic.loss import sigmoid
from lr_pipeline.evaluation.findings import HeldOutRows, ModelSection
from lr_pipeline.evaluation.intervals.scored_cases import Predictions
from lr_pipeline.evaluation.intervals.units import Cases
from lr_pipeline.evaluation.model_results import evaluated_predictions
from lr_pipeline.lifecycle.challenge import Policy
from lr_pipeline.lifecycle.decide import Challenger, decide
from lr_pipeline.lifecycle.history import History
from lr_pipeline.lifecycle.model_in_use import Champion
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.tables.split.split_policy import SplitPolicy
from lr_pipeline.tables.split.split_table import split_table
from lr_pipeline.tables.table import Table
from tests.scoring.conftest import fit

SUPERIORITY = Policy()
NOW = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)


def scored(name: str, y, z, weight=None) -> Predictions:
    """Predictions with log odds z of rows with labels y."""
    y, z = np.asarray(y, float), np.asarray(z, float)
    held_out = HeldOutRows(y, 0.5, 0, "", "", weight)
    section = ModelSection(name, name, sigmoid(z), z)
    return evaluated_predictions(section, held_out, Cases.of(held_out))


def rows_of(n: int = 400, seed: int = 1, effect: float = 2.0) -> pd.DataFrame:
    """Rows with a feature that tells much, and one that tells little."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"much": rng.normal(size=n), "little": rng.normal(size=n)})
    z = effect * frame["much"] + 0.3 * frame["little"]
    return frame.assign(y=(rng.random(n) < sigmoid(z.to_numpy())).astype(int))


def parts_of(frame: pd.DataFrame, features: list[str] | None = None) -> tuple[Table, Table]:
    """Training and test rows."""
    columns = frame.columns if features is None else [*features, "y"]
    return split_table(
        Table.from_pandas(frame[list(columns)], target="y"),
        SplitPolicy(kind="random", test_size=0.5),
    )


def on_rows_of(model: LogisticModel, train: Table) -> LogisticModel:
    """The model as if these were its training rows."""
    return replace(model, train_fingerprint=train.fingerprint)


def candidate(model: LogisticModel, **known: object) -> Challenger:
    """A challenger that failed nothing."""
    settings = {"asset": "t/numpy_model", "run": "r", "started": 100.0} | known
    return Challenger(model, 0.5, **settings)


def ruled(
    challenger: Challenger,
    current: Champion | None,
    history: History,
    test_set: Table,
    policy: Policy = SUPERIORITY,
) -> Champion:
    """The champion after the challenger was considered."""
    return decide(challenger, current, history, test_set, policy, "ada", NOW)


__all__ = ["fit"]
