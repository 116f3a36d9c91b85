"""``scorecard`` as a user sees it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

SPECTOR = Path(__file__).parents[2] / "data" / "samples" / "spector.csv"
Run = Callable[..., Result]


def test_the_card_is_printed_or_written(run: Run, spector_in_use: None, folder: Path) -> None:
    """With the model's coefficients, or of bins; the scale is the one that was asked for."""
    result = run("scorecard", "spector", "--base", 500, "--odds", 1, "--pdo", 10)
    assert result.exit_code == 0, result.stderr
    assert "500 points at odds of 1 to 1 for yes, 10 points more double them" in result.output
    assert "PSI" in result.output
    result = run("scorecard", "spector", "--bins", 3, "--falling", "--output", "out/card.json")
    assert result.exit_code == 0, result.stderr
    card = json.loads((folder / "out" / "card.json").read_text())
    assert card["scale"]["rising"] is False
    rates = [
        [one["positives"] / one["cases"] for one in column["attributes"]]
        for column in card["columns"]
        if column["name"] == "GPA"
    ]
    assert rates[0] == sorted(rates[0])
    assert "AUC" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("spector", "--odds", "-1"), "odds must be a positive number, found -1"),
        (("spector", "--output", "card.xlsx"), "ends in .csv"),
        (("spektor",), "Did you mean 'spector/champion'?"),
    ],
)
def test_a_mistake_is_said_in_one_line(run: Run, spector_in_use: None, arguments, message) -> None:
    """The command ends with exit code 1, prints no traceback and writes no file."""
    result = run("scorecard", *arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert message in result.stderr


def test_lost_training_rows_are_not_said_to_be_of_a_file(
    run: Run, spector_in_use: None, folder: Path
) -> None:
    """The table was named; what is missing are its rows. This comes last, since they stay away."""
    shutil.rmtree(folder / "data" / "artifacts" / "spector" / "train_set")
    result = run("scorecard", "spector", "--bins", 3)
    assert result.exit_code == 1
    assert "needs the stored training rows of spector, found none" in result.stderr
