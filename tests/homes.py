"""Unused Dagster homes for tests: copies of one, since to make one takes half a second."""

import atexit
import functools
import shutil
import tempfile
from pathlib import Path


def ready_home(path: Path) -> Path:
    """Return the home at this path; if there is none yet, a new one is copied there."""
    if not (path / "dagster.yaml").exists():
        shutil.copytree(_first_home(), path, dirs_exist_ok=True)
    return path


@functools.cache
def _first_home() -> Path:
    """Make the home that is copied; it is removed when this process ends."""
    from lr_pipeline.orchestration.instance.home import initialise_home  # after the import hook

    folder = tempfile.mkdtemp(prefix="lr-pipeline-home-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return initialise_home(Path(folder) / "home")
