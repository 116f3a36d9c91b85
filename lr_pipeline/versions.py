"""Versions of the libraries that a result depends on."""

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

LIBRARIES = ("lr-pipeline", "dagster", "numpy", "scipy", "pyarrow", "scikit-learn", "torch")


@cache
def library_versions() -> dict[str, str]:
    """Library → installed version, read from its metadata without importing it."""
    return {name: version(name) for name in LIBRARIES}


@cache
def source_digest() -> str:
    """First digits of the SHA-256 of this package's source files: also of one being edited."""
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]
