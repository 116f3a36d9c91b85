"""A file is hashed once in a process, and again after any change."""

import hashlib
import os
import time
from pathlib import Path

import pytest

from lr_pipeline.storage import digests
from lr_pipeline.storage.digests import file_digest, hashed_meanwhile, settle
from lr_pipeline.tables.files.file_watch import CLOCK_NS


@pytest.fixture
def readings(monkeypatch) -> list[Path]:
    """The files that were read, in order."""
    read, found = digests._read_digest, []
    monkeypatch.setattr(digests, "_read_digest", lambda path: (found.append(path), read(path))[1])
    return found


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_settled_file_is_read_once(tmp_path: Path, readings):
    """The file is not read again after its folder has got its final name."""
    partial, final = tmp_path / "partial", tmp_path / "final"
    partial.mkdir()
    (partial / "a").write_bytes(b"rows")
    settle(partial / "a")
    assert file_digest(partial / "a") == file_digest(partial / "a") == _sha256(b"rows")
    partial.rename(final)
    assert file_digest(final / "a") == _sha256(b"rows")
    assert readings == [partial / "a"]


def test_file_that_was_just_written_is_read_each_time(tmp_path: Path, readings):
    """Its next write may leave it the same times."""
    path = tmp_path / "a"
    path.write_bytes(b"rows")
    assert file_digest(path) == file_digest(path)
    assert readings == [path, path]


@pytest.mark.parametrize("content", [b"ROWS", b"more rows"], ids=["same size", "other size"])
def test_change_is_noticed_even_if_the_time_is_set_back(tmp_path: Path, content):
    """A write right after the hash, whose time of writing is then set to the former one."""
    path = tmp_path / "a"
    path.write_bytes(b"rows")
    settle(path)
    before = path.stat()
    assert file_digest(path) == _sha256(b"rows")
    time.sleep(0.05)  # several ticks of the clock of the kernel's time stamps
    path.write_bytes(content)
    assert file_digest(path) == _sha256(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file_digest(path) == _sha256(content)


def test_write_within_one_tick_of_a_coarse_clock_is_noticed(tmp_path: Path):
    """A settled file's time lies before any time that a later write can set."""
    path = tmp_path / "a"
    path.write_bytes(b"rows")
    settle(path)
    assert file_digest(path) == _sha256(b"rows")
    path.write_bytes(b"ROWS")  # at once
    assert path.stat().st_mtime_ns >= time.time_ns() - CLOCK_NS
    assert file_digest(path) == _sha256(b"ROWS")


@pytest.mark.parametrize("pieces", [0, 1, 5])
def test_file_that_is_hashed_while_it_is_written_is_not_read_again(
    tmp_path: Path, readings, pieces
):
    """Whether the hashing thread waits for the writer or has much left to read at the end."""
    path, content = tmp_path / "a", b""
    with hashed_meanwhile(path), path.open("wb", buffering=0) as file:
        for number in range(pieces):
            piece = bytes([number]) * (7 * digests.PIECE_BYTES // 2)
            file.write(piece)
            content += piece
            time.sleep(3 * digests.PAUSE_SECONDS if number % 2 else 0.0)
    assert file_digest(path) == _sha256(content)
    assert readings == []


def test_change_after_a_file_was_hashed_while_it_was_written_is_noticed(tmp_path: Path):
    """A change after any other hash is noticed, too."""
    path = tmp_path / "a"
    with hashed_meanwhile(path):
        path.write_bytes(b"rows")
    path.write_bytes(b"ROWS")
    assert file_digest(path) == _sha256(b"ROWS")


def test_failed_write_is_raised_and_nothing_is_remembered(tmp_path: Path, readings):
    """The hashing thread ends as well."""
    path = tmp_path / "a"
    with pytest.raises(OSError, match="full"), hashed_meanwhile(path):
        path.write_bytes(b"ro")
        raise OSError("the disk is full")
    assert file_digest(path) == _sha256(b"ro")
    assert readings == [path]
