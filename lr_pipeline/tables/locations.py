"""The files that a path means: one file, a folder of them or a glob, here or behind a URL."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lr_pipeline.tables.errors import table_error

PARQUET_MAGIC = b"PAR1"
PARQUET_SUFFIXES = (".parquet", ".pq")
TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
ALLOWED_ROOT = "LR_PIPELINE_DATA_ROOT"
GLOB_CHARACTERS = "*?["


@dataclass(frozen=True)
class DataFile:
    """One file of a table; ``name`` is what messages call it.

    ``filesystem`` is fsspec's; ``local`` the file's path where it lies on this machine.
    """

    name: str
    filesystem: Any
    local: Path | None

    @property
    def is_parquet(self) -> bool:
        """By its name or its first bytes."""
        if self.name.lower().endswith(PARQUET_SUFFIXES):
            return True
        with self.open() as file:
            return bool(file.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC)

    def open(self) -> Any:
        """Open for reading bytes: a file, or what fsspec makes of a URL."""
        try:
            return self.filesystem.open(self.name, "rb")
        except PermissionError:
            raise table_error(
                "the file cannot be read: permission denied", "Allow it", source=self.name
            ) from None


def find_files(location: str | Path) -> list[DataFile]:
    """Return the files that ``location`` means, sorted by name.

    A path, or a URL of any scheme that fsspec knows (``s3://…`` needs the package s3fs, and so
    on). A folder means the Parquet files directly in it, or else its CSV files; a name with
    ``*``, ``?`` or ``[`` that is no file itself is a glob. Where the environment variable
    LR_PIPELINE_DATA_ROOT is set, all of them must lie below that folder, links resolved.

    Raises
    ------
    TableError
        Nothing is there, the scheme is unknown, or a file is outside the allowed folder.
    """
    filesystem, path = _filesystem_of(str(location))
    if filesystem.isdir(path):
        names = _files_in_folder(filesystem, path)
    elif filesystem.exists(path):
        names = [path]
    elif any(character in path for character in GLOB_CHARACTERS):
        names = sorted(name for name in filesystem.glob(path) if not filesystem.isdir(name))
        if not names:
            raise table_error("no file matches", "Check the pattern")
    else:
        raise table_error("no such file", "Check the path")
    here = "file" in _protocols(filesystem)
    files = [DataFile(name, filesystem, Path(name) if here else None) for name in names]
    _require_below_root(files)
    return files


def _filesystem_of(location: str) -> tuple[Any, str]:
    from fsspec.core import url_to_fs

    try:
        filesystem, path = url_to_fs(location)
    except (ValueError, ImportError) as error:
        raise table_error(
            f"the location cannot be opened: {str(error).rstrip('.')}",
            "Give a path, or a URL whose scheme fsspec knows",
        ) from None
    if "file" in _protocols(filesystem) and "://" not in location:
        path = location  # fsspec would make it absolute, and messages show it
    return filesystem, path


def _protocols(filesystem: Any) -> Sequence[str]:
    protocol = filesystem.protocol
    return (protocol,) if isinstance(protocol, str) else tuple(protocol)


def _files_in_folder(filesystem: Any, folder: str) -> list[str]:
    """The folder's Parquet files, or its CSV files; not those that start with a dot or _."""
    names = sorted(
        name
        for name in filesystem.ls(folder, detail=False)
        if not name.rsplit("/", 1)[-1].startswith((".", "_"))
    )
    found = [[n for n in names if n.lower().endswith(s)] for s in (PARQUET_SUFFIXES, TEXT_SUFFIXES)]
    if all(found):
        raise table_error(
            "the folder has both Parquet and text files", "Name those you mean, as in folder/*.csv"
        )
    chosen = found[0] or found[1]
    if not chosen:
        raise table_error(
            "a file is expected, found a folder without Parquet or CSV files", "Name a file"
        )
    return chosen


def _require_below_root(files: list[DataFile]) -> None:
    root = os.environ.get(ALLOWED_ROOT)
    if not root:
        return
    for file in files:
        if file.local is None or not file.local.resolve().is_relative_to(Path(root).resolve()):
            raise table_error(
                f"{file.name} lies outside the allowed folder {root}",
                f"Move it there, or change the environment variable {ALLOWED_ROOT}",
            )
