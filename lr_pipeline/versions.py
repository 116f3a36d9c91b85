"""Versions of the libraries that a result depends on."""

from functools import cache
from importlib.metadata import version

LIBRARIES = ("lr-pipeline", "dagster", "numpy", "scipy", "pyarrow", "scikit-learn", "torch")


@cache
def library_versions() -> dict[str, str]:
    """Library → installed version, read from its metadata without importing it."""
    return {name: version(name) for name in LIBRARIES}
