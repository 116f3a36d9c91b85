"""A cluster that is absent, dies, loses workers or has other versions; and one behind TLS."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lr_pipeline.core.columns.moments import moments_of
from lr_pipeline.core.rows import Block
from lr_pipeline.engines.cluster.cluster import Cluster, ClusterError, ClusterSettings, open_cluster
from lr_pipeline.engines.cluster.cluster_rows import ClusterRows
from lr_pipeline.engines.cluster.kept_parts import aligned
from lr_pipeline.engines.cluster.worker_versions import VersionMismatchError
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.table import Table
from tests.dask_processes import DaskProcesses, soon

pytestmark = pytest.mark.dask
ROWS, PARTS = 4_000, 20
WAIT = 5.0


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Table:
    """Return a table of two columns in 20 row groups."""
    rng = np.random.default_rng(3)
    data = pa.table(
        {"a": rng.normal(size=ROWS), "b": rng.normal(size=ROWS), "y": rng.integers(0, 2, ROWS)}
    )
    path = tmp_path_factory.mktemp("rows") / "rows.parquet"
    pq.write_table(data, path, row_group_size=ROWS // PARTS)
    return Table(path, Table.from_arrow(data, "y").roles)


@pytest.fixture
def processes(tmp_path) -> Iterator[DaskProcesses]:
    """Yield a cluster whose processes the test may kill."""
    with DaskProcesses(tmp_path) as started:
        yield started


def rows_of(cluster: Cluster, table: Table, **options) -> ClusterRows:
    """Return rows with one part for each row group."""
    return ClusterRows(cluster, table, Preparation.fit(table), 64, ROWS // PARTS, **options)


def slowly(block):
    """Return sums that round; each block takes a while; the BLAS computes the products."""
    time.sleep(0.01)
    moments = moments_of(block.X)
    return (np.concatenate([np.sin(block.X).sum(axis=0), moments.mean, moments.squares]),)


def sums(cluster: Cluster, table: Table, **options) -> np.ndarray:
    """Return the sums of a pass."""
    return rows_of(cluster, table, **options).sum(slowly)[0]


@pytest.mark.promise("Numbers", "Any number of workers of a cluster gives the same bits.")
def test_any_number_of_workers_gives_the_same_bits(processes, table):
    """One worker, two workers, and seven threads in three processes give the same bits."""
    found = []
    for threads in (1, 1, 5):
        processes.start_worker(threads)
        with open_cluster(ClusterSettings(processes.address)) as cluster:
            cluster.client.wait_for_workers(len(processes.workers), timeout=60)
            found.append(sums(cluster, table))
            workers = cluster.passes[-1].work.rows
        assert cluster.passes[-1].rows == ROWS
    assert len(workers) > 1
    np.testing.assert_array_equal(found[1], found[0])
    np.testing.assert_array_equal(found[2], found[0])


@pytest.mark.promise(
    "Numbers",
    "A worker that is killed and one that is added on the way change no bit.",
)
@pytest.mark.parametrize("hold_bytes", [0.0, 1e9])
def test_a_worker_killed_and_one_added_on_the_way_change_no_bit(processes, table, hold_bytes):
    """Other workers compute or read again what the killed worker had."""
    processes.start_workers(2)
    with open_cluster(ClusterSettings(processes.address)) as cluster:
        rows = rows_of(cluster, table, hold_bytes=hold_bytes)
        expected = rows.sum(slowly)[0]

        def change() -> None:
            processes.kill(processes.workers[0])
            processes.start_worker()

        with soon(change):
            found = rows.sum(slowly)[0]
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(rows.sum(slowly)[0], expected)


def test_local_workers_have_loaded_what_tasks_need():
    """They load it before the first task, and pandas too, which pyarrow imports."""

    def lacking() -> set[str]:
        return {"pandas", "lr_pipeline.tables.preparation.preparation"} - set(sys.modules)

    with open_cluster(ClusterSettings(workers=1)) as cluster:
        assert list(cluster.client.run(lacking).values()) == [set()]


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_block_from_another_worker_is_summed_to_the_same_bits(order):
    """Its arrays may be unaligned in a message, which would change the products' last bits."""
    rng = np.random.default_rng(1)
    X = np.asarray(rng.standard_normal((500, 7)), order=order)
    weight = rng.random(500)
    moved = np.frombuffer(b"12" + X.tobytes(order="A"), dtype=np.float64, count=X.size, offset=2)
    block = Block(moved.reshape(X.shape, order=order), weight, weight)
    assert not block.X.flags.aligned
    found = moments_of(aligned(block).X, weight)
    expected = moments_of(X, weight)
    np.testing.assert_array_equal(found.mean, expected.mean)
    np.testing.assert_array_equal(found.squares, expected.squares)
    assert aligned(block).X.strides == X.strides


