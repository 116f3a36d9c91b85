"""Ctrl-C before the command has begun, while Python imports it."""

import subprocess
import sys
from pathlib import Path

import pytest

from lr_pipeline.cli.start import SAID

# Imports the command, and is sent SIGINT as soon as the module {name} is looked for.
PROGRAM = """
import os, signal, sys
from lr_pipeline.cli.start import main

class Interrupting:
    def find_spec(self, name, *_):
        if name == {name!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
sys.argv = ["lr-pipeline", "run", "missing.csv", "--target", "y"]
main()
"""


@pytest.mark.parametrize(
    "module", ["click", "numpy", "lr_pipeline.cli.failure", "lr_pipeline.cli.run", "dagster"]
)
def test_an_interrupted_import_gives_one_line(module, tmp_path) -> None:
    """It is the line of every interruption, and the shell's exit code."""
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(name=module)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout, result.stderr) == (130, "", f"{SAID}\n")
