"""One name for each source of a table, by which the event log tells sources apart."""

import os

from lr_pipeline.tables.sources.declared_places import is_variable
from lr_pipeline.tables.sources.secrets import without_secrets

SOURCE = "source"  # metadata of a dataset


def source_identity(source: str) -> str:
    """Return one form for all spellings of a path; a URL that is not a file's stays as it is.

    Passwords and tokens in a URL are left out, since the event log and the web UI show it.
    """
    path = source.removeprefix("file://")
    if is_variable(path):
        return path
    return str(without_secrets(path)) if "://" in path else os.path.realpath(path)
