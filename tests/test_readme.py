"""What the README shows is what a reader gets."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

import lr_pipeline
from lr_pipeline.checks import build_checks
from lr_pipeline.command_line import main
from lr_pipeline.training_config import NumpyTrainingConfig

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """Fenced blocks of one language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    """A folder that looks like a clone to relative paths."""
    folder = tmp_path_factory.mktemp("clone")
    (folder / "data").mkdir()
    (folder / "data" / "samples").symlink_to(ROOT / "data" / "samples")
    shutil.copy(ROOT / "workspace.yaml", folder)
    return folder


def test_the_commands_and_the_code_run_as_written(clone, monkeypatch) -> None:
    """Every lr-pipeline command, with its error where one is shown, then every Python block."""
    monkeypatch.chdir(clone)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    ran = 0
    for block in blocks("console"):
        command, _, shown = block.partition("\n")
        program, *arguments = shlex.split(command.removeprefix("$ "))
        if program != ".venv/bin/lr-pipeline":
            continue
        result = CliRunner().invoke(main, arguments)
        expected = shown.strip()
        assert result.exit_code == (1 if expected.startswith("error:") else 0), result.output
        assert expected in result.output
        ran += 1
    assert ran == 5
    assert len((clone / "scores.csv").read_text().splitlines()) == 1 + 1309
    assert len((clone / "locations" / "titanic.py").read_text().splitlines()) == 7
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), {})


def test_the_configuration_is_accepted() -> None:
    """The YAML block configures a model."""
    (block,) = blocks("yaml")
    config = yaml.safe_load(block)["ops"]["numpy_model"]["config"]
    parsed = NumpyTrainingConfig(**config)
    assert parsed.training().penalty == "l2"
    assert parsed.training().solver.tolerance == 1e-9


def test_every_check_is_in_the_table() -> None:
    """And no other."""
    section = README.partition("## The checks")[2].partition("\n## ")[0]
    listed = set(re.findall(r"^\| `(\w+)`", section, re.MULTILINE))
    assert listed == {key.name for check in build_checks() for key in check.check_keys}


def test_every_make_target_is_real() -> None:
    """The commands of the table are in the Makefile."""
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"`make ([a-z-]+)`", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_link_to_a_file_leads_somewhere() -> None:
    """Relative links of README and docs."""
    pages = [page for page in (ROOT / "docs").rglob("*.md") if page.parent.name != "templates"]
    for page in [ROOT / "README.md", *pages]:
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_package_docstring_names_every_room() -> None:
    """The map in the package's docstring is complete."""
    package = ROOT / "lr_pipeline"
    rooms = {path.stem for path in package.iterdir() if not path.name.startswith("_")}
    for room in rooms:
        assert f"``{room}``" in lr_pipeline.__doc__, room
