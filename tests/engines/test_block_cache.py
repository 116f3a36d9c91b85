"""A block cache returns the blocks that were written to the bit, or they are made again."""

import errno
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest

from lr_pipeline.core.rows import Block
from lr_pipeline.engines import block_cache
from lr_pipeline.engines.block_cache import BlockCache, block_cache_for, free_memory

GIGABYTE = 10**9


def made_of(*lengths, columns=3, weighted=False):
    """Return blocks of normal numbers, stored column by column."""
    rng = np.random.default_rng(1)
    for n in lengths:
        weight = rng.random(n) if weighted else None
        yield Block(rng.normal(size=(columns, n)).T, rng.random(n), weight)


def refused():
    """Yield blocks that must not be used."""
    raise AssertionError("the blocks are in the cache")
    yield


def bits(blocks):
    """Return all bits of some blocks, with the order in which they are stored."""
    return [
        (X.flags.f_contiguous, X.tobytes("F"), y.tobytes(), weight is not None and weight.tobytes())
        for X, y, weight in blocks
    ]


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Return a count of open temporary files, since the folder never shows them (Linux)."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def count():
        assert not list(tmp_path.iterdir())
        links = [Path(f"/proc/self/fd/{number}") for number in range(1_000)]
        open_now = [str(link.readlink()) for link in links if link.is_symlink()]
        return sum(name.startswith(str(tmp_path)) for name in open_now)

    return count


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("columns", [0, 1, 3])
def test_later_passes_read_the_same_bits_and_make_nothing(columns, weighted):
    """Blocks have uneven lengths, one is empty; the first pass yields the blocks as made."""
    options = {"columns": columns, "weighted": weighted}
    expected = bits(made_of(7, 1, 0, 5, **options))
    cache = BlockCache()
    assert bits(cache.blocks(0, made_of(7, 1, 0, 5, **options))) == expected
    for _ in range(2):
        assert bits(cache.blocks(0, refused())) == expected


def test_each_part_has_its_own_blocks():
    """Parts may be written alternately, as by several threads."""
    cache = BlockCache()
    parts = [cache.blocks(0, made_of(4, 2)), cache.blocks(1, made_of(3, 6))]
    for _ in zip(*parts, strict=True):
        pass
    for part in parts:
        next(part, None)
    assert bits(cache.blocks(1, refused())) == bits(made_of(3, 6))
    assert bits(cache.blocks(0, refused())) == bits(made_of(4, 2))


def test_a_block_is_the_callers_to_change():
    """A block that was read has its own memory, and the file stays as it was."""
    cache = BlockCache()
    list(cache.blocks(0, made_of(4, 4)))
    for block in cache.blocks(0, refused()):
        block.X[:] = 0.0
    assert bits(cache.blocks(0, refused())) == bits(made_of(4, 4))


def test_a_part_that_was_left_half_way_is_made_again():
    """After an error of the computation or the reader, an incomplete part is not used."""
    cache = BlockCache()
    first = cache.blocks(0, made_of(4, 4))
    next(first)
    first.close()
    assert bits(cache.blocks(0, made_of(4, 4))) == bits(made_of(4, 4))
    assert bits(cache.blocks(0, refused())) == bits(made_of(4, 4))


@pytest.mark.parametrize("failing", [0, 5])
def test_on_a_full_disk_every_pass_is_made_and_the_files_are_gone(monkeypatch, files, failing):
    """The first block or a later one finds no space; other parts' files are removed, too."""
    cache = BlockCache()
    list(cache.blocks(1, made_of(2)))
    writes, pwrite = [], os.pwrite

    def fill(fd, data, offset):
        writes.append(len(data))
        if len(writes) > failing:
            raise OSError(errno.ENOSPC, "No space left on device")
        return pwrite(fd, data, offset)

    monkeypatch.setattr(os, "pwrite", fill)
    assert bits(cache.blocks(0, made_of(4, 4, 4))) == bits(made_of(4, 4, 4))
    assert len(writes) == failing + 1
    assert cache.given_up
    assert files() == 0
    for part, lengths in enumerate([(4, 4, 4), (2,)]):
        assert bits(cache.blocks(part, made_of(*lengths))) == bits(made_of(*lengths))


