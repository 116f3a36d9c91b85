"""Where the run history is: in SQLite files of the home, or in PostgreSQL.

The variable ``LR_PIPELINE_DATABASE`` has the URL of a PostgreSQL database. The home's dagster.yaml
names the variable, so that neither it nor any other file has the password.
"""

import os
import re
from pathlib import Path

from lr_pipeline.storage.storage_error import ArtifactError

DATABASE = "LR_PIPELINE_DATABASE"
POSTGRES = f"""\
storage:
  postgres:
    postgres_url:
      env: {DATABASE}  # no file holds the URL itself, which has the password
"""
DRIVER = "psycopg2"


def storage_settings() -> str:
    """Return the lines of a new dagster.yaml that say where the history is; none for SQLite."""
    return POSTGRES if os.environ.get(DATABASE) else ""


def keeps_history_elsewhere(settings: Path) -> bool:
    """Tell whether a home's dagster.yaml says where the history is: not in SQLite files beside it.

    Raises
    ------
    ArtifactError
        The file and the variable contradict each other, the URL is not one that Dagster can use, or
        the extra ``postgres`` is not installed.
    """
    text = settings.read_text(encoding="utf-8")
    named = any(DATABASE in line.partition("#")[0] for line in text.splitlines())
    url = os.environ.get(DATABASE)
    if named and not url:
        raise ArtifactError(
            f"{settings}: the history of this home is in the database that the environment "
            f"variable {DATABASE} names, and it is not set. Set it to the URL."
        )
    if url and not named:
        raise ArtifactError(
            f"{settings}: {DATABASE} is set, but this home was made without it and keeps its "
            "history in SQLite. Choose another home, add the lines on storage that "
            "docs/operations.md has, or unset the variable."
        )
    if url:
        _require_usable(url)
    return re.search(r"^(storage|event_log_storage):", text, re.MULTILINE) is not None


def _require_usable(url: str) -> None:
    """Raise ``ArtifactError`` for a URL with which Dagster's storage would fail in a run."""
    try:
        import dagster_postgres  # noqa: F401
        from sqlalchemy import make_url
        from sqlalchemy.exc import ArgumentError
    except ImportError:
        raise ArtifactError(
            f"{DATABASE} needs dagster-postgres. Install it: pip install 'lr-pipeline[postgres]'."
        ) from None
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ArtifactError(
            f"{DATABASE}: the URL cannot be understood. Write it as in "
            "postgresql://user:password@host:5432/database."
        ) from None
    known = parsed.get_backend_name() == "postgresql"
    if not known or parsed.get_dialect().driver != DRIVER:
        raise ArtifactError(
            f"{DATABASE}: expected postgresql:// (with SQLAlchemy 2.1 postgresql+{DRIVER}://), "
            f"found {parsed.drivername}://. Dagster's storage works with the driver {DRIVER} only."
        )


def database_problem(error: BaseException) -> str | None:
    """Return what is wrong with PostgreSQL where an error is due to that, and the remedy."""
    causes = [error]
    while (cause := causes[-1].__cause__) is not None:
        causes.append(cause)
    packages = [type(one).__module__.partition(".")[0] for one in causes]
    if not {"psycopg2", "dagster_postgres"} & set(packages):
        return None
    return _no_answer(next(iter(str(causes[-1]).splitlines()), type(causes[-1]).__name__))


def lost_query(message: str) -> str | None:
    """Return what a step's error says where PostgreSQL stopped while it was asked; else None."""
    found = re.search(r"\(psycopg2\.(?:OperationalError|InterfaceError)\) (.*)", message)
    return None if found is None else _no_answer(found[1])


def _no_answer(said: str) -> str:
    return (
        f"the database of the run history does not answer: {said}. Start it, or correct "
        f"{DATABASE}; then give the command again. What earlier steps stored is intact."
    )
