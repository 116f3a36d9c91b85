"""A scheduler or workers that hang or lack memory: wait, warn, and then end the run."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lr_pipeline.engines.cluster.cluster import Cluster, open_cluster
from lr_pipeline.engines.cluster.cluster_rows import ClusterRows
from lr_pipeline.engines.cluster.cluster_settings import ClusterError, ClusterSettings
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.table import Table
from tests.dask_processes import DaskProcesses, soon

pytestmark = pytest.mark.dask
ROWS, PARTS = 4_000, 20
SOON = 20.0  # not the minutes of Dask's own settings


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Table:
    """Return a table of one column in 20 row groups."""
    rng = np.random.default_rng(5)
    data = pa.table({"a": rng.normal(size=ROWS), "y": rng.integers(0, 2, ROWS)})
    path = tmp_path_factory.mktemp("rows") / "rows.parquet"
    pq.write_table(data, path, row_group_size=ROWS // PARTS)
    return Table(path, Table.from_arrow(data, "y").roles)


@pytest.fixture
def processes(tmp_path) -> Iterator[DaskProcesses]:
    """Yield a cluster whose scheduler drops a silent worker soon (Dask's minimum is 5 s)."""
    with DaskProcesses(tmp_path, env={"DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "2s"}) as started:
        yield started.start_workers(2)


@pytest.fixture(scope="module")
def standing_for_long(tmp_path_factory) -> Iterator[DaskProcesses]:
    """Yield a cluster whose scheduler waits for a silent worker for minutes, as usual."""
    with DaskProcesses(tmp_path_factory.mktemp("patient")) as started:
        yield started.start_workers(2)


@pytest.fixture
def patient_processes(standing_for_long) -> Iterator[DaskProcesses]:
    """Yield that cluster; frozen processes go on after each test."""
    yield standing_for_long
    for process in [standing_for_long.scheduler, *standing_for_long.workers]:
        standing_for_long.thaw(process)


def slowly(block):
    """Return sums that round; each block takes a while."""
    time.sleep(0.01)
    return (np.sin(block.X).sum(axis=0),)


def rows_of(cluster: Cluster, table: Table, **options) -> ClusterRows:
    """Return rows with one part for each row group."""
    return ClusterRows(cluster, table, Preparation.fit(table), 64, ROWS // PARTS, **options)


def settings(processes: DaskProcesses, **seconds: float) -> ClusterSettings:
    """Return settings with short waiting times."""
    return ClusterSettings(
        processes.address, **{"connect_timeout": 2.0, "patience": 3.0, "silence": 3.0} | seconds
    )


@contextmanager
def given_up(match: str) -> Iterator[None]:
    """Check that the block ends soon, with an error of one line."""
    begun = time.monotonic()
    with pytest.raises(ClusterError, match=match) as caught:
        yield
    assert len(str(caught.value).splitlines()) == 1
    assert time.monotonic() - begun < SOON


def test_a_frozen_scheduler_is_not_connected_to(patient_processes):
    """The system accepts the connection, but no answer comes."""
    patient_processes.freeze(patient_processes.scheduler)
    with given_up("no answer"), open_cluster(settings(patient_processes)):
        pass


def test_a_worker_is_no_scheduler(patient_processes):
    """The error says that the address belongs to a worker."""
    with open_cluster(settings(patient_processes)) as cluster:
        worker = cluster.watch.workers(1.0)[0].address
    with given_up("found a Worker"), open_cluster(ClusterSettings(worker)):
        pass


def test_a_scheduler_that_freezes_ends_the_pass(patient_processes, table):
    """The pass ends after the patience allowed, and closing the client ends, too."""
    with (
        given_up(r"answer of the Dask scheduler at tcp://.* within 3 s"),
        open_cluster(settings(patient_processes)) as cluster,
        soon(lambda: patient_processes.freeze(patient_processes.scheduler)),
    ):
        rows_of(cluster, table).sum(slowly)


def test_a_scheduler_that_freezes_between_passes_is_given_up(patient_processes):
    """The run also ends if it only asks for the workers' memory."""
    with (
        given_up("answer of the Dask scheduler"),
        open_cluster(settings(patient_processes)) as cluster,
    ):
        patient_processes.freeze(patient_processes.scheduler)
        assert cluster.memory


@pytest.mark.parametrize("hold_bytes", [0.0, 1e9])
def test_a_worker_that_freezes_changes_no_bit(processes, table, hold_bytes):
    """After its silence the scheduler gives its tasks to the other worker; a warning names it."""
    told: list[str] = []
    with open_cluster(settings(processes, silence=SOON), told.append) as cluster:
        rows = rows_of(cluster, table, hold_bytes=hold_bytes)
        expected = rows.sum(slowly)[0]
        with soon(lambda: processes.freeze(processes.workers[0])):
            found = rows.sum(slowly)[0]
    np.testing.assert_array_equal(found, expected)
    assert all("has sent no heartbeat" in message for message in told)


def test_a_worker_that_stays_frozen_ends_the_pass(patient_processes, table):
    """The scheduler would wait for minutes; a warning and then an error name the worker."""
    told: list[str] = []
    with (
        given_up(r"compute or send a heartbeat, found neither for 3 s: tcp://\S+\. End"),
        open_cluster(settings(patient_processes), told.append) as cluster,
        soon(lambda: patient_processes.freeze(patient_processes.workers[0])),
    ):
        rows_of(cluster, table).sum(slowly)
    (message,) = told
    assert "has sent no heartbeat" in message


def test_a_worker_that_is_frozen_already_is_warned_of(patient_processes, table):
    """The versions of the other one are checked; the frozen one takes part once it goes on."""
    told: list[str] = []
    frozen = patient_processes.workers[0]
    patient_processes.freeze(frozen)
    with open_cluster(settings(patient_processes, silence=SOON), told.append) as cluster:
        assert len(told) == 1
        with soon(lambda: patient_processes.thaw(frozen)):
            found = rows_of(cluster, table).sum(slowly)[0]
    assert np.isfinite(found).all()


def test_workers_that_are_all_frozen_are_not_waited_for(patient_processes):
    """At the beginning the run waits no longer than for the first answer."""
    for worker in patient_processes.workers:
        patient_processes.freeze(worker)
    with given_up("found none of 2: they hang"), open_cluster(settings(patient_processes)):
        pass


def test_workers_without_memory_end_the_pass(tmp_path, table):
    """Dask pauses them silently; the error says which, how much they hold, and the remedy."""
    told: list[str] = []
    with DaskProcesses(tmp_path) as processes:
        for _ in range(2):
            processes.start_worker(1, "--memory-limit", "60MB")  # Python with numpy takes more
        options = settings(processes, connect_timeout=SOON)
        with open_cluster(options, told.append) as cluster:
            until = time.monotonic() + SOON
            while sum(worker.paused for worker in cluster.watch.workers(1.0)) < 2:
                assert time.monotonic() < until
                time.sleep(0.1)
            with given_up(r"paused for memory: tcp://\S+ holds \d+ MB of its 60 MB.* more memory"):
                rows_of(cluster, table).sum(slowly)
    assert "waiting up to 3 s" in told[0]
