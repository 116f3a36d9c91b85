"""How often the steps of a run read the stored training set."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from lr_pipeline.tables.table import Table

MODEL_STEPS = ("linear_baseline", "mle_existence", "numpy_model", "torch_model")


def running() -> str:
    """Return the name of the asset or check that is running."""
    return dg.OpExecutionContext.get().op.name.removeprefix("rows__")


@pytest.fixture
def passes(monkeypatch) -> Counter[str]:
    """Count the passes over the file of the training set by the step that reads it."""
    counts: Counter[str] = Counter()
    read = Table.blocks

    def counted(table: Table, *arguments: Any, **columns: Any) -> Iterator[pa.RecordBatch]:
        if "train_set" in str(table.data):
            counts[running()] += 1
        return read(table, *arguments, **columns)

    monkeypatch.setattr(Table, "blocks", counted)
    return counts


def test_all_fits_of_a_run_share_one_open_training_set(run, folder, passes) -> None:
    """The first fit reads it for its preparation and its design, the first check for its own.

    All others, the agreement among them, find it open.
    """
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(rng.normal(size=(300, 3)), columns=list("abc"))
    frame["y"] = (rng.random(300) < 1 / (1 + np.exp(-frame["a"]))).astype(int)
    frame.to_parquet(folder / "rows.parquet")
    outcome = run("run", "rows.parquet", "--target", "y")
    assert outcome.exit_code == 0, outcome.output
    fits = {step: count for step, count in passes.items() if step.startswith(MODEL_STEPS)}
    assert fits == {"linear_baseline": 2, "linear_baseline_no_leakage": 2}
    assert passes.total() <= 10
