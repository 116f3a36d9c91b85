"""Turns errors of the operating system or the network into messages: place, reason, remedy."""

import difflib
import errno
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from gzip import BadGzipFile
from pathlib import Path

from lr_pipeline.tables.errors import Problem, TableError, table_error
from lr_pipeline.tables.files.urls import is_of_network, network_problem

PERMISSION_DENIED = ("permission denied", "Allow it, or name another place")
REASONS = {
    errno.EACCES: PERMISSION_DENIED,
    errno.EPERM: PERMISSION_DENIED,
    errno.EROFS: ("nothing can be written there: it is read-only", "Name another place"),
    errno.ENOSPC: ("no space is left on the disk", "Free some, or name another disk"),
    errno.EDQUOT: ("the disk quota is used up", "Free some space, or name another disk"),
    errno.ENOENT: ("no such file or folder", "Check the path"),
    errno.ENOTDIR: ("a part of the path is a file, no folder", "Check the path"),
    errno.EEXIST: ("a folder is expected, found a file", "Remove it, or name another place"),
    errno.EISDIR: ("a file is expected, found a folder", "Name a file in it"),
    errno.ELOOP: ("its links lead in a circle", "Name the file itself"),
    errno.ENAMETOOLONG: ("the name is too long", "Choose a shorter one"),
    errno.EMFILE: ("too many files are open", "Close some, or raise the limit (ulimit -n)"),
}
SPECIAL = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@contextmanager
def naming(source: str) -> Iterator[None]:
    """Turn errors of the system or the network into a ``TableError`` that names the source.

    A ``TableError`` that names no source gets the source's name before each problem; its
    subclasses name their sources themselves.
    """
    try:
        yield
    except TableError as error:
        place = source if source.strip() else None  # a path of spaces is quoted in the message
        if type(error) is not TableError or (place and str(error).startswith(source)):
            raise
        file = None if error.source is None else str(error.source)
        inner = "" if file is None or source.endswith(file) else f"{file}: "
        problems = [replace(one, message=f"{inner}{one.message}") for one in error.problems]
        raise TableError(*problems, source=place) from None
    except Exception as error:
        problem = _refusal(error, source)
        if problem is None:
            raise
        raise TableError(problem, source=source) from None


def _refusal(error: Exception, source: str) -> Problem | None:
    """Return the problem that an exception stands for; None for a fault of the program."""
    if isinstance(error, EOFError | BadGzipFile | zlib.error):
        return Problem(f"a file cannot be unpacked: {error}", "Pack it again with gzip")
    if "://" in source and is_of_network(error):
        return network_problem(error)
    if isinstance(error, OSError):
        reason, remedy = os_reason(error)
        place = "" if error.filename in (None, source) else f"{error.filename}: "
        return Problem(f"{place}{reason}", remedy)
    return None


def os_reason(error: OSError) -> tuple[str, str]:
    """The reason of an operating system's error, and the remedy."""
    if error.errno in REASONS:
        return REASONS[error.errno]
    reason = " ".join((error.strerror or str(error) or type(error).__name__).split())
    return reason[:1].lower() + reason[1:].rstrip("."), "Check the place, or name another"


def os_message(error: OSError) -> str:
    """One line: the path where the error has one, the reason, the remedy."""
    reason, remedy = os_reason(error)
    place = "" if error.filename is None else f"{error.filename}: "
    return f"{place}{reason}. {remedy}."


def os_problem(error: OSError, path: str | Path) -> TableError:
    """The error of a path that the operating system does not let us read."""
    reason, remedy = os_reason(error)
    return table_error(f"cannot be read: {reason}", remedy, source=path)


def require_path(path: str) -> None:
    """Raise ``TableError`` for a path without a visible character: it would mean this folder."""
    if not path.strip():
        found = "only spaces" if path else "nothing"
        raise table_error(f"a path is expected, found {found} ({path!r})", "Name a file")
    if "\0" in path:
        raise table_error(f"a path has no zero bytes, found {path!r}", "Check it")


def require_file(path: Path) -> None:
    """Raise ``TableError`` unless the path is a file that can be opened; never wait for it."""
    try:
        mode = path.stat().st_mode
        if kind := special_kind(mode):
            raise table_error(
                f"a file is expected, found {kind}",
                "Write what it gives into a file, and name that",
                source=path,
            )
        with path.open("rb"):
            return
    except OSError as error:
        if path.is_symlink() and isinstance(error, FileNotFoundError):
            raise not_found(str(path)) from None
        raise os_problem(error, path) from None


def special_kind(mode: int) -> str | None:
    """Name what a path is by its mode, such as a device; None for a file or a folder."""
    return SPECIAL.get(stat.S_IFMT(mode))


def not_found(path: str) -> TableError:
    """Return the error that says why there is no file: a broken link, no folder, another name."""
    try:
        Path(path).stat()
    except FileNotFoundError:
        pass
    except OSError as error:
        return os_problem(error, path)
    if Path(path).is_symlink():
        found = f"a link to {str(Path(path).readlink())!r}, where nothing is"
        return table_error(found, "Mend the link, or name the file")
    close = _closest_sibling(Path(path))
    remedy = f"Did you mean {str(close)!r}?" if close else "Check the path"
    return table_error("no such file", remedy)


def _closest_sibling(path: Path) -> Path | None:
    """The file in the same folder with the most similar name, if any is close."""
    try:
        names = [one.name for one in path.parent.iterdir()]
    except OSError:
        return None
    wanted = path.name.strip().casefold()
    alike = [name for name in names if name.strip().casefold() == wanted]
    alike = alike or difflib.get_close_matches(path.name, names, n=1, cutoff=0.8)
    return path.with_name(alike[0]) if alike else None
