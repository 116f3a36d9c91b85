"""A standing cluster for the tests of a module."""

from collections.abc import Iterator

import pytest

from tests.dask_processes import DaskProcesses


@pytest.fixture(scope="package")
def standing(tmp_path_factory) -> Iterator[DaskProcesses]:
    """A scheduler and two workers, in processes of their own."""
    with DaskProcesses(tmp_path_factory.mktemp("dask")) as processes:
        yield processes.start_workers(2)
