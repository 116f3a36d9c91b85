"""Words for what stops any verb: a database that cannot be used, no memory, a person.

Each is one line: what happened, where, and what to do. The exit code of an interruption is the
shell's own, 130.
"""

import sys
from pathlib import Path
from typing import NoReturn

import click

from lr_pipeline.cli.start import INTERRUPTED, SAID

INTACT = "What earlier steps stored is intact"
DISK_FULL = ("the disk is full, a quota is used up, or the disk fails", "Free some space there")
GONE = ("files of it are missing or damaged", "Restore the folder from a backup, or name another")
# What SQLite says → reason, remedy.
REASONS = {
    "database is locked": (
        "another process keeps it locked",
        "End that process (fuser names it), then give the command again",
    ),
    "disk I/O error": DISK_FULL,
    "database or disk is full": DISK_FULL,
    "readonly database": ("it may not be written", "Allow that, or name another home: --home"),
    "unable to open database file": GONE,
    "no such table": GONE,
    "malformed": GONE,
    "file is not a database": GONE,
}
NO_MEMORY = (
    "MemoryError",
    "can't allocate memory",
    "Cannot allocate memory",
    "failed to map segment",
)
INTERRUPTIONS = ("DagsterExecutionInterruptedError", "KeyboardInterrupt")


def history_problem(message: str, home: Path | None = None) -> str | None:
    """Return what is wrong with the SQLite files of the run history; None for another message."""
    if "sqlite3." not in message:
        return None
    place = "the run history" if home is None else f"the run history in {home}"
    for said, (reason, remedy) in REASONS.items():
        if said in message:
            return f"{place}: {reason}. {remedy}. {INTACT}."
    return None


def memory_problem(message: str) -> str | None:
    """Return what to do where an error says that memory ran out; None for another message."""
    if not any(one in message for one in NO_MEMORY):
        return None
    return (
        "the memory that this process may have is used up. Give it more (ulimit -v, the "
        f"container's limit), or read the rows in blocks: --engine streaming. {INTACT}."
    )


def end_interrupted() -> NoReturn:
    """Say that a person stopped the command, and exit with 130."""
    click.echo(SAID, err=True)
    sys.exit(INTERRUPTED)
