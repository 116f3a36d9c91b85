"""How often the steps of a run read the source and the stored tables: docs/decisions/0010."""

from collections import Counter
from collections.abc import Iterator

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
def passes(monkeypatch) -> Counter[tuple[str, str]]:
    """Count the passes over all features by the step and the table that it reads."""
    counts: Counter[tuple[str, str]] = Counter()
    read = Table.blocks

    def counted(
        table: Table, rows: int | None = None, columns: list[str] | None = None
    ) -> Iterator[pa.RecordBatch]:
        if columns is None or set(table.roles.features) <= set(columns):
            names = ("train_set", "test_set", "dataset", "rows.parquet")
            name = next((name for name in names if name in str(table.data)), None)
            if name is not None:  # else rows in memory
                counts[running(), name] += 1
        return read(table, rows, columns)

    monkeypatch.setattr(Table, "blocks", counted)
    return counts


@pytest.fixture
def counted_run(run, folder, passes) -> dict[tuple[str, str], int]:
    """The passes of a whole run, whose checks pass."""
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(rng.normal(size=(300, 3)), columns=list("abc"))
    frame["y"] = (rng.random(300) < 1 / (1 + np.exp(-frame["a"]))).astype(int)
    frame.to_parquet(folder / "rows.parquet")
    outcome = run("run", "rows.parquet", "--target", "y", "--cv", "5x1")
    assert outcome.exit_code == 0, outcome.output
    return dict(passes)


def test_each_step_reads_its_tables_as_often_as_promised(counted_run) -> None:
    """All fits share one open training set, and all their checks another.

    The check of the split reads it for the preparation and the design, the first check of a fit for
    its own; all others, the agreement among them, find it open.
    """
    assert counted_run == {
        ("dataset", "rows.parquet"): 3,  # validation and fingerprint; likely leaks; writing
        ("feature_profile", "dataset"): 1,
        ("test_set", "dataset"): 2,  # the fingerprints of both parts, by whichever comes first
        ("train_set", "dataset"): 1,
        ("train_set_no_leakage", "dataset"): 2,  # row by row; a fit to changed test rows
        ("train_set_no_leakage", "train_set"): 3,  # row by row; the preparation and the design
        ("train_set_no_leakage", "test_set"): 1,
        ("linear_baseline_no_leakage", "train_set"): 2,
        ("evaluation_report", "test_set"): 2,  # the scores; the parts of the test set
        ("evaluation_report", "train_set"): 1,  # the folds, which are then in memory
        ("reference_profile", "train_set"): 1,
        ("champion", "test_set"): 1,
    }
