"""What a worker keeps of a part, tested without a cluster."""

import gc
import os
import pickle
import subprocess
import sys
import tempfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lr_pipeline.engines import block_cache
from lr_pipeline.engines.cluster.kept_parts import FILES, FiledPart, bytes_in_files, hold_part
from lr_pipeline.engines.cluster.worker_tasks import Named, PartReader
from lr_pipeline.tables.parts import parts_of
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.row_choice import HashedRows
from lr_pipeline.tables.table import Table

ROWS = 1_000
SCRATCH = """
import resource
import numpy as np
from lr_pipeline.engines.cluster.worker_process import keep_scratch_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(50):
        np.ones(300_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

{before}
faults()
print(faults())
"""


@pytest.fixture
def table(tmp_path) -> Table:
    """Return numbers, some of them missing, and weights, in one part of two row groups."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(ROWS, 2))
    X[::5, 1] = np.nan
    columns = {"a": X[:, 0], "b": X[:, 1], "w": rng.random(ROWS), "y": rng.integers(0, 2, ROWS)}
    data = pa.table(columns)
    pq.write_table(data, tmp_path / "rows.parquet", row_group_size=ROWS // 2)
    return Table(tmp_path / "rows.parquet", Table.from_arrow(data, "y", weight="w").roles)


def reader_of(table: Table) -> tuple[Table, PartReader]:
    """Return a reader of its only part, in blocks of 300 rows."""
    preparation = Preparation.fit(table)
    (part,) = parts_of(table, ROWS)
    return part, PartReader(preparation.source_columns, 300, preparation)


def bits(blocks):
    """Return all bits of some blocks."""
    return [(X.tobytes("F"), y.tobytes(), weight.tobytes()) for X, y, weight in blocks]


@pytest.mark.parametrize("chosen", [False, True])
def test_a_part_is_held_in_one_array(table, chosen):
    """Its blocks are those of a reading, also if only some of its rows are chosen."""
    if chosen:
        table = table.where(HashedRows(seed=3, share=0.4, below=True))
    part, reading = reader_of(table)
    held = hold_part(Named("part", part), reading)
    assert bits(held) == bits(reading.blocks(part))
    assert len({id(block.X.base.base) for block in held}) == 1


def test_a_part_in_a_file_is_decoded_once(table):
    """It is pickled as a description; its size is the file's, so that tasks go to its worker."""
    part, reading = reader_of(table)
    filed = FiledPart(part, reading)
    expected = bits(filed.blocks())
    sent = pickle.dumps(filed)
    table.data.rename(table.data.with_name("moved"))
    assert bits(filed.blocks()) == expected
    assert len(sent) < 8 * ROWS < sys.getsizeof(filed)
    table.data.with_name("moved").rename(table.data)
    assert bits(pickle.loads(sent).blocks()) == expected


def test_files_of_one_worker_share_their_room(table, monkeypatch):
    """Together they take a quarter of the free room; deleted files make room again."""
    part, reading = reader_of(table)
    size = FiledPart(part, reading).num_bytes
    gc.collect()
    assert FILES.bytes == 0
    monkeypatch.setattr(block_cache, "free_memory", lambda: 4 * (2 * size + 1))
    kept = [FiledPart(part, reading) for _ in range(3)]
    assert [one.block_cache is not None for one in kept] == [True, True, False]
    assert bits(kept[2].blocks()) == bits(kept[2].blocks()) == bits(kept[0].blocks())
    assert FILES.bytes == 2 * size
    del kept[0]
    gc.collect()
    assert FiledPart(part, reading).block_cache is not None


@pytest.mark.parametrize("folder", [True, False])
def test_without_a_disk_a_part_is_decoded_at_every_pass(table, monkeypatch, folder):
    """There is no folder for temporary files, or it cannot be written."""

    def refuse(*_args, **_options):
        raise OSError("read-only")

    monkeypatch.setattr(tempfile, "TemporaryFile" if folder else "gettempdir", refuse)
    part, reading = reader_of(table)
    filed = FiledPart(part, reading)
    assert bits(filed.blocks()) == bits(filed.blocks()) == bits(reading.blocks(part))
    table.data.rename(table.data.with_name("moved"))
    with pytest.raises((ValueError, OSError)):
        list(filed.blocks())


@pytest.mark.parametrize(
    ("cache", "share"), [(0.0, 0.25), (0.25, 0.25), (0.4, 0.1), (0.5, 0.0), (1.0, 0.0)]
)
def test_memory_and_files_together_are_half_at_most(cache, share):
    """Only ``cache`` itself may put more than that in memory."""
    assert bytes_in_files(1e9, cache) == pytest.approx(share * 1e9)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="of glibc")
def test_scratch_memory_is_used_again_by_the_next_block():
    """It is reused even if the environment says otherwise, as Dask's nanny does."""
    faults = []
    for before in ("", "keep_scratch_memory()"):
        outcome = subprocess.run(
            [sys.executable, "-c", SCRATCH.format(before=before)],
            env=os.environ | {"MALLOC_TRIM_THRESHOLD_": "65536"},
            capture_output=True,
            text=True,
            check=True,
        )
        faults.append(int(outcome.stdout))
    assert faults[1] < faults[0] / 10