def test_an_error_of_the_blocks_themselves_is_not_taken_for_a_full_disk():
    """The error is raised as it is."""

    def fail():
        yield from made_of(3)
        raise OSError("the Parquet file is gone")

    cache = BlockCache()
    with pytest.raises(OSError, match="Parquet file is gone"):
        list(cache.blocks(0, fail()))
    assert not cache.given_up


def test_writes_and_reads_that_the_system_cuts_short_are_continued(monkeypatch):
    """The system handles ten bytes at a time."""
    pwrite, preadv = os.pwrite, os.preadv
    monkeypatch.setattr(os, "pwrite", lambda fd, data, at: pwrite(fd, data[:10], at))
    monkeypatch.setattr(os, "preadv", lambda fd, into, at: preadv(fd, [into[0][:10]], at))
    cache = BlockCache()
    list(cache.blocks(0, made_of(4, 3, weighted=True)))
    assert bits(cache.blocks(0, refused())) == bits(made_of(4, 3, weighted=True))


def test_a_file_that_was_cut_off_is_an_error(monkeypatch):
    """It must not give numbers that nobody wrote."""
    cache = BlockCache()
    list(cache.blocks(0, made_of(4)))
    monkeypatch.setattr(os, "preadv", lambda fd, into, at: 0)
    with pytest.raises(OSError, match="ends early"):
        list(cache.blocks(0, refused()))


def test_the_files_have_no_name_and_go_with_the_cache(files):
    """Nothing is left behind, however the process ends."""
    cache = BlockCache()
    list(cache.blocks(0, made_of(4)))
    assert files() == 1
    del cache
    assert files() == 0


def test_a_block_cache_takes_a_quarter_of_free_memory_and_disk_at_most(monkeypatch):
    """A hundred columns of a million rows take 0.8 GB, with labels and weights."""
    for memory, disk, expected in [(4, 4, True), (3, 4, False), (4, 3, False)]:
        monkeypatch.setattr(block_cache, "free_memory", lambda memory=memory: memory * GIGABYTE)
        usage = type("Usage", (), {"free": disk * GIGABYTE})
        monkeypatch.setattr("shutil.disk_usage", lambda folder, usage=usage: usage)
        assert (block_cache_for(10**6, 100) is not None) == expected


def test_without_a_folder_for_temporary_files_there_is_no_cache(monkeypatch):
    """A container may have no writable folder."""

    def none():
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", none)
    assert block_cache_for(10, 1) is None


def test_without_positioned_reads_there_is_no_cache(monkeypatch):
    """Windows does not have them."""
    monkeypatch.delattr(os, "preadv")
    assert block_cache_for(10, 1) is None


@pytest.mark.parametrize(
    ("line", "file"),
    [("0::/a/b", "a/memory.max"), ("4:cpu,memory:/a/b", "memory/a/b/memory.limit_in_bytes")],
)
def test_a_containers_limit_counts(tmp_path, monkeypatch, line, file):
    """The limit is that of the process's control group or of a parent, in both versions."""
    group = tmp_path / file
    group.parent.mkdir(parents=True)
    group.write_text("123456\n")
    (tmp_path / "memory.max").write_text("max\n")
    listed = tmp_path / "listed"
    listed.write_text(f"{line}\n")
    monkeypatch.setattr(block_cache, "GROUPS", tmp_path)
    monkeypatch.setattr(block_cache, "OWN_GROUPS", listed)
    assert free_memory() == 123456


def test_without_a_list_of_free_memory_half_of_it_is_taken_to_be_free(monkeypatch):
    """Only Linux has such a file."""
    monkeypatch.setattr(block_cache, "MEMINFO", Path("/nowhere"))
    assert free_memory() == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
