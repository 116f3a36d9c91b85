"""The command ``lr-pipeline``: the pipeline without writing any Python.

Each verb is a command in the module of the same name in this folder. The module is imported when
the verb is called, so that ``predict`` does not wait for what only ``run`` needs.
"""

import errno
import logging
from importlib import import_module
from typing import Any

import click

from lr_pipeline.cli.failure import fail, one_line_a_retry
from lr_pipeline.cli.worst_moments import end_interrupted, history_problem, memory_problem

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
    """The verbs, imported when called; an error that a user can mend is one line, no traceback."""

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
        except OSError as error:
            if error.errno == errno.EPIPE:  # the program that reads the output has ended
                raise
            fail(error)
        except KeyboardInterrupt:
            end_interrupted()
        except click.ClickException:
            raise
        except Exception as error:
            if type(error).__module__.startswith("lr_pipeline."):  # it is written for the user
                fail(error)
            if (problem := _problem(error, ctx)) is None:
                raise
            fail(problem)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Note the verb and its arguments: an error message may need the home among them."""
        name, command, rest = super().resolve_command(ctx, args)
        ctx.meta[ARGUMENTS] = command, list(rest)
        return name, command, rest


def _problem(error: Exception, ctx: click.Context) -> str | None:
    """Return the line for an error of the database or of memory; None for other errors."""
    from lr_pipeline.orchestration.instance.history_database import database_problem
    from lr_pipeline.orchestration.instance.home import dagster_home

    home = None
    if ARGUMENTS in ctx.meta:  # else the import of the verb has failed
        command, arguments = ctx.meta[ARGUMENTS]
        home = command.make_context("", arguments, resilient_parsing=True).params.get("home")
    message = f"{type(error).__name__}: {error}"
    return (
        database_problem(error)
        or history_problem(message, dagster_home(home))
        or memory_problem(message)
    )


@click.group(
    cls=_Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="lr-pipeline")
def main() -> None:
    """Answer a yes/no question about a table with a logistic regression you can defend."""
