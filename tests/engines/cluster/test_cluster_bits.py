"""Any workers give the same bits: preparation, both models, and the report's counts."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.solvers import Lbfgs, Newton
from lr_pipeline.engines.cluster.cluster import Cluster, ClusterSettings, open_cluster
from lr_pipeline.engines.cluster.cluster_reading import aggregate_on_workers
from lr_pipeline.engines.cluster.cluster_rows import ClusterRows
from lr_pipeline.engines.cluster.cluster_settings import PartLimits
from lr_pipeline.engines.design import PreparedRows, prepare_rows
from lr_pipeline.engines.torch.torch_kernel import TorchKernel
from lr_pipeline.evaluation.test_scores import score_test_set
from lr_pipeline.models.agreement import measure_agreement
from lr_pipeline.models.train import Training, train_linear, train_logistic
from lr_pipeline.tables.feature_profile import profile_features
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.validation.likely_leaks import likely_leaks
from tests.dask_processes import DaskProcesses

pytestmark = pytest.mark.dask
ROWS, PARTS = 9_000, 12  # enough for a warm start
Between = Callable[[], Any]


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Table:
    """Return numbers with missing values, text and weights, in 12 row groups."""
    rng = np.random.default_rng(9)
    a = np.where(rng.random(ROWS) < 0.05, np.nan, rng.normal(size=ROWS))
    b, s = 30.0 * rng.normal(size=ROWS) + 5.0, rng.choice(["u", "v", None], ROWS)
    z = np.nan_to_num(a) - 0.02 * b + (s == "u") - 1.0
    columns = {"a": pa.array(a, from_pandas=True), "b": b, "s": s, "w": rng.integers(1, 4, ROWS)}
    columns["y"] = (rng.random(ROWS) < 1 / (1 + np.exp(-z))).astype(int)
    data = pa.table(columns)
    path = tmp_path_factory.mktemp("rows") / "rows.parquet"
    pq.write_table(data, path, row_group_size=ROWS // PARTS)
    return Table(path, Table.from_arrow(data, "y", weight="w").roles)


def opened(processes: DaskProcesses) -> AbstractContextManager[Cluster]:
    """Connect to a cluster for which each row group is a part."""
    limits = PartLimits(least_bytes=1, enough_parts=PARTS)
    return open_cluster(ClusterSettings(processes.address, limits=limits))


@pytest.fixture
def processes(tmp_path) -> Iterator[DaskProcesses]:
    """Yield a cluster to which workers are added and from which they are removed."""
    with DaskProcesses(tmp_path) as started:
        yield started


def nothing() -> None:
    """Leave the cluster as it is."""


def chain(
    cluster: Cluster, table: Table, hold_bytes: float = 0.0, between: Between = nothing
) -> dict[str, Any]:
    """Compute all that a run needs from the rows; call ``between`` in the middle of each fit."""
    aggregate = partial(aggregate_on_workers, cluster)

    def prepare(table):
        preparation = Preparation.fit(table, aggregate)
        rows = ClusterRows(cluster, table, preparation, 256, 1, hold_bytes)
        return PreparedRows(preparation, rows)

    def progress(point) -> None:
        if point.iteration == 1:
            between()

    linear = train_linear(table, prepare)
    numpy, torch = (
        train_logistic(
            table,
            prepare,
            kernel,
            Training(solver, NoPenalty()),
            progress=progress,
        )
        for kernel, solver in ((NumpyKernel(), Newton()), (TorchKernel(autograd=True), Lbfgs()))
    )
    models = {"linear": linear, "numpy": numpy, "torch": torch}
    scored = score_test_set(models, table, aggregate, held_rows=ROWS // 2)  # areas from counts
    return {
        **{name: model.to_json() for name, model in models.items()},
        "metrics": {name: metrics.numbers() for name, metrics in scored.metrics.items()},
        "scores": {name: scores.tobytes() for name, scores in scored.scores.items()},
        "agreement": measure_agreement(numpy, torch, table, prepare).distance,
        "profile": profile_features(table, aggregate),
        "leaks": likely_leaks(table, aggregate),
    }


@pytest.fixture(scope="module")
def by_one_worker(table, tmp_path_factory) -> dict[str, Any]:
    """Return what a single worker with a single thread computes."""
    folder: Path = tmp_path_factory.mktemp("one")
    with DaskProcesses(folder) as processes:
        processes.start_workers(1)
        with opened(processes) as cluster:
            return chain(cluster, table)


def test_three_workers_find_the_bits_of_one(processes, table, by_one_worker):
    """Some workers have two threads, others one, and some parts are kept in their memory."""
    processes.start_worker(threads=2)
    processes.start_workers(2)
    hold_bytes = 0.4 * ROWS * 8 * 6  # of four columns, label and weight
    with opened(processes) as cluster:
        cluster.client.wait_for_workers(3, timeout=60)
        assert chain(cluster, table, hold_bytes) == by_one_worker
        assert len({name for one in cluster.passes for name in one.work.rows}) == 3


def test_parts_that_are_lost_or_moved_on_the_way_change_no_bit(processes, table, by_one_worker):
    """In the middle of a fit one worker is killed, another one added and a third sent away."""
    processes.start_workers(2)
    with opened(processes) as cluster:
        happened = []

        def between() -> None:
            if not happened:
                processes.kill(processes.workers[0])
            else:
                processes.start_worker()
                cluster.client.wait_for_workers(2, timeout=60)
                # Messages take what it holds to the new worker.
                (old,) = {name for one in cluster.passes[-1:] for name in one.work.rows}
                cluster.client.retire_workers([old])
            happened.append(len(cluster.passes))

        assert chain(cluster, table, 1e9, between) == by_one_worker
        assert len(happened) == 2
        assert len({name for one in cluster.passes for name in one.work.rows}) == 3


def test_rows_that_are_alike_score_alike_on_workers_and_here(processes, table, tmp_path):
    """Each row occurs three times, far apart; parts have another size than in this process."""
    rows = table.to_arrow()
    repeated = Table(tmp_path / "repeated.parquet", table.roles)
    pq.write_table(pa.concat_tables([rows] * 3), repeated.data, row_group_size=1_117)
    training = Training(Newton(), NoPenalty())
    models = (
        train_linear(table, prepare_rows),
        train_logistic(table, prepare_rows, NumpyKernel(), training),
    )
    processes.start_workers(2)
    with opened(processes) as cluster:
        for model in models:
            z = model.predictor.of_table(repeated, partial(aggregate_on_workers, cluster))
            np.testing.assert_array_equal(z, np.tile(model.predictor.of_table(table), 3))
