"""The command ``lr-pipeline`` itself: its verbs, their help, and what each verb imports."""

import subprocess
import sys

from click.testing import CliRunner

from lr_pipeline.cli.command_line import main


def test_help_explains_itself() -> None:
    """Both levels have an example."""
    assert "run" in CliRunner().invoke(main, ["--help"]).output
    text = CliRunner().invoke(main, ["run", "--help"]).output
    assert "lr-pipeline run data/samples/breast_cancer.csv --target malignant" in text
    assert "--penalty" in text


def test_every_verb_is_listed() -> None:
    """Each is listed with the first sentence of its help."""
    lines = CliRunner().invoke(main, ["--help"]).output.partition("Commands:")[2].splitlines()
    assert [line.split()[0] for line in lines if line.strip()] == ["init", "new", "predict", "run"]
    assert all(len(line.split()) > 3 for line in lines if line.strip())


def test_a_misspelt_verb_is_an_error_of_usage() -> None:
    """Click reports it with exit code 2."""
    result = CliRunner().invoke(main, ["predictt"])
    assert result.exit_code == 2
    assert "No such command 'predictt'" in result.output


def test_predict_loads_neither_the_assets_nor_the_figures() -> None:
    """A verb starts without the libraries that only another one needs."""
    code = "import lr_pipeline.cli.predict, sys; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    loaded = set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    assert "lr_pipeline.scoring.predictions" in loaded
    assert not loaded & {"dagster", "torch", "matplotlib", "lr_pipeline.orchestration.pipeline"}
