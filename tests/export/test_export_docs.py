"""The commands of docs/export.md run as written, and each verb's options there are real."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from lr_pipeline.cli.command_line import main
from lr_pipeline.export.evaluators import pmml_evaluator_missing
from lr_pipeline.export.export_model import BOUND, KINDS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "export.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_commands_run_as_written(tmp_path, monkeypatch) -> None:
    """The commands run in the order of the page, with the file that it shows."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "samples").symlink_to(ROOT / "data" / "samples")
    (yaml,) = blocks("yaml")
    (tmp_path / "reference.yaml").write_text(yaml)
    monkeypatch.chdir(tmp_path)
    ran = []
    for line in "".join(blocks("console")).splitlines():
        program, *words = shlex.split(line.removeprefix("$ "))
        assert program == "lr-pipeline"
        result = CliRunner().invoke(main, words)
        assert result.exit_code == 0, (line, result.output)
        ran.append(" ".join(words))
        if "pmml" in words and pmml_evaluator_missing():
            assert "! not evaluated" in result.output
        elif words[0] == "export":
            assert "largest difference" in result.output
    assert {kind for kind in KINDS if any(f"--to {kind}" in one for one in ran)} == set(KINDS)
    assert "reason_1" in (tmp_path / "scores.csv").read_text().splitlines()[0]


def test_the_numbers_of_the_page_are_those_of_the_code() -> None:
    """The page gives the bound and the number of rows."""
    assert f"beyond {BOUND} nothing is\nwritten" in PAGE
    for kind in KINDS:
        assert f"| `{kind}` |" in PAGE


@pytest.mark.parametrize("verb", ["export", "predict", "scorecard"])
def test_the_options_of_the_page_exist(verb) -> None:
    """An option that is named is in the help text."""
    text = CliRunner().invoke(main, [verb, "--help"]).output
    for line in PAGE.splitlines():
        if line.startswith(f"$ lr-pipeline {verb} "):
            for option in re.findall(r"--[a-z]+", line):
                assert option in text
