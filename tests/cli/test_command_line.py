"""The command ``lr-pipeline`` itself: its verbs, their help, and what each verb imports."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from lr_pipeline.cli.command_line import VERBS, main


def test_help_explains_itself() -> None:
    """Both levels have an example."""
    assert "run" in CliRunner().invoke(main, ["--help"]).output
    text = CliRunner().invoke(main, ["run", "--help"]).output
    assert "lr-pipeline run data/samples/breast_cancer.csv --target malignant" in text
    assert "--penalty" in text


def test_every_verb_is_listed() -> None:
    """Each is listed with the first sentence of its help."""
    lines = CliRunner().invoke(main, ["--help"]).output.partition("Commands:")[2].splitlines()
    assert tuple(line.split()[0] for line in lines if line.strip()) == VERBS
    assert all(len(line.split()) > 3 for line in lines if line.strip())


def test_a_misspelt_verb_is_an_error_of_usage() -> None:
    """Click reports it with exit code 2."""
    result = CliRunner().invoke(main, ["predictt"])
    assert result.exit_code == 2
    assert "No such command 'predictt'" in result.output


def modules_after(code: str) -> set[str]:
    """Return the modules that a new interpreter has loaded after it ran some code."""
    command = [sys.executable, "-c", f"{code}; print(*sys.modules)"]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize("verb", VERBS)
def test_help_does_not_wait_for_dagster(verb: str) -> None:
    """Only a verb that is carried out imports what it needs."""
    loaded = modules_after(f"import lr_pipeline.cli.{verb}, sys")
    assert f"lr_pipeline.cli.{verb}" in loaded
    assert not loaded & {"dagster", "sqlalchemy", "torch", "matplotlib", "pandas", "sklearn"}


def test_modules_imported_before_the_work_are_never_searched() -> None:
    """The garbage collector leaves them out, and searches others, though rarely, afterwards."""
    code = """
import gc, sys
from lr_pipeline.cli.uncollected_imports import NEW_OBJECTS, uncollected_imports
with uncollected_imports("json.tool"):
    assert not gc.isenabled()
    import json.tool
assert gc.isenabled()
assert gc.get_threshold()[0] == NEW_OBJECTS
frozen = gc.get_freeze_count()
assert frozen > len(gc.get_objects())
with uncollected_imports("json.tool"):
    assert gc.isenabled()
assert gc.get_freeze_count() == frozen
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_predict_loads_neither_the_assets_nor_the_figures() -> None:
    """A verb starts without the libraries that only another one needs."""
    loaded = modules_after("import lr_pipeline.cli.predict, sys")
    assert "lr_pipeline.scoring.predictions" in loaded
    assert not loaded & {"dagster", "torch", "matplotlib", "lr_pipeline.orchestration.pipeline"}


def test_a_verb_that_memory_is_too_small_to_import_is_said_in_one_line(monkeypatch) -> None:
    """Then its options are not known, of which the home of an error message would be one."""

    def no_memory(name: str) -> None:
        raise ImportError("libtorch.so: failed to map segment from shared object")

    monkeypatch.setattr("lr_pipeline.cli.command_line.import_module", no_memory)
    result = CliRunner().invoke(main, ["run"])
    assert result.exit_code == 1
    assert result.stderr.startswith("error: the memory that this process may have is used up")


@pytest.mark.parametrize(
    ("option", "value"), [(o, v) for o in ("--keep-days", "--max-gb") for v in ("nan", "inf")]
)
def test_prune_refuses_what_is_no_number_of_days_or_bytes(tmp_path, option, value) -> None:
    """No run is younger than NaN days, so that they would all go."""
    result = CliRunner().invoke(main, ["prune", option, value, "--home", str(tmp_path)])
    assert result.exit_code == 2
    assert f"{value} is not a finite number" in result.output
