"""Workers decode a table of numbers once and keep it in memory or files: the same bits."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lr_pipeline.engines.cluster import cluster_reading
from lr_pipeline.engines.cluster.cluster import Cluster, ClusterSettings, open_cluster
from lr_pipeline.engines.cluster.cluster_reading import ClusterReading
from lr_pipeline.engines.cluster.cluster_rows import ClusterRows
from lr_pipeline.engines.cluster.cluster_settings import PartLimits
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.preparation.encoding_fit import MedianLimits
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.table import Table
from tests.dask_processes import DaskProcesses

pytestmark = pytest.mark.dask
ROWS, PARTS = 6_000, 12
MEMORY, FILES, NOTHING = (0.5, True), (0.0, True), (0.0, False)  # cache, disk_cache
# Each row group is a part of several blocks.
SMALL_PARTS = PartLimits(least_bytes=1, enough_parts=PARTS)


def opened(address: str) -> AbstractContextManager[Cluster]:
    """Connect to a cluster whose parts are small."""
    return open_cluster(ClusterSettings(address, limits=SMALL_PARTS))


@pytest.fixture(scope="module")
def cluster(standing) -> Iterator[Cluster]:
    """Yield a connection to the standing cluster."""
    with opened(standing.address) as connected:
        yield connected


@pytest.fixture(scope="module")
def alone(tmp_path_factory) -> Iterator[Cluster]:
    """Yield a connection to a cluster of one worker."""
    with DaskProcesses(tmp_path_factory.mktemp("alone")) as processes:
        processes.start_workers(1)
        with opened(processes.address) as connected:
            yield connected


@pytest.fixture
def store(tmp_path):
    """Write numbers, booleans and integers, some of them missing, or text, and weights."""

    def write(kind: str) -> Table:
        rng = np.random.default_rng(5)
        number, other = rng.normal(size=(2, ROWS))
        if kind == "missing":
            number[::7] = np.nan
            other[[3, 5_000]] = np.nan
        last = pa.array(
            rng.integers(0, 9, ROWS), mask=(kind == "missing") & (rng.random(ROWS) < 0.1)
        )
        if kind == "text":
            last = pa.array(rng.choice(["a", "b", None], ROWS))
        y = rng.integers(0, 2, ROWS)
        columns = {"number": number, "flag": rng.random(ROWS) < 0.3, "last": last, "other": other}
        data = pa.table(columns | {"w": rng.integers(1, 4, ROWS).astype(float), "y": y})
        path = tmp_path / "rows.parquet"
        pq.write_table(data, path, row_group_size=ROWS // PARTS)
        return Table(path, Table.from_arrow(data, "y", weight="w").roles)

    return write


def rounding(block):
    """Return sums that round, of everything in a block."""
    return np.sin(block.X).T @ block.weight, np.cos(block.X).T @ block.y


def read_by(
    cluster: Cluster, table: Table, keep: tuple[float, bool]
) -> tuple[Preparation, ClusterRows]:
    """Return rows prepared by one reading, in blocks of 128 rows."""
    reading = ClusterReading(cluster, *keep, block_rows=128)
    prepared = reading.prepare(table)
    return prepared.preparation, prepared.rows


def held_by_workers(cluster: Cluster) -> tuple[int, int]:
    """Return the number of parts that the workers keep, and the bytes in their files."""

    def filed() -> int:
        from lr_pipeline.engines.cluster.kept_parts import FILES

        return FILES.bytes

    keys = [key for held in cluster.client.has_what().values() for key in held]
    parts = {key for key in keys if isinstance(key, tuple) and key[0].startswith("lr_rows")}
    return len(parts), sum(cluster.client.run(filed).values())


@pytest.mark.parametrize("keep", [MEMORY, FILES, NOTHING])
@pytest.mark.parametrize("kind", ["complete", "missing", "text"])
def test_what_is_kept_changes_no_bit(cluster, store, kind, keep):
    """The preparation equals that of one process, and so do the rows at every pass."""
    table = store(kind)
    preparation, rows = read_by(cluster, table, keep)
    assert preparation == Preparation.fit(table)
    expected = ClusterRows(cluster, table, preparation, 128, rows.part_rows).sum(rounding)
    for _ in range(3):
        for found, known in zip(rows.sum(rounding), expected, strict=True):
            np.testing.assert_array_equal(found, known)


def test_parts_in_memory_in_files_and_in_neither_are_summed_alike(alone, store):
    """There are four parts of each kind."""
    table = store("missing")
    preparation = Preparation.fit(table)
    expected = ClusterRows(alone, table, preparation, 128, 1).sum(rounding)
    part = 8 * ROWS / PARTS * (len(preparation.columns) + 2)
    rows = ClusterRows(alone, table, preparation, 128, 1, 4 * part, 4 * part)
    for _ in range(2):
        for found, known in zip(rows.sum(rounding), expected, strict=True):
            np.testing.assert_array_equal(found, known)
    assert held_by_workers(alone) == (8, 4 * part)


@pytest.mark.parametrize("keep", [MEMORY, FILES])
@pytest.mark.parametrize("kind", ["complete", "missing"])
def test_a_table_of_numbers_is_decoded_once(alone, store, kind, keep):
    """The table's file can be deleted after the preparation."""
    table = store(kind)
    _, rows = read_by(alone, table, keep)
    table.data.unlink()
    assert rows.sum(lambda block: (len(block.y),)) == (ROWS,)


