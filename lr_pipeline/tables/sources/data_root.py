"""The folder in which those who may only launch runs may name files: the data root."""

import os
import re
from pathlib import Path

from lr_pipeline.tables.errors import TableError, table_error
from lr_pipeline.tables.sources.declared_places import is_variable
from lr_pipeline.tables.sources.locations import DATA_ROOT, GLOB_CHARACTERS, find_files


def data_root() -> Path:
    """Return the folder that LR_PIPELINE_DATA_ROOT names, else the current one, links resolved."""
    return Path(os.environ.get(DATA_ROOT) or ".").resolve()


def require_in_data_root(location: str, remedy: str) -> None:
    """Raise ``TableError`` unless ``location`` means files below the data root.

    Links are resolved. URLs and environment variables are refused, as are names that start with a
    dot, such as ``.env``. Nothing outside is looked at, so that the message does not tell what
    there is.
    """
    root = data_root()
    refusal = table_error(f"{location!r} lies outside the data root {root}", remedy)
    if "://" in location or "::" in location or is_variable(location):
        raise refusal
    before_pattern = re.split(f"[{re.escape(GLOB_CHARACTERS)}]", location)[0]
    if not all(_is_below(_as_read(one), root) for one in (before_pattern, location)):
        raise refusal
    try:
        found = find_files(location)
    except TableError:  # the reader says what is wrong with a place that may be read
        return
    if not all(one.local is not None and _is_below(one.local, root) for one in found):
        raise refusal


def _as_read(location: str) -> Path:
    """Return the path that fsspec makes of a location, with ``~`` and ``file:`` understood."""
    from fsspec.implementations.local import LocalFileSystem

    return Path(os.path.normpath(LocalFileSystem._strip_protocol(location)))


def _is_below(path: Path, root: Path) -> bool:
    """Tell whether a path, links resolved, is below the root without hidden folders or files."""
    real = path.resolve()
    parts = real.relative_to(root).parts if real.is_relative_to(root) else (".",)
    return not any(part.startswith(".") for part in parts)
