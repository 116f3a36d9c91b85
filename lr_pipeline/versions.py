"""Versions of the libraries that a result depends on, and of each stored format.

A format's number is raised when an older reader would misread a new document. Documents without a
number are older than these numbers, and are read as format 1.
"""

import hashlib
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

LIBRARIES = ("lr-pipeline", "dagster", "numpy", "scipy", "pyarrow", "scikit-learn", "torch")
FIELD = "format_version"
VERSIONS = {"model": 2, "report": 1, "study": 1, "json": 1, "table": 1, "champion": 1}


@cache
def library_versions() -> dict[str, str]:
    """Return library → installed version, from its metadata without importing it."""
    return {name: version(name) for name in LIBRARIES}


@cache
def source_digest() -> str:
    """Return the first digits of the SHA-256 of this package's source files, edited or not."""
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


@cache
def source_commit() -> str:
    """Return the commit of the git checkout that holds this package; empty if it is in none."""
    folder = Path(__file__).parent
    command = ["git", "-C", str(folder), "rev-parse", "HEAD", f"HEAD:./{Path(__file__).name}"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.split()[0] if answer.returncode == 0 else ""


def code_identity() -> dict[str, str]:
    """Return the package's version, its commit if it has one, and the hash of its files."""
    commit = source_commit()
    return {
        "version": library_versions()["lr-pipeline"],
        **({"commit": commit} if commit else {}),
        "source": source_digest(),
    }


class FormatVersionError(ValueError):
    """A stored document has an unknown format; the caller adds to the message where it is."""

    def __init__(self, message: str, remedy: str) -> None:
        self.message, self.remedy = message, remedy
        super().__init__(f"{message}. {remedy}.")

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle both parts, since a worker's error is caught in another process."""
        return FormatVersionError, (self.message, self.remedy)


def with_format_version(kind: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with the number of its format put first.

    Raises
    ------
    ValueError
        The document already has a field of that name.
    """
    if FIELD in document:
        raise ValueError(f"cannot store a field {FIELD!r}, which says the format. Rename it.")
    return {FIELD: VERSIONS[kind], **document}


def without_format_version(kind: str, document: Any) -> dict[str, Any]:
    """Inverse of :func:`with_format_version`; also reads a document without a number.

    Raises
    ------
    FormatVersionError
        The format is later than the latest one known here, or its number is invalid.
    TypeError
        The document is not a dictionary.
    """
    if not isinstance(document, Mapping):
        raise TypeError(f"expected a {kind} as a dictionary, found {type(document).__name__}")
    latest, found = VERSIONS[kind], document.get(FIELD, 1)
    if type(found) is not int or found < 1:
        raise FormatVersionError(
            f"expected a whole number from 1 on as {FIELD}, found {repr(found)[:60]}",
            "Put the file back as it was written",
        )
    if found > latest:
        raise FormatVersionError(
            f"format {found} of a {kind} file is later than format {latest}, the latest that "
            f"lr_pipeline {library_versions()['lr-pipeline']} reads",
            "Update lr_pipeline, or make the file again with this version",
        )
    return {name: value for name, value in document.items() if name != FIELD}
