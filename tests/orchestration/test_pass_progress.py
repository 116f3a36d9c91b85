"""Progress of long passes: rows done, number of the pass, and time left."""

import numpy as np
import pandas as pd
import pytest

from lr_pipeline.core.rows import largest
from lr_pipeline.engines.streaming import TableRows
from lr_pipeline.orchestration.pass_progress import PassProgress
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.table import Table


def test_it_reports_every_few_seconds_how_far_the_pass_is():
    """A block of 100 of 400 rows takes 3 s; reports are at least 5 s apart."""
    now = iter(range(0, 1000, 3))
    reports = []
    progress = PassProgress(reports.append, seconds=5.0, clock=lambda: float(next(now)))
    for done in (100, 200, 300, 400, 100, 200):
        progress(done, 400)
    assert reports == [
        "pass 1: 200 of 400 rows, 6 s left of it (6 s so far)",
        "pass 1: 400 of 400 rows, 0 s left of it (12 s so far)",
        "pass 2: 200 of 400 rows, 6 s left of it (18 s so far)",
    ]


@pytest.fixture
def table():
    """Return twenty rows."""
    return Table.from_pandas(pd.DataFrame({"x": np.arange(20.0), "y": [0, 1] * 10}), "y")


def test_the_streaming_engine_reports_each_block(table):
    """It reports rows done and all rows, in each pass."""
    seen = []
    rows = TableRows(
        table, Preparation.fit(table), block_rows=8, progress=lambda *at: seen.append(at)
    )
    rows.sum(lambda block: (len(block.y),))
    largest(rows, lambda block: float(len(block.y)))
    assert seen == [(8, 20), (16, 20), (20, 20)] * 2
