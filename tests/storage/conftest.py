"""Dagster instances on disk, disposed after each test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from lr_pipeline.storage.home import initialise_home


@pytest.fixture(scope="session")
def fresh_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An initialised Dagster home that nobody has used; to be copied."""
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
