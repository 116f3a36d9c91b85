"""One hash of the content of a table's files when they were read; artifacts and models keep it."""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from lr_pipeline.tables.errors import count_of, table_error
from lr_pipeline.tables.roles import quoted
from lr_pipeline.tables.sources.locations import DataFile, find_files

LONGEST_PATH = 300  # characters of a path in a message
CONTENT = "source_content"  # key in a table's provenance, and in results computed from it


@contextmanager
def unmoved(location: str | Path, files: Sequence[DataFile]) -> Iterator[None]:
    """Require that ``location`` means the same files with the same content before and after.

    If they changed, this error replaces any other error raised meanwhile.

    Raises
    ------
    TableError
        A file changed; the message names it and what changed.
    """
    try:
        yield
    except Exception:
        for file in files:
            file.watch.require_unchanged()
        raise
    for file in files:
        file.watch.require_unchanged(content=True)
    before, now = {one.name for one in files}, {one.name for one in find_files(location)}
    if before != now:
        names = quoted(sorted(now ^ before), LONGEST_PATH)
        raise table_error(
            f"the files changed while they were read: {names} came or went",
            "Run again once nothing writes to them, or give a copy",
        )


def content_of(files: Sequence[DataFile]) -> dict[str, Any]:
    """Number of files, their bytes as stored, and the SHA-256 (hex) of their unpacked content.

    The hash of several files is the hash of the lines that ``sha256sum`` prints for them, with
    names relative to the folder that they share. Parquet files behind URLs are read in parts; they
    have a ``version`` instead: a hash of the sizes, times and ETags that the servers send.
    """
    states = [(one.size, one.modified, one.version) for one in (f.watch.first for f in files)]
    known = {"files": len(files), "bytes": sum(size or 0 for size, *_ in states)}
    if any(file.local is None and not file.watch.digests for file in files):
        return known | {"version": hashlib.sha256(repr(states).encode()).hexdigest()}
    hashes = [file.watch.sha256() for file in files]
    if len(files) == 1:
        return known | {"sha256": hashes[0]}
    shared = len(os.path.commonpath([str(PurePosixPath(file.name).parent) for file in files]))
    names = [file.name[shared:].lstrip("/") for file in files]
    lines = "".join(f"{one}  {name}\n" for one, name in zip(hashes, names, strict=True))
    return known | {"sha256": hashlib.sha256(lines.encode()).hexdigest()}


def known_content(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """The source's content as a mapping to merge into a result; empty if it is not known."""
    return {CONTENT: provenance[CONTENT]} if CONTENT in provenance else {}


def describe_content(content: Mapping[str, Any]) -> str:
    """One line: the hash or version of the content, and how many files or rows it covers."""
    if "fingerprint" in content:
        return f"fingerprint {content['fingerprint']} of {count_of(content['rows'], 'row')}"
    kind = "SHA-256" if "sha256" in content else "version"
    files = count_of(content["files"], "file")
    return f"{kind} {content.get('sha256') or content['version']} ({files})"


def source_lines(provenance: Mapping[str, Any]) -> dict[str, str]:
    """Label → text for a report: where a table comes from, and the hash of its content."""
    content = provenance.get(CONTENT)
    return {"Source": provenance.get("source", "generated")} | (
        {"Source content": describe_content(content)} if content else {}
    )
