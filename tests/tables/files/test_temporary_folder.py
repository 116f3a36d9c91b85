"""What a killed process leaves in the temporary folder is removed by the next one."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from lr_pipeline.tables.files.temporary_folder import TemporaryFolder, dead_folders

OWNER = """
import sys, time
from lr_pipeline.tables.files.temporary_folder import TemporaryFolder
folder = TemporaryFolder()
(folder.path / "rows.parquet").write_bytes(b"x" * 1000)
print(folder.path, flush=True)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch) -> Path:
    """A temporary folder of the system for one test."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def grown_old(path: Path) -> Path:
    """The folder, as if it had been made an hour ago."""
    os.utime(path, (time.time() - 3600,) * 2)
    return path


def test_the_folder_of_a_killed_process_is_removed_by_the_next_and_that_of_a_living_one_is_not():
    """While its process lives the folder stays, however old it is; after SIGKILL it goes."""
    with subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True) as one:
        assert one.stdout is not None
        left = grown_old(Path(one.stdout.readline().strip()))
        TemporaryFolder().close()
        assert (left / "rows.parquet").exists()
        one.send_signal(signal.SIGKILL)
    assert left.exists()
    assert list(dead_folders()) == [left]
    mine = TemporaryFolder()
    assert not left.exists()
    assert mine.path.exists()
    mine.close()
    assert not mine.path.exists()


def test_a_folder_that_was_just_made_and_what_others_own_stay(own_place: Path, monkeypatch):
    """Its process may not have locked it yet; a file, a link and another user's are not ours."""
    (own_place / "lr_pipeline_young").mkdir()
    grown_old(own_place / "lr_pipeline_young")
    elsewhere = own_place / "elsewhere"
    elsewhere.mkdir()
    (own_place / "lr_pipeline_link").symlink_to(elsewhere)
    (own_place / "lr_pipeline_file").write_text("")
    assert [path.name for path in dead_folders()] == ["lr_pipeline_young"]
    with monkeypatch.context() as patch:
        patch.setattr(os, "getuid", lambda: -1)
        assert list(dead_folders()) == []
    os.utime(own_place / "lr_pipeline_young")
    assert list(dead_folders()) == []
