"""Temporary folders that do not outlive their process for long, whatever ended it.

A folder is locked by the process that made it. The kernel releases the lock when that process dies,
so a folder that can be locked belongs to nobody, and the next process that makes one removes it.
"""

import fcntl
import os
import shutil
import tempfile
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

PREFIX = "lr_pipeline_"
# A folder is not locked in the instant after it was made.
YOUNG_SECONDS = 60.0


class TemporaryFolder:
    """An empty folder, removed with this object or at exit; a killed process's by a later one."""

    def __init__(self) -> None:
        for path in dead_folders():
            shutil.rmtree(path, ignore_errors=True)
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
        descriptor = os.open(self.path, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        self._finish = weakref.finalize(self, _remove, self.path, descriptor)

    def close(self) -> None:
        """Remove the folder now."""
        self._finish()


def dead_folders() -> Iterator[Path]:
    """Yield this user's temporary folders whose process is gone."""
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if _is_dead(path):
            yield path


def _is_dead(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:  # another user's, no folder, or gone
        return False
    try:
        stat = os.fstat(descriptor)
        if stat.st_uid != os.getuid() or time.time() - stat.st_mtime < YOUNG_SECONDS:
            return False
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _remove(path: Path, descriptor: int) -> None:
    shutil.rmtree(path, ignore_errors=True)
    os.close(descriptor)
