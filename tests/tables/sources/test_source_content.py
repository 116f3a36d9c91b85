"""A source that changes while it is read, in each function that reads and at each moment."""

import gzip
import hashlib
import os
import shutil
import threading
import time
from pathlib import Path

import dagster as dg
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.solvers import Newton
from lr_pipeline.engines.design import prepare_rows
from lr_pipeline.models import model_from_json
from lr_pipeline.models.train import Training, train_logistic
from lr_pipeline.orchestration.assets import data
from lr_pipeline.orchestration.instance.io_manager import ArtifactIOManager
from lr_pipeline.orchestration.resources.table_resource import TableResource
from lr_pipeline.orchestration.table_names import NO_TABLE
from lr_pipeline.scoring.predictions import score_file
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.files.file_watch import FileState, FileWatch
from lr_pipeline.tables.sources import delimited_reading, header, temporary_parquet
from lr_pipeline.tables.sources.declared_tables import FileTable
from lr_pipeline.tables.sources.source_content import CONTENT
from lr_pipeline.tables.table import Table

ROWS = 400
REMEDY = "Run again once nothing writes to it, or give a copy of it."


def rows(seed: int = 0, count: int = ROWS) -> pa.Table:
    """Numbers and a label; another seed gives other rows of the same size as CSV and Parquet."""
    rng = np.random.default_rng(seed)
    x, k = rng.integers(1000, 9999, size=count), rng.integers(10, 99, size=count)
    return pa.table({"x": x, "k": k, "y": rng.integers(0, 2, size=count)})


def write(table: pa.Table, path: Path) -> None:
    """Write a table as CSV, gzip or Parquet, by the file's name."""
    if path.suffix == ".parquet":
        pq.write_table(table, path, compression="none", use_dictionary=False)
        return
    buffer = pa.BufferOutputStream()
    pa.csv.write_csv(table, buffer)
    content = buffer.getvalue().to_pybytes()
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


