"""The command ``lr-pipeline``: the pipeline without writing any Python.

Each verb is a command in the module of the same name in this folder. The module is imported when
the verb is called, so that ``predict`` does not wait for what only ``run`` needs.
"""

import atexit
import errno
import logging
import os
import sys
import threading
from importlib import import_module
from typing import Any

import click

from lr_pipeline.cli.failure import fail, one_line_a_retry
from lr_pipeline.cli.worst_moments import end_interrupted, history_problem, memory_problem
from lr_pipeline.storage.storage_error import ArtifactError
from lr_pipeline.tables.errors import TableError

VERBS = (
    "acknowledge",
    "champion",
    "deploy",
    "drift",
    "export",
    "health",
    "init",
    "new",
    "predict",
    "prune",
    "replay",
    "report",
    "run",
    "scorecard",
    "serve",
)


ARGUMENTS = "lr_pipeline.arguments"


class _Verbs(click.Group):
    """The verbs, imported when called; an unusable file or folder gives one line, no traceback."""

    def __call__(self, *args: Any, **settings: Any) -> Any:
        """Run the command as a program: its process ends with it."""
        try:
            return super().__call__(*args, **settings)
        except SystemExit as end:
            if isinstance(end.code, int):
                _end_process(end.code)
            raise

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the verbs for the help text."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the verb's module and return its command."""
        if cmd_name not in VERBS:
            return None
        command: click.Command = getattr(import_module(f"lr_pipeline.cli.{cmd_name}"), cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb that was given."""
        logging.getLogger().addFilter(one_line_a_retry)
        try:
            return super().invoke(ctx)
        except (ArtifactError, TableError) as error:
            fail(error)
        except OSError as error:
            if error.errno == errno.EPIPE:  # the program that reads the output has ended
                raise
            fail(error)
        except KeyboardInterrupt:
            end_interrupted()
        except click.ClickException:
            raise
        except Exception as error:
            if (problem := _problem(error, ctx)) is None:
                raise
            fail(problem)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Note the verb and its arguments, of which an error message may need the home."""
        name, command, rest = super().resolve_command(ctx, args)
        ctx.meta[ARGUMENTS] = command, list(rest)
        return name, command, rest


def _end_process(code: int) -> None:
    """End the process once its threads have ended and what is registered for its exit is done.

    Python would then take apart a million objects of torch and matplotlib one by one, for about a
    second. The processes of ``multiprocessing`` end in the same way. Where the output cannot be
    flushed this returns, so that Python says so.
    """
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
    except (OSError, ValueError):  # ValueError: it is closed
        return
    os._exit(code)


def _problem(error: Exception, ctx: click.Context) -> str | None:
    """Return the line for an error of the database or of memory; None for a fault of ours."""
    from lr_pipeline.orchestration.instance.history_database import database_problem
    from lr_pipeline.orchestration.instance.home import dagster_home

    command, arguments = ctx.meta[ARGUMENTS]
    given = command.make_context("", arguments, resilient_parsing=True).params
    message = f"{type(error).__name__}: {error}"
    return (
        database_problem(error)
        or history_problem(message, dagster_home(given.get("home")))
        or memory_problem(message)
    )


@click.group(
    cls=_Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="lr-pipeline")
def main() -> None:
    """Answer a yes/no question about a table with a logistic regression you can defend."""
