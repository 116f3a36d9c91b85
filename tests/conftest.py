"""Shapes are checked while the tests run: jaxtyping's annotations, enforced by beartype."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import settings
from jaxtyping import install_import_hook

CHECKED = ("core", "engines", "tables", "models", "report", "studies")


def pytest_configure(config: pytest.Config) -> None:
    """Check shapes, but where functions are sent to workers: checked ones cannot be pickled."""
    if config.option.markexpr != "dask":
        install_import_hook([f"lr_pipeline.{room}" for room in CHECKED], "beartype.beartype")


# Timings vary on shared machines, and a slow example is no failure.
settings.register_profile("lr_pipeline", deadline=None)
settings.load_profile("lr_pipeline")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Where the commands of a module are given."""
    return tmp_path_factory.mktemp("project")


@pytest.fixture(scope="module")
def run(folder) -> Iterator[Callable[..., Result]]:
    """Give an lr-pipeline command in that folder; home and artifacts are below it."""
    from lr_pipeline.command_line import main  # after the import hook

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("DAGSTER_HOME", raising=False)
        patch.setenv("COLUMNS", "200")
        yield lambda *arguments: CliRunner().invoke(main, [str(part) for part in arguments])
