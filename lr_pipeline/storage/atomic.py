"""Write files and folders that appear under their name complete, or not at all.

Everything is written to a temporary sibling ``.NAME.RANDOM.partial``, flushed to the disk, and only
then renamed. A process that is killed meanwhile leaves at most such a sibling. Nothing reads it,
and a later write removes it once it is a day old. Only ``replaced_file`` overwrites.
"""

import os
import re
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

STALE_SECONDS = 86_400.0

_PARTIAL_NAME = re.compile(r"\..+\.[0-9a-f]{16}\.partial")


@contextmanager
def new_folder(final: Path) -> Iterator[Path]:
    """Yield an empty folder that becomes ``final`` when the block ends without an exception.

    Raises
    ------
    FileExistsError
        ``final`` is there already; it is left as it is.
    """
    refuse_existing(final)
    with scratch_folder(final) as partial:
        yield partial
        publish(partial, final)


def publish(partial: Path, final: Path) -> None:
    """Flush the folder ``partial`` and rename it; errors as in :func:`new_folder`."""
    _flush_tree(partial)
    try:
        partial.rename(final)
    except OSError:
        # rename() never replaces a folder with files, so another process's version is safe.
        refuse_existing(final)
        raise


@contextmanager
def new_file(final: Path) -> Iterator[Path]:
    """Yield a path whose file becomes ``final`` when the block ends without an exception.

    Raises
    ------
    FileExistsError
        ``final`` is there already; it is left as it is.
    """
    refuse_existing(final)
    with _partial_sibling(final) as partial:
        yield partial
        _flush(partial)
        # link() fails if the name exists; rename() would replace that file.
        os.link(partial, final)


@contextmanager
def replaced_file(final: Path) -> Iterator[Path]:
    """Yield a path whose file takes the place of ``final`` when the block ends without exception.

    Until then an earlier file of this name stays as it is.
    """
    with _partial_sibling(final) as partial:
        yield partial
        _flush(partial)
        partial.replace(final)


@contextmanager
def scratch_folder(beside: Path) -> Iterator[Path]:
    """Yield an empty folder beside the path ``beside``, which need not exist; removed on exit."""
    with _partial_sibling(beside) as partial:
        partial.mkdir()
        yield partial


def remove_folder(folder: Path) -> None:
    """Delete a folder: it is renamed first, so that nobody finds a part of it under its name."""
    with suppress(FileNotFoundError):
        _remove(folder.rename(_partial_name(folder)))


def is_partial(path: Path) -> bool:
    """Tell whether the name belongs to a write that has not finished or was killed."""
    return _PARTIAL_NAME.fullmatch(path.name) is not None


def remove_stale_partials(folder: Path, older_than: float = STALE_SECONDS) -> None:
    """Delete partial files of killed writers in ``folder``, unchanged for ``older_than`` s."""
    for path in stale_partials(folder.iterdir(), older_than):
        _remove(path)


def stale_partials(paths: Iterable[Path], older_than: float = STALE_SECONDS) -> Iterator[Path]:
    """Yield those of the paths that killed writers have left, unchanged for ``older_than`` s."""
    oldest = time.time() - older_than
    for path in paths:
        if is_partial(path) and _last_change(path) < oldest:
            yield path


@contextmanager
def _partial_sibling(final: Path) -> Iterator[Path]:
    """Yield a fresh temporary name beside ``final``; on exit flush the folder and clean up."""
    final.parent.mkdir(parents=True, exist_ok=True)
    remove_stale_partials(final.parent)
    partial = _partial_name(final)
    try:
        yield partial
        _flush(final.parent)
    finally:
        _remove(partial)


def _partial_name(final: Path) -> Path:
    return final.with_name(f".{final.name}.{secrets.token_hex(8)}.partial")


def refuse_existing(final: Path) -> None:
    """Raise ``FileExistsError`` if there is something of this name."""
    if final.exists():
        raise FileExistsError(
            f"{final}: exists already, and stored files are never overwritten. "
            "Write under another name."
        )


def _flush_tree(folder: Path) -> None:
    """Flush every file and folder below ``folder``, and ``folder`` itself."""
    for parent, _, files in os.walk(folder):
        for name in files:
            _flush(Path(parent, name))
        _flush(Path(parent))


def _flush(path: Path) -> None:
    """Make the content of a file, or the names in a folder, survive a power failure."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _last_change(path: Path) -> float:
    """Return the time of the latest change below ``path`` (s); a vanished path counts as new."""
    try:
        return max(p.stat().st_mtime for p in (path, *path.rglob("*")))
    except FileNotFoundError:
        return time.time()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
