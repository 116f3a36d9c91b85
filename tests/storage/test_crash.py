"""kill -9 in the middle of a write: the earlier version stays, and no partial file is used."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lr_pipeline.orchestration.instance.catalogue import load
from lr_pipeline.orchestration.instance.io_manager import ArtifactIOManager
from lr_pipeline.orchestration.instance.run_processes import fail_dead_runs
from lr_pipeline.storage.atomic import is_partial
from lr_pipeline.tables.table import Table

GOOD = Table.from_pandas(pd.DataFrame({"x": [0.5, 1.5, 2.5], "y": [0, 1, 1]}), target="y")


@dg.asset
def dataset() -> Table:
    """The earlier, complete version."""
    return GOOD


@pytest.fixture
def killed_run(home: Path, tmp_path: Path) -> Path:
    """Return the artifacts' root after one good run and one that was killed while writing."""
    root, signalled = tmp_path / "artifacts", tmp_path / "signalled"
    with dg.DagsterInstance.from_config(str(home)) as instance:
        resources = {"io_manager": ArtifactIOManager(root=str(root))}
        dg.materialize([dataset], resources=resources, instance=instance)
    command = [sys.executable, "-m", "tests.storage.killed_writer", home, root, signalled]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as writer:
        deadline = time.monotonic() + 60
        while not signalled.exists() and writer.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        writer.send_signal(signal.SIGKILL)
    assert writer.returncode == -signal.SIGKILL
    return root


@pytest.mark.promise(
    "Artifacts",
    "A run that is killed while it writes leaves the earlier version as it was, and nothing that "
    "can be read as an artifact.",
)
def test_killed_write_leaves_the_earlier_version(killed_run: Path, home: Path):
    """The incomplete file has only a partial's name; the next load gives the earlier table."""
    partials = [path for path in (killed_run / "dataset").iterdir() if is_partial(path)]
    versions = [path for path in (killed_run / "dataset").iterdir() if not is_partial(path)]
    assert len(partials) == len(versions) == 1
    torn = partials[0] / "data.parquet"
    assert torn.stat().st_size > 1_000_000
    with pytest.raises(pa.ArrowInvalid):
        pq.ParquetFile(torn)
    assert load("dataset", home).fingerprint == GOOD.fingerprint

    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert len(fail_dead_runs(instance)) == 1
        resources = {"io_manager": ArtifactIOManager(root=str(killed_run))}
        again = dg.materialize([dataset], resources=resources, instance=instance)
    assert again.success
    assert load("dataset", home).fingerprint == GOOD.fingerprint
