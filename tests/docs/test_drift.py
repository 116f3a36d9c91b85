"""The commands of docs/drift.md run as written, and the names in it exist."""

import re
import shlex
from pathlib import Path

from click.testing import CliRunner

import lr_pipeline
from lr_pipeline.cli.command_line import main
from lr_pipeline.lifecycle.drift.drift_findings import FLOORS, SIGNIFICANCE
from tests.test_readme import assert_shown

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/drift.md").read_text()


def test_the_commands_run_as_written(tmp_path, monkeypatch) -> None:
    """Each gives the output that is shown, and what the page loads can be loaded."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/samples").symlink_to(ROOT / "data/samples")
    (block,) = re.findall(r"^```console\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    commands = re.findall(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
    assert len(commands) == 2
    for command, shown in commands:
        words = shlex.split(command)
        assert words[0] == "lr-pipeline"
        result = CliRunner().invoke(main, words[1:])
        assert result.exit_code == 0, result.output
        assert_shown(shown.strip(), result.output)
    assert not lr_pipeline.load("titanic/drift_report")["drifted"]


def test_the_numbers_of_the_page_are_those_of_the_package() -> None:
    """Floors and level; the pages that it links to exist."""
    assert f"D = {FLOORS['D']:g} and\nV = {FLOORS['V']:g}" in PAGE
    assert f"significant at {SIGNIFICANCE:.0%}".replace("%", " %") in PAGE
    for link in re.findall(r"\]\(([^)#]+)", PAGE):
        assert (ROOT / "docs" / link).resolve().is_file(), link
