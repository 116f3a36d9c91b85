"""What a command says when the disk is full, the history is locked or gone, memory runs out, or a
person stops it: one line with the place and the remedy, and an exit code that is not 0.
"""

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import pytest

from lr_pipeline.orchestration.instance.home import initialise_home
from tests.dagster_server import BIN, wait_until

pytestmark = pytest.mark.faults

SPECTOR = Path(__file__).parents[1] / "data" / "samples" / "spector.csv"


@pytest.fixture
def command(tmp_path) -> list[object]:
    """A run on a prepared home."""
    initialise_home(tmp_path / "home")
    return [BIN / "lr-pipeline", "run", SPECTOR, "--target", "GRADE", "--home", tmp_path / "home"]


def ended(command: list[object], folder: Path, **options: object) -> tuple[int, list[str]]:
    """Run a command to its end; return the exit code and the lines of stderr."""
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=300, **options
    )
    assert "Traceback" not in done.stdout + done.stderr
    return done.returncode, done.stderr.strip().splitlines()


def limit(kind: int, size: int) -> Callable[[], None]:
    """Limit what the command may use."""
    return partial(resource.setrlimit, kind, (size, size))


def test_a_file_that_may_not_grow_is_said_to_be_a_full_disk(command, tmp_path) -> None:
    """As with a quota, the history is the first that cannot be written."""
    options = {"preexec_fn": limit(resource.RLIMIT_FSIZE, 100_000)}
    code, lines = ended(command, tmp_path, **options)
    assert code == 1
    assert lines == [
        f"error: the run history in {tmp_path}/home: the disk is full, a quota is used up, or the "
        "disk fails. Free some space there. What earlier steps stored is intact."
    ]


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A disk of half a megabyte, nearly full."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", disk]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only the superuser may mount a disk")
    (disk / "fill").write_bytes(bytes(480_000))
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


@pytest.mark.promise("Runs", "A full disk is one line with the place and the remedy.")
def test_a_full_disk_of_artifacts_is_named(command, small_disk, tmp_path) -> None:
    """Steps whose artifacts fit have stored them; the run ends with the one that does not."""
    (tmp_path / "data").symlink_to(small_disk)
    code, lines = ended(command, tmp_path)
    assert code == 1
    assert lines[0] == (
        f"error: artifacts cannot be stored below {tmp_path}/data/artifacts: no space is left on "
        "the disk. Free some, or name another disk."
    )


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Keep a database to oneself, as a program does that copies it."""
    with closing(sqlite3.connect(database, timeout=60)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield


def test_a_locked_history_is_named(command, tmp_path) -> None:
    """The command waits for half a minute before it gives up."""
    with locked(tmp_path / "home" / "history" / "runs.db"):
        code, lines = ended(command, tmp_path)
    assert code == 1
    assert lines == [
        f"error: the run history in {tmp_path}/home: another process keeps it locked. End that "
        "process (fuser names it), then give the command again. What earlier steps stored is "
        "intact."
    ]


@pytest.mark.promise(
    "Runs", "A history that was deleted is an error, and never begun anew in silence."
)
@pytest.mark.parametrize("gone", ["history/runs.db", "history/runs/index.db", "history"])
def test_a_deleted_history_is_not_begun_anew(command, tmp_path, gone) -> None:
    """Dagster would make an empty one, and everything would seem never to have been."""
    path = tmp_path / "home" / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    missing = path / "runs.db" if gone == "history" else path
    assert ended(command, tmp_path) == (
        1,
        [
            f"error: {missing}: expected a database of the run history, found nothing. Restore the "
            "home from a backup, or begin another one: --home, home= or DAGSTER_HOME."
        ],
    )
    assert not path.exists()


def test_a_damaged_history_is_named(command, tmp_path) -> None:
    """A file that is no database."""
    (tmp_path / "home" / "history" / "runs.db").write_bytes(b"no database" * 1000)
    code, lines = ended(command, tmp_path)
    assert code == 1
    assert lines == [
        f"error: the run history in {tmp_path}/home: files of it are missing or damaged. Restore "
        "the folder from a backup, or name another. What earlier steps stored is intact."
    ]


def test_too_little_memory_is_said_with_the_remedy(command, tmp_path) -> None:
    """There is not enough for torch."""
    code, lines = ended(command, tmp_path, preexec_fn=limit(resource.RLIMIT_AS, 1_500_000_000))
    assert code == 1
    assert lines == [
        "error: the memory that this process may have is used up. Give it more (ulimit -v, the "
        "container's limit), or read the rows in blocks: --engine streaming. What earlier steps "
        "stored is intact."
    ]


def test_an_interrupted_run_says_so_and_has_the_code_of_the_shell(command, tmp_path) -> None:
    """Ctrl-C while it works; what it had stored is there for the next run."""
    output = tmp_path / "output"
    with output.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=tmp_path, stdout=out, stderr=subprocess.PIPE, text=True
        )
        wait_until(lambda: b"spector/train_set" in output.read_bytes(), "the split is made")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=120)
    assert process.returncode == 130
    assert said.splitlines()[0] == (
        "interrupted. What earlier steps stored is intact; give the command again."
    )
    assert "Traceback" not in said


def test_an_unreachable_source_is_named_with_the_remedy(command, tmp_path) -> None:
    """Nothing listens there."""
    command[2] = "http://127.0.0.1:1/rows.csv"
    code, lines = ended(command, tmp_path, env=os.environ | {"COLUMNS": "200"})
    assert code == 1
    assert lines[0].startswith("error: http://127.0.0.1:1/rows.csv: cannot be reached: ")
