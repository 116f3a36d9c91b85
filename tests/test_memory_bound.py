"""The whole pipeline runs with less memory than its table takes."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROWS, COLUMNS = 800_000, 60
TABLE_MEGABYTES = ROWS * (COLUMNS + 1) * 8 / 1e6  # 390
LIMIT_MEGABYTES = 350


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    """Normal columns and a label that depends on them, all in a single row group."""
    rng = np.random.default_rng(0)
    w = rng.normal(size=COLUMNS) / np.sqrt(COLUMNS)
    X = rng.normal(size=(COLUMNS, ROWS))
    y = (rng.random(ROWS) < 1 / (1 + np.exp(-(w @ X)))).astype(np.int64)
    columns = {f"x{j}": column for j, column in enumerate(X)} | {"y": y}
    path = tmp_path_factory.mktemp("table") / "rows.parquet"
    pq.write_table(pa.table(columns), path, row_group_size=ROWS, use_dictionary=False)
    return path


def run(path: Path, root: Path, engine: str) -> subprocess.CompletedProcess[str]:
    """Run the pipeline in a process limited to ``LIMIT_MEGABYTES`` more than its libraries take."""
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
    threads["ARROW_DEFAULT_MEMORY_POOL"] = "system"  # the others reserve address space at once
    module = [sys.executable, "-m", "tests.bounded_pipeline"]
    return subprocess.run(
        [*module, str(path), str(root), engine, str(LIMIT_MEGABYTES)],
        env=os.environ | threads,
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits the address space, reads /proc")
def test_a_table_larger_than_the_memory_goes_from_file_to_report(path, tmp_path):
    """A streamed run succeeds; with the design held in memory the same limit is too low."""
    assert LIMIT_MEGABYTES < TABLE_MEGABYTES
    streamed = run(path, tmp_path / "streaming", "streaming")
    assert streamed.returncode == 0, streamed.stderr[-2_000:]
    assert float(streamed.stdout.split()[-1]) < TABLE_MEGABYTES
    held = run(path, tmp_path / "memory", "memory")
    assert held.returncode == 1
    assert "MemoryError" in held.stderr
