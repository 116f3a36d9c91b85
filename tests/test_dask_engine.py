"""The pipeline on a Dask cluster: one word changes, and no number, message or artifact does."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import numpy as np
import pandas as pd
import pytest
from click.testing import Result
from pydantic import ValidationError

import lr_pipeline
from lr_pipeline.resources import DaskEngine
from tests.dask_processes import DaskProcesses

pytestmark = pytest.mark.dask
ROWS = 14_000  # more numbers in the training set than a fit gathers
MODELS = ("linear_baseline", "numpy_model", "torch_model")


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    """Numbers with missing values, text, and a label that depends on both."""
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
    """Its first two thousand rows."""
    path = file.with_name("small.csv")
    pd.read_csv(file, nrows=2_000).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def standing(tmp_path_factory) -> Iterator[DaskProcesses]:
    """A scheduler and two workers, in processes of their own."""
    with DaskProcesses(tmp_path_factory.mktemp("dask")) as processes:
        yield processes.start_workers(2)


@pytest.fixture(scope="module")
def on_dask(run, file, standing) -> Result:
    """A run on the standing cluster."""
    options = ["--engine", "dask", "--scheduler", standing.address, "--name", "dask"]
    return run("run", file, "--target", "y", "--split", "sticky", *options)


@pytest.fixture(scope="module")
def in_memory(run, file) -> Result:
    """The same run without a cluster."""
    return run("run", file, "--target", "y", "--split", "sticky", "--name", "memory")


def loaded(folder: Path, name: str):
    """An artifact of the last run."""
    return lr_pipeline.load(name, home=folder / ".dagster_home")


def test_every_asset_and_check_passes(on_dask) -> None:
    """From the file to the report."""
    assert on_dask.exit_code == 0, on_dask.output
    assert "Checks that failed: none" in on_dask.output


def test_the_models_are_those_of_memory(on_dask, in_memory, folder) -> None:
    """Coefficients, standard errors, and the metrics on the test set."""
    for name in MODELS:
        found = loaded(folder, f"dask/{name}").fit
        expected = loaded(folder, f"memory/{name}").fit
        np.testing.assert_allclose(found.coefficients, expected.coefficients, rtol=1e-10)
        np.testing.assert_allclose(found.intercept, expected.intercept, rtol=1e-10)
        if name != "linear_baseline":
            # From a Hessian at most 1e-8 standard errors away, times the root of a row's leverage.
            np.testing.assert_allclose(found.standard_errors, expected.standard_errors, rtol=1e-9)
    reports = [loaded(folder, f"{name}/evaluation_report")["models"] for name in ("dask", "memory")]
    for name in MODELS:
        for metric in ("roc_auc", "average_precision", "brier_score"):
            values = [report[name][metric] for report in reports]
            assert values[0] == pytest.approx(values[1], rel=1e-10)
    others = [loaded(folder, f"{name}/mle_existence")["verdict"] for name in ("dask", "memory")]
    assert others[0] == others[1]


def test_the_passes_are_metadata_and_provenance(on_dask, folder, standing) -> None:
    """Rows a second, bytes moved and the slowest worker of each pass."""
    home = folder / ".dagster_home"
    with dg.DagsterInstance.from_config(str(home)) as instance:
        for name in MODELS:
            event = instance.get_latest_materialization_event(dg.AssetKey(["dask", name]))
            passes = event.asset_materialization.metadata["dask_passes"].value
            assert "- Pass 1: 11," in passes
            assert "bytes of sums moved, one worker tcp://" in passes
    (report,) = (folder / "data/artifacts/dask/evaluation_report").rglob("report.html")
    shown = report.read_text()
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
    """Without an address; the link is a tag of the run."""
    outcome = run("run", small, "--target", "y", "--engine", "dask", "--name", "local")
    assert outcome.exit_code == 0, outcome.output
    with dg.DagsterInstance.from_config(str(folder / ".dagster_home")) as instance:
        tags = instance.get_runs(limit=1)[0].tags
    assert tags["dask/dashboard"].startswith("http://127.0.0.1:")
    assert tags["dask/dashboard"].endswith("/status")


def test_a_scheduler_that_is_absent_is_one_line_of_error(run, small) -> None:
    """It names the address and what to do; exit code 1."""
    options = ["--engine", "dask", "--scheduler", "tcp://127.0.0.1:1", "--name", "absent"]
    outcome = run("run", small, "--target", "y", *options)
    assert outcome.exit_code == 1
    errors = [line for line in outcome.output.splitlines() if line.startswith("error:")]
    assert len(errors) == 1
    assert "expected a Dask scheduler at tcp://127.0.0.1:1, found none within 10 s" in errors[0]


def test_a_scheduler_that_dies_leaves_nothing_half_written(run, small, folder, tmp_path) -> None:
    """One line of error; what was there before is whole, and nothing else is there."""
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
        outcome = run("run", small, "--target", "y", *options)
        killer.join()
    assert outcome.exit_code == 1
    errors = [line for line in outcome.output.splitlines() if line.startswith("error:")]
    assert len(errors) == 1
    assert f"the Dask scheduler at {processes.address}" in errors[0]
    written = {path.parent.parent.name for path in artifacts.rglob("*") if path.is_file()}
    assert written >= {"train_set", "linear_baseline"}
    assert not written & {"torch_model", "evaluation_report"}
    for path in artifacts.rglob("*.json"):
        assert json.loads(path.read_text())


def test_settings_of_local_workers_beside_an_address_are_refused() -> None:
    """They would do nothing."""
    with pytest.raises(ValidationError, match="n_workers are for local workers"):
        DaskEngine(address="tcp://127.0.0.1:1", n_workers=2)
