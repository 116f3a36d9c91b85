"""What several verbs are tested with."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

SPECTOR = Path(__file__).parents[2] / "data" / "samples" / "spector.csv"


@pytest.fixture(scope="module")
def spector_in_use(run: Callable[..., Result]) -> None:
    """Train a model of spector's 32 students, and put it in use by hand: they are too few."""
    result = run("run", SPECTOR, "--target", "GRADE")
    assert result.exit_code == 0, result.output
    result = run("champion", "spector", "--promote", "latest", "--because", "it is a textbook's")
    assert result.exit_code == 0, result.output