def shorten(path: Path) -> None:
    """Write fewer rows in place: the inode stays."""
    other = path.with_name("shorter" + path.suffix)
    write(rows(count=ROWS // 2), other)
    path.write_bytes(other.read_bytes())
    other.unlink()


def replace(path: Path) -> None:
    """Replace the file by another of the same name, as tools do that write whole files."""
    other = path.with_name("other" + path.suffix)
    write(rows(seed=1), other)
    other.replace(path)


def overwrite(path: Path) -> None:
    """Write other rows of the same size in place, and restore the old time."""
    stat = path.stat()
    other = path.with_name("other" + path.suffix)
    write(rows(seed=1), other)
    content = other.read_bytes()
    other.unlink()
    with path.open("r+b") as file:
        file.write(content[: stat.st_size])
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def remove(path: Path) -> None:
    """Delete the file."""
    path.unlink()


CHANGES = {
    shorten: "its size went from",
    replace: "another file took its place|its size went from",
    overwrite: "its content is another, of the same size and time|it was written, or its attr",
    remove: "it is gone",
}


@pytest.fixture(params=["rows.csv", "rows.csv.gz", "rows.parquet"])
def source(request, tmp_path) -> Path:
    """A file of each kind, an hour old."""
    path = tmp_path / "data" / request.param
    path.parent.mkdir()
    write(rows(), path)
    hour_ago = time.time() - 3600
    os.utime(path, (hour_ago, hour_ago))
    return path


def _once(monkeypatch, place: object, name: str, act) -> None:
    """Call ``act`` just after the first call of a function."""
    original, done = getattr(place, name), []

    def acting(*args, **options):
        found = original(*args, **options)
        if not done:
            done.append(True)
            act()
        return found

    monkeypatch.setattr(place, name, acting)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("folder", [False, True], ids=["file", "folder"])
def test_a_change_while_a_table_is_declared_is_an_error(source, change, folder, monkeypatch):
    """The message has the file, what changed after the header or footer was read, and a remedy."""
    place = (
        (temporary_parquet, "open_parquet")
        if source.suffix == ".parquet"
        else (header, "read_header")
    )
    _once(monkeypatch, *place, lambda: change(source))
    with pytest.raises(TableError, match=CHANGES[change]) as caught:
        FileTable(source.parent if folder else source, target="y").read()
    assert str(caught.value).startswith(f"{source}: the file changed while it was read: ")
    assert str(caught.value).endswith(REMEDY)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_between_declaring_and_writing_is_an_error(tmp_path, change):
    """The 400 rows that were declared are not the 200 that would be written."""
    source, out = tmp_path / "rows.parquet", tmp_path / "out.parquet"
    write(rows(), source)
    table = FileTable(source, target="y").read()
    assert table.num_rows == ROWS
    change(source)
    with pytest.raises(TableError, match=CHANGES[change]):
        table.write_parquet(out)
    with pytest.raises(TableError, match=CHANGES[change]):
        list(table.blocks())


@pytest.mark.parametrize("change", [shorten, replace, overwrite], ids=lambda one: one.__name__)
def test_a_change_during_a_pass_is_an_error(tmp_path, change):
    """The first block is of one file, the second would be of another."""
    source = tmp_path / "rows.parquet"
    pq.write_table(rows(), source, compression="none", use_dictionary=False, row_group_size=40)
    table = FileTable(source, target="y").read()
    blocks = table.blocks(20)
    next(blocks)
    change(source)
    with pytest.raises(TableError, match="the file changed while it was read"):
        list(blocks)


def test_a_copy_made_before_a_change_stays_as_it_was(source):
    """CSV files and folders are read once: whatever changes later, the table has the first rows."""
    write(rows(), source.with_name("second" + "".join(source.suffixes)))
    table = FileTable(source.parent, target="y").read()
    replace(source)
    twice = pa.concat_tables([rows(), rows()]).combine_chunks()
    assert table.to_arrow().equals(twice.replace_schema_metadata(table.schema.metadata))


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_a_file_that_joins_its_folder_is_an_error(tmp_path, name, monkeypatch):
    """A folder has the files that it had when it was read."""
    write(rows(), tmp_path / name)
    write(rows(), tmp_path / f"b{Path(name).suffix}")
    late = tmp_path / f"c{Path(name).suffix}"
    place = temporary_parquet if name.endswith("parquet") else delimited_reading
    _once(monkeypatch, place, "write_blocks", lambda: write(rows(), late))
    with pytest.raises(TableError, match="the files changed while they were read") as caught:
        FileTable(tmp_path, target="y").read()
    assert str(late) in str(caught.value)


def test_a_thread_that_overwrites_is_noticed_or_does_no_harm(tmp_path):
    """Two contents alternate in one file: the table has one of them, or there is an error."""
    source, stop = tmp_path / "rows.parquet", threading.Event()
    contents = []
    for seed in (0, 1):
        write(rows(seed), source)
        contents.append(source.read_bytes())

    def take_turns() -> None:
        while not stop.is_set():
            for content in contents:
                source.write_bytes(content)
                time.sleep(0.003)

    allowed = {Table.from_arrow(rows(seed), "y", 1).fingerprint for seed in (0, 1)}
    writer = threading.Thread(target=take_turns)
    writer.start()
    try:
        outcomes = [_fingerprint(source) for _ in range(25)]
    finally:
        stop.set()
        writer.join()
    assert set(outcomes) - {"error"} <= allowed
    assert "error" in outcomes


def _fingerprint(source: Path) -> str:
    try:
        return FileTable(source, target="y", positive=1).read().fingerprint
    except TableError:
        return "error"


def test_a_file_touched_by_a_change_of_mode_is_read_on(tmp_path):
    """Its attributes changed and its content did not: the hash decides."""
    source = tmp_path / "rows.parquet"
    write(rows(), source)
    table = FileTable(source, target="y").read()
    source.chmod(0o600)
    (tmp_path / "link.parquet").hardlink_to(source)
    assert table.to_arrow().num_rows == ROWS


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "parquet"])
def test_the_hash_of_the_content_is_kept(tmp_path, kind):
    """It equals that of sha256sum for the unpacked file, or for its output lines on a folder."""
    folder = tmp_path / "folder"
    folder.mkdir()
    lines = []
    for name in ("a", "b"):
        path = folder / f"{name}.{kind}"
        write(rows(seed=ord(name)), path)
        content = path.read_bytes()
        plain = gzip.decompress(content) if kind.endswith("gz") else content
        lines.append(f"{hashlib.sha256(plain).hexdigest()}  {path.name}\n")
        found = FileTable(path, target="y").read().provenance[CONTENT]
        assert found == {"files": 1, "bytes": len(content), "sha256": lines[-1][:64]}
    found = FileTable(folder, target="y").read().provenance[CONTENT]
    assert found["files"] == 2
    assert found["sha256"] == hashlib.sha256("".join(lines).encode()).hexdigest()
    moved = shutil.copytree(folder, tmp_path / "moved")
    assert FileTable(moved, target="y").read().provenance[CONTENT] == found


