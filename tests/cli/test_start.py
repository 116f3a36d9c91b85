"""How the command begins, also when Ctrl-C comes while Python imports it, and how it ends."""

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


@pytest.mark.parametrize(("arguments", "code"), [(["--help"], 0), (["no-such-verb"], 2)])
def test_the_process_ends_without_taking_its_objects_apart(arguments: list[str], code: int) -> None:
    """What is registered for the exit is done, threads have ended, and the output is complete."""
    program = f"""
import atexit, sys, threading
from lr_pipeline.cli.start import main
class Object:
    def __del__(self):
        print("taken apart")
kept = Object()
atexit.register(print, "registered")
threading.Thread(target=lambda: (threading.main_thread().join(), print("thread"))).start()
sys.argv = ["lr-pipeline", *{arguments}]
main()
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ended.returncode == code
    assert ended.stdout.splitlines()[-2:] == ["thread", "registered"]
    assert ("Usage" in ended.stdout + ended.stderr) and "taken apart" not in ended.stdout