@pytest.mark.parametrize("address", ["foo", "http://127.0.0.1:8787", "tcp://foo"])
def test_what_is_no_address_is_refused_at_once(address):
    """The error is one line with an example."""
    begun = time.monotonic()
    with (
        pytest.raises(ClusterError, match=rf"found '{address}'.*Give one such as tcp://"),
        open_cluster(ClusterSettings(address, connect_timeout=30.0)),
    ):
        pass
    assert time.monotonic() - begun < 10.0


def test_a_scheduler_that_is_not_there_is_named_in_one_line():
    """The error comes within the time allowed, with the command that starts one."""
    begun = time.monotonic()
    with (
        pytest.raises(ClusterError, match=r"127.0.0.1:1, found none.*`dask scheduler`") as caught,
        open_cluster(ClusterSettings("tcp://127.0.0.1:1", connect_timeout=1.0)),
    ):
        pass
    assert time.monotonic() - begun < WAIT
    assert len(str(caught.value).splitlines()) == 1


def test_a_scheduler_without_workers_is_named_in_one_line(processes):
    """The error has the command that starts a worker."""
    with (
        pytest.raises(ClusterError, match=r"workers .* found none .*`dask worker tcp://"),
        open_cluster(ClusterSettings(processes.address, connect_timeout=1.0)),
    ):
        pass


def test_a_scheduler_that_dies_ends_the_pass(processes, table):
    """The pass ends soon, with one line, instead of waiting for ever."""
    processes.start_workers(2)
    settings = ClusterSettings(processes.address, connect_timeout=1.0)
    with (
        pytest.raises(ClusterError, match=r"scheduler at tcp://.* gone") as caught,
        open_cluster(settings) as cluster,
        soon(lambda: processes.kill(processes.scheduler)),
    ):
        sums(cluster, table)
    assert len(str(caught.value).splitlines()) == 1


def test_workers_that_all_die_end_the_pass(processes, table):
    """The pass ends when the time in which other workers may join is over."""
    processes.start_workers(1)
    settings = ClusterSettings(processes.address, connect_timeout=1.0)
    with (
        pytest.raises(ClusterError, match="lost all its workers"),
        open_cluster(settings) as cluster,
        soon(lambda: processes.kill(processes.workers[0])),
    ):
        sums(cluster, table)


def older_package(folder: Path) -> dict[str, str]:
    """Return the environment of a worker in which lr-pipeline 0.0.9 seems to be installed."""
    metadata = folder / "lr_pipeline-0.0.9.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: lr-pipeline\nVersion: 0.0.9\n")
    root = Path(__file__).parents[3]
    return {"PYTHONPATH": os.pathsep.join([str(folder), str(root)])}


def test_another_version_on_a_worker_is_refused(processes, tmp_path):
    """The error names both versions and the worker."""
    processes.start_worker(env=older_package(tmp_path))
    with (
        pytest.raises(VersionMismatchError, match=r"lr-pipeline 0.1.0 .* found 0.0.9 on tcp://"),
        open_cluster(ClusterSettings(processes.address)),
    ):
        pass


def test_another_version_that_joins_late_is_refused(processes, table, tmp_path):
    """The first task that it receives raises the error."""
    processes.start_workers(1)
    with open_cluster(ClusterSettings(processes.address)) as cluster:
        sums(cluster, table)
        processes.start_worker(env=older_package(tmp_path))
        cluster.client.wait_for_workers(2, timeout=60)
        with pytest.raises(VersionMismatchError, match=r"found 0\.0\.9"):
            sums(cluster, table)


def test_a_cluster_behind_tls_is_reached_by_dask_s_own_configuration(tmp_path, table):
    """The test's own certificates give a connection; without them there is none."""
    import distributed  # noqa: F401 - brings the defaults of its configuration
    import trustme
    from dask import config

    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    files = {name: str(tmp_path / f"{name}.pem") for name in ("ca", "cert", "key")}
    authority.cert_pem.write_to_path(files["ca"])
    certificate.private_key_pem.write_to_path(files["key"])
    certificate.cert_chain_pems[0].write_to_path(files["cert"])
    options = ["--tls-ca-file", files["ca"], "--tls-cert", files["cert"], "--tls-key", files["key"]]
    mine = {"ca-file": files["ca"], "client.cert": files["cert"], "client.key": files["key"]}
    with DaskProcesses(tmp_path, [*options, "--protocol", "tls"]) as processes:
        assert processes.address.startswith("tls://")
        settings = ClusterSettings(processes.address, connect_timeout=WAIT)
        with config.set({f"distributed.comm.tls.{name}": mine[name] for name in mine}):
            processes.start_workers(1)
            with open_cluster(settings) as cluster:
                assert np.isfinite(sums(cluster, table)).all()
        with pytest.raises(ClusterError, match=r"certificates .* ca-file"), open_cluster(settings):
            pass
