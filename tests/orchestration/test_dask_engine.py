"""The pipeline on a Dask cluster gives the same numbers, messages and artifacts."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import numpy as np
import pandas as pd
import pytest
from click.testing import Result

import lr_pipeline
from lr_pipeline.engines.cluster.cluster_settings import ClusterError
from lr_pipeline.orchestration.assets.data import dataset, feature_profile
from lr_pipeline.orchestration.resources.dask_resource import DaskEngine
from lr_pipeline.orchestration.resources.table_resource import TableResource
from lr_pipeline.orchestration.table_names import NO_TABLE
from lr_pipeline.tables.sources.declared_tables import SyntheticTable
from tests.dask_processes import DaskProcesses

pytestmark = pytest.mark.dask
ROWS = 14_000  # more numbers in the training set than a fit gathers
COMMAND = "from lr_pipeline.cli.command_line import main; main()"  # also shows a process's own log
MODELS = ("linear_baseline", "numpy_model", "torch_model")


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    """Return numbers with missing values, text, and a label that depends on both."""
    rng = np.random.default_rng(11)
    X = rng.normal(size=(ROWS, 3))
    s = rng.choice(["u", "v", "w"], ROWS)
    z = X @ [1.0, -0.5, 0.0] + (s == "u")
    X[rng.random(ROWS) < 0.01, 2] = np.nan
    df = pd.DataFrame(X, columns=list("abc")).assign(
        s=s, y=(rng.random(ROWS) < 1 / (1 + np.exp(-z))).astype(int)
    )
    path = tmp_path_factory.mktemp("table") / "rows.csv"
    df.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def small(file) -> Path:
    """Return its first two thousand rows."""
    path = file.with_name("small.csv")
    pd.read_csv(file, nrows=2_000).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def standing(tmp_path_factory) -> Iterator[DaskProcesses]:
    """Yield a scheduler and two workers, in processes of their own."""
    with DaskProcesses(tmp_path_factory.mktemp("dask")) as processes:
        yield processes.start_workers(2)


@pytest.fixture(scope="module")
def on_dask(run, file, standing) -> Result:
    """Return a run on the standing cluster."""
    options = ["--engine", "dask", "--scheduler", standing.address, "--name", "dask"]
    return run("run", file, "--target", "y", "--split", "sticky", *options)


@pytest.fixture(scope="module")
def in_memory(run, file) -> Result:
    """Return the same run without a cluster."""
    return run("run", file, "--target", "y", "--split", "sticky", "--name", "memory")


def loaded(folder: Path, name: str):
    """Return an artifact of the last run."""
    return lr_pipeline.load(name, home=folder / ".dagster_home")


def test_every_asset_and_check_passes(on_dask) -> None:
    """The run goes from the file to the report."""
    assert on_dask.exit_code == 0, on_dask.output
    assert "Checks that failed: none" in on_dask.output


def test_the_models_are_those_of_memory(on_dask, in_memory, folder) -> None:
    """Coefficients, standard errors and test metrics agree."""
    for name in MODELS:
        found = loaded(folder, f"dask/{name}").fit
        expected = loaded(folder, f"memory/{name}").fit
        np.testing.assert_allclose(found.coefficients, expected.coefficients, rtol=1e-10)
        np.testing.assert_allclose(found.intercept, expected.intercept, rtol=1e-10)
        if name != "linear_baseline":
            # The Hessian is at most 1e-8 standard errors away; this is times the root of a row's
            # leverage.
            np.testing.assert_allclose(found.standard_errors, expected.standard_errors, rtol=1e-9)
    reports = [loaded(folder, f"{name}/evaluation_report")["models"] for name in ("dask", "memory")]
    for name in MODELS:
        for metric in ("roc_auc", "average_precision", "brier_score"):
            values = [report[name][metric] for report in reports]
            assert values[0] == pytest.approx(values[1], rel=1e-10)
    others = [loaded(folder, f"{name}/mle_existence")["verdict"] for name in ("dask", "memory")]
    assert others[0] == others[1]


def test_the_passes_are_metadata_and_provenance(on_dask, folder, standing) -> None:
    """They give rows a second, bytes sent and the slowest worker of each pass."""
    home = folder / ".dagster_home"
    with dg.DagsterInstance.from_config(str(home)) as instance:
        for name in MODELS:
            event = instance.get_latest_materialization_event(dg.AssetKey(["dask", name]))
            passes = event.asset_materialization.metadata["dask_passes"].value
            assert "- Pass 1: 11," in passes
            assert "bytes of sums moved, one worker tcp://" in passes
    (report,) = (folder / "data/artifacts/dask/evaluation_report").rglob("report.html")
    shown = report.read_text().replace("<wbr>", "")
    for text in (
        standing.address,
        "rows/s",
        "bytes of sums and",
        "Pass 1, ",
        "Passes of numpy_model",
    ):
        assert text in shown


def test_local_workers_are_started_by_the_run_and_their_dashboard_is_on_it(
    run, small, folder
) -> None:
    """There is no address; the dashboard's link is a tag of the run."""
    outcome = run("run", small, "--target", "y", "--engine", "dask", "--name", "local")
    assert outcome.exit_code == 0, outcome.output
    with dg.DagsterInstance.from_config(str(folder / ".dagster_home")) as instance:
        tags = instance.get_runs(limit=1)[0].tags
    assert tags["dask/dashboard"].startswith("http://127.0.0.1:")
    assert tags["dask/dashboard"].endswith("/status")


