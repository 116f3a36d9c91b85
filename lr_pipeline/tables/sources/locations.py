"""The files that a path means: one file, a folder or a glob, on this machine or behind a URL."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from lr_pipeline.tables.errors import table_error
from lr_pipeline.tables.files.file_watch import FileState, FileWatch, local_state, remote_state
from lr_pipeline.tables.files.refusals import not_found, os_problem, require_file, require_path
from lr_pipeline.tables.files.urls import is_web, require_answer, url_filesystem
from lr_pipeline.tables.sources.declared_places import place_of
from lr_pipeline.tables.sources.file_contents import (
    GZIP_MAGIC,
    PARQUET_MAGIC,
    START_BYTES,
    require_table,
)
from lr_pipeline.tables.sources.partitions import Partition, partition_of

PARQUET_SUFFIXES = (".parquet", ".pq")
GZIP = ".gz"
TEXT_SUFFIXES = tuple(s + packed for s in (".csv", ".tsv", ".txt") for packed in ("", GZIP))
DATA_ROOT = "LR_PIPELINE_DATA_ROOT"
GLOB_CHARACTERS = "*?["


@dataclass(frozen=True)
class DataFile:
    """One file of a table; messages call it ``name``.

    ``filesystem`` is fsspec's; ``local`` is the path of a file on this machine. ``partition``: the
    columns that the folders' names add to every row. ``watch`` keeps the file's first state.
    """

    name: str
    filesystem: Any
    local: Path | None
    partition: Partition = field(default_factory=dict)
    watch: FileWatch = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Take the first look at the file."""
        object.__setattr__(self, "watch", FileWatch(self.name, self.state, self.open))

    def state(self) -> FileState:
        """Return the state of the file that the file system reports now."""
        if self.local is not None:
            return local_state(self.local)
        return remote_state(self.filesystem, self.name)

    @cached_property
    def start(self) -> bytes:
        """The file's first bytes, as they are stored."""
        with self._opened(None) as file:
            return bytes(file.read(START_BYTES))

    @cached_property
    def is_parquet(self) -> bool:
        """Whether the file is Parquet, by its name or its first bytes."""
        if self.name.lower().endswith(PARQUET_SUFFIXES):
            return True
        with self.open() as file:
            return bool(file.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC)

    @property
    def is_packed(self) -> bool:
        """Whether the file is packed with gzip, by its first bytes, whatever its name."""
        return self.start.startswith(GZIP_MAGIC)

    def open(self) -> Any:
        """Open the file for reading bytes, unpacked.

        Raises
        ------
        TableError
            The file cannot be read, or is neither text nor Parquet.
        """
        if self.name.lower().endswith(PARQUET_SUFFIXES):
            return self._opened(None)
        require_table(self.start, self.name)
        return self._opened("gzip" if self.is_packed else None)

    def _opened(self, packing: str | None) -> Any:
        try:
            return self.filesystem.open(self.name, "rb", compression=packing)
        except PermissionError as error:
            raise os_problem(error, self.name) from None


def find_files(location: str | Path) -> list[DataFile]:
    """Return the files that ``location`` means, sorted by name.

    ``location`` is a path, or a URL of any scheme that fsspec knows (``s3://…`` needs the package
    s3fs, and so on). A folder means the Parquet files directly in it; if there are none, its CSV
    files; if there are none, the files in folders named ``column=value``, which add those columns.
    A name with ``*``, ``?`` or ``[`` that is not a file itself is a glob. Text may be packed with
    gzip. If the environment variable LR_PIPELINE_DATA_ROOT is set, all files must lie below that
    folder after links are resolved.

    Raises
    ------
    TableError
        There is no such file, the scheme is unknown, or a file is outside the data root.
    """
    require_path(str(location))
    filesystem, path = _filesystem_of(place_of(str(location)))
    if is_web(filesystem):
        require_answer(filesystem, path)
    here, base = "file" in _protocols(filesystem), ""
    if filesystem.isdir(path):
        base, names = _files_in_folder(filesystem, path)
    elif filesystem.exists(path):
        names = [path]
    elif any(character in path for character in GLOB_CHARACTERS):
        names = sorted(name for name in filesystem.glob(path) if not filesystem.isdir(name))
        if not names:
            raise table_error("no file matches", "Check the pattern")
    else:
        raise not_found(path) if here else table_error("no such file", "Check the path")
    for name in names if here else ():
        require_file(Path(name))
    files = [
        DataFile(
            name,
            filesystem,
            Path(name) if here else None,
            partition_of(name, base) if base else {},
        )
        for name in names
    ]
    _require_below_root(files)
    return files


