"""Dagster's multiprocess executor with a standing cluster: each process has a client."""

import os

import dagster as dg
import numpy as np
import pandas as pd
import pytest

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.solvers import Newton
from lr_pipeline.engines.design import prepare_rows
from lr_pipeline.models.train import Training, train_logistic
from lr_pipeline.orchestration.instance.catalogue import latest_materialization, load_recorded
from lr_pipeline.orchestration.pipeline import build_definitions
from lr_pipeline.orchestration.resources.dask_resource import DaskEngine
from lr_pipeline.tables.sources.declared_tables import FileTable
from tests.dask_processes import DaskProcesses

pytestmark = pytest.mark.dask
# Only what numpy_model needs, since each step takes seconds to start.
CHAIN = ["dataset", "train_set", "mle_existence", "numpy_model"]


def steps_in_processes() -> dg.JobDefinition:
    """Return the job that trains one model; the environment names its table."""
    defs = build_definitions(FileTable(os.environ["TABLE"], target="y"), engine=DaskEngine())
    job = dg.define_asset_job(
        "in_processes",
        selection=dg.AssetSelection.assets(*CHAIN).without_checks(),
        executor_def=dg.multiprocess_executor,
    )
    return dg.Definitions.merge(defs, dg.Definitions(jobs=[job])).resolve_job_def("in_processes")


def test_steps_in_processes_of_their_own_meet_on_one_cluster(tmp_path, monkeypatch):
    """The model equals that of memory, and the workers made each step's passes."""
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(rng.normal(size=(2_000, 2)), columns=["a", "b"])
    frame["y"] = (rng.random(len(frame)) < 1 / (1 + np.exp(-frame["a"]))).astype(int)
    frame.to_csv(tmp_path / "rows.csv", index=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TABLE", str(tmp_path / "rows.csv"))
    with DaskProcesses(tmp_path) as processes, dg.instance_for_test() as instance:
        processes.start_workers(2)
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", processes.address)
        job = dg.reconstructable(steps_in_processes)
        with dg.execute_job(job, instance, raise_on_error=True) as result:
            assert result.success
        found = {name: latest_materialization(instance, dg.AssetKey(name)) for name in CHAIN}
        for name in CHAIN[-2:]:
            passes = found[name].asset_materialization.metadata["dask_passes"].value
            assert "- Pass 1: " in passes
        train, model = (
            load_recorded(dg.AssetKey(name), found[name]) for name in ("train_set", "numpy_model")
        )
    expected = train_logistic(train, prepare_rows, NumpyKernel(), Training(Newton()))
    np.testing.assert_allclose(model.fit.coefficients, expected.fit.coefficients, rtol=1e-10)
