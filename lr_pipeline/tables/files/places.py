"""What stands at a path that is no readable file, said before anything waits for it."""

import difflib
import stat
from pathlib import Path

from lr_pipeline.tables.errors import TableError, table_error
from lr_pipeline.tables.files.os_errors import os_reason

SPECIAL = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def require_path(path: str) -> None:
    """Raise ``TableError`` for a path without a visible character, which would mean this folder."""
    if not path.strip():
        found = "only spaces" if path else "nothing"
        raise table_error(f"a path is expected, found {found} ({path!r})", "Name a file")
    if "\0" in path:
        raise table_error(f"a path has no zero bytes, found {path!r}", "Check it")


def require_file(path: Path) -> None:
    """Raise ``TableError`` unless the path is a file that can be opened; nothing is waited for."""
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
    """What a path's mode says that it is, where it is neither a file nor a folder."""
    return SPECIAL.get(stat.S_IFMT(mode))


def os_problem(error: OSError, path: str | Path) -> TableError:
    """What the operating system refused at the path."""
    reason, remedy = os_reason(error)
    return table_error(f"cannot be read: {reason}", remedy, source=path)


def not_found(path: str) -> TableError:
    """Why there is no file: a link to nowhere, no folder, no permission, or another spelling."""
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
    """The file of the same folder whose name differs least, if any is close."""
    try:
        names = [one.name for one in path.parent.iterdir()]
    except OSError:
        return None
    wanted = path.name.strip().casefold()
    alike = [name for name in names if name.strip().casefold() == wanted]
    alike = alike or difflib.get_close_matches(path.name, names, n=1, cutoff=0.8)
    return path.with_name(alike[0]) if alike else None
