"""Where artifacts are: the folder of new ones, and the present place of a recorded one."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from lr_pipeline.storage.object_store import location

if TYPE_CHECKING:
    from upath import UPath

ROOT, DEFAULT_ROOT = "LR_PIPELINE_ARTIFACTS", "data/artifacts"
BELOW_KEY = 2  # a version's folder and its file


def artifact_root(chosen: str = "") -> "Path | UPath":
    """Return where new artifacts go: to ``chosen``, else where the environment says, else here."""
    return location(chosen or os.environ.get(ROOT) or DEFAULT_ROOT)


def present_location(recorded: str, key_parts: int) -> "Path | UPath":
    """Return where the file of an artifact is now: it may have been moved with its project.

    It is where it was recorded, or, if that does not exist, at the same place below the present
    artifacts' folder: ``<root>/<asset key of so many parts>/<version>/<file>``. Whoever reads it
    verifies its SHA-256.
    """
    then = location(recorded)
    if not isinstance(then, Path) or then.exists():
        return then
    now = artifact_root().joinpath(*then.parts[-(key_parts + BELOW_KEY) :])
    return now if not isinstance(now, Path) or now.exists() else then
