"""The README's commands, code and links work, and give the output that it shows."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

import lr_pipeline
from lr_pipeline.cli.command_line import main
from lr_pipeline.orchestration.config.training_config import NumpyTrainingConfig
from lr_pipeline.orchestration.table_checks import build_checks

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """The fenced blocks of one language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    """A folder in which relative paths work as in a clone."""
    folder = tmp_path_factory.mktemp("clone")
    (folder / "data").mkdir()
    (folder / "data" / "samples").symlink_to(ROOT / "data" / "samples")
    shutil.copy(ROOT / "workspace.yaml", folder)
    return folder


def commands() -> list[tuple[list[str], str]]:
    """Every command of the console blocks, split into words, and its output as shown."""
    given = re.findall(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", "".join(blocks("console")), re.MULTILINE)
    return [(shlex.split(command), shown.strip()) for command, shown in given]


def pattern_of(shown: str) -> str:
    """The pattern of a shown line: times, rounding and the parts left out by ``…`` may differ."""
    line = re.escape(re.sub(r"\s+", " ", shown.strip()))
    for varying in (r"\d+\\\.\d\d\\ s\b", r"\de\\-\d+", r"\d\\\.\d\\ ×\\ 10⁻¹⁵", "…"):
        line = re.sub(varying, ".+", line)
    return line


def assert_shown(shown: str, output: str) -> None:
    """Assert that each line of the README is in the output; the order of assets may differ."""
    found = re.sub(r"[^\S\n]+", " ", output)
    for line in shown.splitlines():
        assert re.search(pattern_of(line), found), f"{line!r} is not in\n{output}"


# Commands of Dagster run in test_pipeline.py, those of a cluster in test_dask_engine.py.
LEFT_OUT = [
    ["export"],
    [".venv/bin/dg", "list", "defs"],
    [".venv/bin/dg", "launch"],
    [".venv/bin/pip", "install"],
    [".venv/bin/lr-pipeline", "run", "rows.parquet"],
]
PROGRAMS = (".venv/bin/lr-pipeline", "make")  # `make run` is `lr-pipeline run`


def test_the_commands_and_the_code_run_as_written(clone, monkeypatch) -> None:
    """Each of our commands gives the shown output or error; then every Python block runs."""
    monkeypatch.chdir(clone)
    monkeypatch.setenv("COLUMNS", "200")
    outputs = {}
    for words, shown in commands():
        if any(words[: len(other)] == other for other in LEFT_OUT):
            continue
        assert words[0] in PROGRAMS, words
        result = CliRunner().invoke(main, words[1:])
        assert result.exit_code == (1 if shown.startswith("error:") else 0), result.output
        assert_shown(shown, result.output)
        outputs[" ".join(words[1:3])] = result.output
    assert len(outputs) == 6
    (separated,) = blocks("text")
    assert_shown(separated.replace("…\n   ", "…"), outputs["run data/samples/breast_cancer.csv"])
    assert "✓ titanic/evaluation_report" in outputs["run data/samples/titanic.csv"]
    assert "1,309 rows by model" in outputs["predict data/samples/titanic.csv"]
    assert len((clone / "scores.csv").read_text().splitlines()) == 1 + 1309
    assert len((clone / "locations" / "titanic.py").read_text().splitlines()) == 6
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), {})


def test_a_line_that_the_output_lacks_is_found() -> None:
    """Only times, rounding and the parts left out are not compared."""
    assert_shown("a  0.95 s  at most 8e-13 … end", "x\na   1.05 s at most 2e-09 of it end\n")
    with pytest.raises(AssertionError, match="is not in"):
        assert_shown("accuracy 0.95", "accuracy 0.90")


def test_the_configuration_is_accepted() -> None:
    """The YAML block configures a model."""
    (block,) = blocks("yaml")
    config = yaml.safe_load(block)["ops"]["numpy_model"]["config"]
    parsed = NumpyTrainingConfig(**config)
    assert parsed.training().penalty.name == "l2"
    assert parsed.training().solver.tolerance == 1e-9


def test_every_check_is_in_the_table() -> None:
    """The table has every check, and no other."""
    section = README.partition("## The checks")[2].partition("\n## ")[0]
    listed = set(re.findall(r"^\| `(\w+)`", section, re.MULTILINE))
    assert listed == {key.name for check in build_checks() for key in check.check_keys}


def test_every_make_target_is_real() -> None:
    """The commands of the table are in the Makefile."""
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"`make ([a-z-]+)`", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_link_to_a_file_leads_somewhere() -> None:
    """The targets of all relative links in README and docs exist."""
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