def test_a_model_keeps_the_hash_of_its_source(tmp_path):
    """The hash goes from the table through the split into the model's JSON, and back."""
    path = tmp_path / "rows.csv"
    write(rows(), path)
    table = FileTable(path, target="y").read()
    model = train_logistic(table, prepare_rows, NumpyKernel(), Training(Newton()))
    assert model.source_content["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert model_from_json(model.to_json()).source_content == model.source_content


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_while_new_rows_are_scored_is_an_error(tmp_path, change):
    """Half of the scores would be of other rows."""
    path = tmp_path / "rows.parquet"
    write(rows(), path)
    table = FileTable(path, target="y").read()
    model = train_logistic(table, prepare_rows, NumpyKernel(), Training(Newton()))
    scored = score_file(model, path)
    change(path)
    with pytest.raises(TableError, match=CHANGES[change]):
        scored.write_parquet(tmp_path / "scores.parquet")


def test_two_readings_that_differ_are_an_error():
    """If a server reports nothing about a file, the bytes of two readings show the change."""
    content = [b"x,y\n1,0\n"]

    def open_file():
        import io

        return io.BytesIO(content[0])

    watch = FileWatch("http://host/rows.csv", FileState, open_file)
    for text in (b"x,y\n1,0\n", b"x,y\n2,0\n"):
        content[0] = text
        stream = watch.open_whole()
        while stream.read(4):
            pass
    with pytest.raises(TableError, match="two readings gave different bytes"):
        watch.require_unchanged()


def test_a_source_that_changes_during_a_run_ends_it(tmp_path, monkeypatch):
    """The file is shortened before `dataset` is stored: one line says why, no artifact is left."""
    path = tmp_path / "rows.parquet"
    write(rows(), path)
    _once(monkeypatch, data, "table_metadata", lambda: shorten(path))
    root = tmp_path / "artifacts"
    result = dg.materialize(
        [data.dataset.build(NO_TABLE)],
        resources={
            "table": TableResource.of(FileTable(path, target="y")),
            "io_manager": ArtifactIOManager(root=str(root)),
        },
        instance=dg.DagsterInstance.ephemeral(),
        raise_on_error=False,
    )
    assert not result.success
    (failure,) = (event for event in result.all_events if event.is_step_failure)
    error = failure.step_failure_data.error
    assert "the file changed while it was read: its size went from" in str(error)
    assert not list(root.rglob("data.parquet"))


def test_a_dataset_records_the_hash_of_its_source(tmp_path):
    """The materialization's metadata and the stored table have it."""
    path = tmp_path / "rows.csv"
    write(rows(), path)
    result = dg.materialize(
        [data.dataset.build(NO_TABLE)],
        resources={
            "table": TableResource.of(FileTable(path, target="y")),
            "io_manager": ArtifactIOManager(root=str(tmp_path / "artifacts")),
        },
        instance=dg.DagsterInstance.ephemeral(),
    )
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    (event,) = result.get_asset_materialization_events()
    metadata = event.materialization.metadata
    assert metadata[CONTENT].value == f"SHA-256 {sha256} (1 file)"
    stored = Table.read_parquet(metadata["path"].value)
    assert stored.provenance[CONTENT]["sha256"] == sha256