def all_parquet(files: Sequence[DataFile]) -> bool:
    """Whether all files are Parquet; if not, all are text.

    Raises
    ------
    TableError
        Only some are Parquet, or text files lie in folders named ``column=value``.
    """
    parquet = [file.is_parquet for file in files]
    if any(parquet) and not all(parquet):
        raise table_error("some files are Parquet and some are not", "Name those you mean")
    if not all(parquet) and any(file.partition for file in files):
        raise table_error(
            "folders named column=value are read from Parquet only, found text files",
            "Write Parquet, or name the files as in folder/*/*.csv, without those columns",
        )
    return all(parquet)


def _filesystem_of(location: str) -> tuple[Any, str]:
    filesystem, path = url_filesystem(location)
    if "file" in _protocols(filesystem) and "://" not in location:
        path = location  # fsspec would make it absolute, and messages show it
    return filesystem, path


def _protocols(filesystem: Any) -> Sequence[str]:
    protocol = filesystem.protocol
    return (protocol,) if isinstance(protocol, str) else tuple(protocol)


def _files_in_folder(filesystem: Any, folder: str) -> tuple[str, list[str]]:
    """The folder as fsspec names it, and its Parquet files or its CSV files, sorted.

    If it has neither, these are the files in its partitions. Names that start with a dot or _ are
    skipped.
    """
    try:
        listed = filesystem.ls(folder, detail=False)
    except PermissionError as error:
        raise os_problem(error, folder) from None
    names = [name for name in listed if _is_visible(name)]
    base = names[0].rsplit("/", 1)[0] if names else ""
    if parts := [n for n in names if "=" in n.rsplit("/", 1)[-1] and filesystem.isdir(n)]:
        if any(n.lower().endswith(PARQUET_SUFFIXES + TEXT_SUFFIXES) for n in names):
            raise table_error(
                "the folder has files beside folders named column=value",
                "Move them, or name those you mean, as in folder/*.parquet",
            )
        names = [n for part in parts for n in filesystem.find(part) if _is_visible(n, base)]
    found = [
        sorted(n for n in names if n.lower().endswith(s)) for s in (PARQUET_SUFFIXES, TEXT_SUFFIXES)
    ]
    if all(found):
        raise table_error(
            "the folder has both Parquet and text files", "Name those you mean, as in folder/*.csv"
        )
    chosen = found[0] or found[1]
    if not chosen:
        raise table_error(
            "a file is expected, found a folder without Parquet or CSV files", "Name a file"
        )
    return base, chosen


def _is_visible(name: str, folder: str | None = None) -> bool:
    """Whether neither the name nor a part of it below ``folder`` starts with a dot or _."""
    parts = name.split("/")[-1:] if folder is None else name[len(folder) + 1 :].split("/")
    return not any(part.startswith((".", "_")) for part in parts)


def _require_below_root(files: list[DataFile]) -> None:
    root = os.environ.get(DATA_ROOT)
    if not root:
        return
    for file in files:
        if file.local is None or not file.local.resolve().is_relative_to(Path(root).resolve()):
            raise table_error(
                f"{file.name} lies outside the data root {root}",
                f"Move it there, or change the environment variable {DATA_ROOT}",
            )
