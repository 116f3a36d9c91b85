"""Fixtures, and the check of types and shapes in all tests."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner, Result
from hypothesis import settings

from tests.dagster_engines import keep_dagster_engines
from tests.dask_processes import DaskProcesses
from tests.homes import ready_home
from tests.object_server import running_store
from tests.postgres_server import PostgresServer, running_server, server_programs
from tests.type_checks import install_type_checks

# What a developer's shell says of a real history and real artifacts is not for tests. They would
# write to them, here and in the processes that they start; `make test` sets DAGSTER_HOME.
for variable in ("DAGSTER_HOME", "LR_PIPELINE_DATABASE", "LR_PIPELINE_ARTIFACTS"):
    os.environ.pop(variable, None)

keep_dagster_engines()

# Before a folder's conftest imports the package. Tests of workers (`-m dask`) are left out, since
# checked functions cannot be pickled.
if "dask" not in sys.argv:
    install_type_checks()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files on the whole package, the longest, so that no worker ends alone."""
    items.sort(key=lambda item: item.path.parent != Path(__file__).parent)


# Timings vary on shared machines, so a slow example is not a failure.
settings.register_profile("lr_pipeline", deadline=None)
settings.load_profile("lr_pipeline")


@pytest.fixture(scope="module")
def undrawn() -> Iterator[None]:
    """Figures are made but not drawn, which takes a quarter of a small run's time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lr_pipeline.report.canvas.inline_svg", lambda *_: "<svg></svg>")
        patch.setattr("lr_pipeline.report.canvas.picture", lambda *_: b"")
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """The folder in which a module's commands run."""
    return tmp_path_factory.mktemp("project")


@pytest.fixture(scope="module")
def run(folder, undrawn) -> Iterator[Callable[..., Result]]:
    """Run an lr-pipeline command in that folder; home and artifacts are below it.

    Training cross-validates, which takes a second, only where a test asks for it by ``--cv``: of an
    option that is given twice the last counts.
    """
    from lr_pipeline.cli.command_line import main  # after the import hook

    def invoke(*arguments: object) -> Result:
        verb, *words = map(str, arguments)
        if verb == "run":
            words = ["--cv", "0", *words]
        return CliRunner().invoke(main, [verb, *words])

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("COLUMNS", "200")
        yield invoke


@pytest.fixture
def data_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs may name the files of the tests, which are outside the project."""
    monkeypatch.setenv("LR_PIPELINE_DATA_ROOT", "/")


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is 3 s ahead, so that no file was just written: no test can put back its ctime."""
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + 3_000_000_000)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A new home for one test."""
    return ready_home(tmp_path / "home")


@pytest.fixture
def instance(home: Path) -> Iterator[dg.DagsterInstance]:
    """A persistent instance for one test."""
    with dg.DagsterInstance.from_config(str(home)) as opened:
        yield opened


@pytest.fixture(scope="session")
def standing(tmp_path_factory) -> Iterator[DaskProcesses]:
    """A scheduler and two workers, in processes of their own."""
    with DaskProcesses(tmp_path_factory.mktemp("dask")) as processes:
        yield processes.start_workers(2)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server; each test makes a database of its own."""
    programs = server_programs()
    if programs is None:
        pytest.skip("no PostgreSQL server is installed")
    with running_server(programs) as server:
        yield server


@pytest.fixture(scope="session")
def object_store() -> Iterator[dict[str, str]]:
    """The environment variables of a store that speaks S3; each test has a prefix of its own."""
    with running_store() as variables:
        yield variables
