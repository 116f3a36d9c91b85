"""Shapes are checked while the tests run: jaxtyping's annotations, enforced by beartype."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner, Result
from hypothesis import settings
from jaxtyping import install_import_hook

from tests.dask_processes import DaskProcesses

CHECKED = ("core", "engines", "tables", "models", "evaluation", "report", "studies")


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
    from lr_pipeline.cli.command_line import main  # after the import hook

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("DAGSTER_HOME", raising=False)
        patch.setenv("COLUMNS", "200")
        yield lambda *arguments: CliRunner().invoke(main, [str(part) for part in arguments])


@pytest.fixture(scope="session")
def fresh_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An initialised Dagster home that nobody has used; to be copied."""
    from lr_pipeline.orchestration.instance.home import initialise_home  # after the import hook

    return initialise_home(tmp_path_factory.mktemp("fresh") / "home")


@pytest.fixture
def home(fresh_home: Path, tmp_path: Path) -> Path:
    """A home of the test's own."""
    return shutil.copytree(fresh_home, tmp_path / "home")


@pytest.fixture
def instance(home: Path) -> Iterator[dg.DagsterInstance]:
    """A persistent instance of the test's own."""
    with dg.DagsterInstance.from_config(str(home)) as opened:
        yield opened


@pytest.fixture(scope="session")
def standing(tmp_path_factory) -> Iterator[DaskProcesses]:
    """A scheduler and two workers, in processes of their own."""
    with DaskProcesses(tmp_path_factory.mktemp("dask")) as processes:
        yield processes.start_workers(2)
