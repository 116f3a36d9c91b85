"""Writes are complete or absent, never overwrite, and clear what killed writers left."""

import os
import time
from pathlib import Path

import pytest

from lr_pipeline.storage.atomic import (
    STALE_SECONDS,
    is_partial,
    new_file,
    new_folder,
    remove_stale_partials,
    replaced_file,
    scratch_folder,
)


def test_folder_appears_under_its_name_only_when_complete(tmp_path: Path):
    """While it is written only the partial sibling exists; afterwards only the folder."""
    final = tmp_path / "asset" / "v1"
    with new_folder(final) as partial:
        (partial / "a.txt").write_text("content")
        assert not final.exists()
        assert is_partial(partial)
        assert partial.parent == final.parent
    assert (final / "a.txt").read_text() == "content"
    assert list(final.parent.iterdir()) == [final]


def test_failed_write_leaves_nothing(tmp_path: Path):
    """An exception while writing removes the partial sibling and reaches the caller."""
    with pytest.raises(RuntimeError, match="disk"), new_folder(tmp_path / "v1") as partial:
        (partial / "a.txt").write_text("half")
        raise RuntimeError("disk")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("write", [new_folder, new_file])
def test_existing_name_is_refused_and_kept(tmp_path: Path, write):
    """A second write under the same name is an error before anything is written."""
    final = tmp_path / "v1"
    final.write_text("first")
    with pytest.raises(FileExistsError, match="never overwritten"), write(final):
        pytest.fail("the writer was started")
    assert final.read_text() == "first"


def test_folder_of_a_competitor_is_kept(tmp_path: Path):
    """If another process finishes the same name first, its content stays."""
    final = tmp_path / "v1"
    with pytest.raises(FileExistsError, match="never overwritten"), new_folder(final) as partial:
        (partial / "a.txt").write_text("second")
        final.mkdir()
        (final / "a.txt").write_text("first")
    assert (final / "a.txt").read_text() == "first"
    assert list(tmp_path.iterdir()) == [final]


def test_file_of_a_competitor_is_kept(tmp_path: Path):
    """The same holds for a single file, which a rename would have replaced."""
    final = tmp_path / "settings"
    with pytest.raises(FileExistsError), new_file(final) as partial:
        partial.write_text("second")
        final.write_text("first")
    assert final.read_text() == "first"
    assert list(tmp_path.iterdir()) == [final]


def test_files_and_folders_are_flushed_before_the_name_is_given(tmp_path: Path, monkeypatch):
    """Every file and folder of the version is flushed under its partial name, its parent last."""
    final = tmp_path / "v1"
    flushed: list[tuple[str, bool]] = []
    fsync = os.fsync

    def spy(descriptor: int) -> None:
        name = Path(f"/proc/self/fd/{descriptor}").readlink().name
        flushed.append((name, final.exists()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", spy)
    with new_folder(final) as partial:
        (partial / "plots").mkdir()
        (partial / "a.json").write_text("{}")
        (partial / "plots" / "b.png").write_text("picture")
    before = {name for name, exists in flushed if not exists}
    assert before == {"a.json", "b.png", "plots", partial.name}
    assert flushed[-1] == (tmp_path.name, True)


def test_only_stale_partials_are_removed(tmp_path: Path):
    """A current write is left alone, and so is a folder of another name, however old."""
    stale, fresh = (tmp_path / f".v{i}.{i:016x}.partial" for i in (1, 2))
    other = tmp_path / ".hidden"
    day_ago = time.time() - STALE_SECONDS - 60
    for folder in (stale, fresh, other):
        folder.mkdir()
        (folder / "data").write_text("x")
        os.utime(folder / "data", (day_ago, day_ago))
        os.utime(folder, (day_ago, day_ago))
    os.utime(fresh / "data")
    remove_stale_partials(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([fresh, other])


def test_next_write_clears_stale_partials(tmp_path: Path):
    """Nobody has to call the cleaning: the asset's next version does it."""
    stale = tmp_path / ".v1.0000000000000001.partial"
    stale.mkdir()
    os.utime(stale, (0, 0))
    with new_folder(tmp_path / "v2") as partial:
        (partial / "a").write_text("a")
    assert list(tmp_path.iterdir()) == [tmp_path / "v2"]


def test_file_is_replaced_only_when_complete(tmp_path: Path):
    """Until the block ends without an exception the file has its earlier content."""
    final = tmp_path / "scores.csv"
    final.write_text("earlier")
    with pytest.raises(RuntimeError), replaced_file(final) as partial:
        partial.write_text("half")
        raise RuntimeError
    assert final.read_text() == "earlier"
    with replaced_file(final) as partial:
        partial.write_text("later")
        assert final.read_text() == "earlier"
    assert final.read_text() == "later"
    assert list(tmp_path.iterdir()) == [final]


def test_file_that_was_not_there_is_written(tmp_path: Path):
    """The folder did not exist either."""
    with replaced_file(tmp_path / "new" / "scores.csv") as partial:
        partial.write_text("first")
    assert (tmp_path / "new" / "scores.csv").read_text() == "first"


def test_scratch_folder_vanishes(tmp_path: Path):
    """Its content is removed too; if the process is killed, it is a stale partial."""
    with scratch_folder(tmp_path / "a") as scratch:
        (scratch / "file").write_text("x")
        assert is_partial(scratch)
    assert list(tmp_path.iterdir()) == []