def test_a_scheduler_that_is_absent_is_one_line_of_error(run, small, folder) -> None:
    """It has the address and the remedy; the exit code is 1; nothing was read or stored."""
    options = ["--engine", "dask", "--scheduler", "tcp://127.0.0.1:1", "--name", "absent"]
    outcome = run("run", small, "--target", "y", *options)
    assert outcome.exit_code == 1
    errors = [line for line in outcome.output.splitlines() if line.startswith("error:")]
    assert len(errors) == 1
    assert "expected a Dask scheduler at tcp://127.0.0.1:1, found none within 10 s" in errors[0]
    assert not (folder / "data" / "artifacts" / "absent").exists()


def test_a_scheduler_that_dies_leaves_nothing_half_written(small, folder, tmp_path) -> None:
    """The error is one line, without Dask's own; earlier artifacts are complete."""
    artifacts = folder / "data" / "artifacts" / "dying"
    with DaskProcesses(tmp_path) as processes:
        processes.start_workers(1)

        def kill_in_the_middle() -> None:
            until = time.monotonic() + 60
            while not (artifacts / "linear_baseline").exists() and time.monotonic() < until:
                time.sleep(0.01)
            processes.kill(processes.scheduler)

        killer = threading.Thread(target=kill_in_the_middle)
        killer.start()
        options = ["--engine", "dask", "--scheduler", processes.address, "--name", "dying"]
        outcome = subprocess.run(
            [sys.executable, "-c", COMMAND, "run", str(small), "--target", "y", *options],
            cwd=folder,
            env=processes.env | {"DAGSTER_HOME": str(folder / ".dagster_home")},
            capture_output=True,
            text=True,
            check=False,
        )
        killer.join()
    assert outcome.returncode == 1
    (error,) = outcome.stderr.splitlines()
    assert error.startswith(f"error: expected the Dask scheduler at {processes.address} until")
    shown = ("  ", "In the web UI")  # assets, and where the table is remembered
    assert all(line.startswith(shown) for line in outcome.stdout.splitlines())
    written = {path.parent.parent.name for path in artifacts.rglob("*") if path.is_file()}
    assert written >= {"train_set", "linear_baseline"}
    assert not written & {"torch_model", "evaluation_report"}
    for path in artifacts.rglob("*.json"):
        assert json.loads(path.read_text())


def test_settings_of_local_workers_beside_a_scheduler_are_refused(monkeypatch) -> None:
    """They would have no effect beside an address, or beside the variable that names one."""
    with pytest.raises(ClusterError, match=r"beside the scheduler .* found workers=2"):
        DaskEngine(address="tcp://127.0.0.1:1", n_workers=2)
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://127.0.0.1:1")
    with pytest.raises(ClusterError, match=r"DASK_SCHEDULER_ADDRESS.* found memory_limit='1GB'"):
        DaskEngine(memory_limit="1GB").cluster()


@pytest.mark.parametrize("limit", ["4 foos", "-1GB"])
def test_a_memory_limit_that_is_none_is_refused(limit) -> None:
    """The error has the usual form and comes before any worker is started."""
    message = f"expected a memory_limit such as 4GB, or auto, found '{limit}'"
    with pytest.raises(ClusterError, match=message):
        DaskEngine(memory_limit=limit).cluster()


def test_an_empty_scheduler_is_refused(run, small) -> None:
    """It is an unset variable rather than a request for local workers."""
    outcome = run("run", small, "--target", "y", "--engine", "dask", "--scheduler", "")
    assert outcome.exit_code == 1
    assert "--scheduler '' is no address" in outcome.output


def test_assets_that_visit_no_rows_need_no_cluster() -> None:
    """If one asset of a run reads rows, the cluster is opened before the first asset."""
    resources = {
        "engine": DaskEngine(address="tcp://127.0.0.1:1", connect_timeout=1.0),
        "table": TableResource.of(SyntheticTable()),
        "io_manager": dg.mem_io_manager,
    }
    alone = [dataset.build(NO_TABLE)]
    assert dg.materialize(alone, resources=resources).success
    both = [*alone, feature_profile.build(NO_TABLE)]
    failed = dg.materialize(both, resources=resources, raise_on_error=False)
    assert not failed.success
    assert not failed.get_asset_materialization_events()