def test_without_files_every_pass_decodes(cluster, store):
    """The engine's ``disk_cache=False`` sets this."""
    table = store("complete")
    _, rows = read_by(cluster, table, NOTHING)
    table.data.unlink()
    with pytest.raises(TableError, match="sees no such file"):
        rows.sum(lambda block: (len(block.y),))


@pytest.mark.parametrize("keep", [MEMORY, FILES, NOTHING])
def test_medians_that_need_more_passes_are_exact(cluster, store, keep, monkeypatch):
    """They use the kept numbers, or read single columns where all would be decoded."""
    table = store("missing")
    visited = []
    once = cluster_reading.aggregate_on_workers
    monkeypatch.setattr(
        cluster_reading,
        "aggregate_on_workers",
        lambda *given: visited.append(given[2]) or once(*given),
    )
    reading = ClusterReading(cluster, *keep, block_rows=128)
    preparation = Preparation.fit(table, reading.aggregate, MedianLimits(sent_values=1_000))
    assert preparation == Preparation.fit(table)
    if keep == NOTHING:
        assert visited
        assert all(len(set(columns) - {table.roles.weight}) < 4 for columns in visited)
    else:
        assert not visited


def test_nothing_is_left_on_the_worker(alone, store):
    """Keys and files are removed with the rows, or with a reading whose rows were never used."""
    table = store("complete")
    for keep in (MEMORY, FILES):
        _, rows = read_by(alone, table, keep)
        rows.sum(rounding)
        parts, filed = held_by_workers(alone)
        assert parts == PARTS
        assert (filed > 0) == (keep == FILES)
        del rows
        reading = ClusterReading(alone, *keep)
        Preparation.fit(table, reading.aggregate)
        del reading
        assert _soon_nothing(alone)


@pytest.mark.parametrize("few_bytes", [0, 1 << 20])
def test_sums_stay_until_the_next_pass_at_most(alone, store, few_bytes, monkeypatch):
    """Large sums are removed at the end of their own pass."""
    limits = replace(SMALL_PARTS, few_bytes=few_bytes)
    monkeypatch.setattr(alone, "settings", replace(alone.settings, limits=limits))
    _, rows = read_by(alone, store("complete"), NOTHING)
    for _ in range(3):
        rows.sum(rounding)
    expected, until = PARTS if few_bytes else 0, time.monotonic() + 20
    while sums_of_parts(alone) != expected and time.monotonic() < until:
        time.sleep(0.05)
    assert sums_of_parts(alone) == expected


def sums_of_parts(cluster: Cluster) -> int:
    """Return the number of sums that the workers hold."""
    keys = [key for held in cluster.client.has_what().values() for key in held]
    return sum(isinstance(key, tuple) and key[0].startswith("lr_part") for key in keys)


def _soon_nothing(cluster: Cluster) -> bool:
    """Tell whether the workers soon hold nothing of ours; messages tell them to drop it."""
    until = time.monotonic() + 20
    while held_by_workers(cluster) != (0, 0) and time.monotonic() < until:
        time.sleep(0.05)
    return held_by_workers(cluster) == (0, 0)


def test_files_of_workers_that_are_lost_or_sent_away_are_read_anew(tmp_path, store):
    """The other or new workers read them and give the same bits."""
    table = store("missing")
    with DaskProcesses(tmp_path) as processes:
        processes.start_workers(2)
        with opened(processes.address) as cluster:
            _, rows = read_by(cluster, table, FILES)
            expected = rows.sum(rounding)
            for change in ("kill", "retire"):
                if change == "kill":
                    processes.kill(processes.workers[0])
                else:
                    processes.start_worker()
                    cluster.client.wait_for_workers(2, timeout=60)
                    (old,) = cluster.passes[-1].work.rows
                    cluster.client.retire_workers([old])
                for found, known in zip(rows.sum(rounding), expected, strict=True):
                    np.testing.assert_array_equal(found, known)
            assert len({name for one in cluster.passes for name in one.work.rows}) == 3
