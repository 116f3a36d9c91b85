"""Options that several verbs share: --home, and those of ``run`` and ``new`` for a table."""

from collections.abc import Callable
from math import isfinite
from typing import Any, TypeVar

import click

from lr_pipeline.tables.sources.declared_tables import FileTable
from lr_pipeline.tables.sources.secrets import without_secrets
from lr_pipeline.tables.split.split_policy import LARGEST_SEED, SPLIT_KINDS, SplitPolicy


class FiniteRange(click.FloatRange):
    """A finite number between two bounds; click's own type would accept NaN."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number, or end the command with a message that names the option."""
        number = float(super().convert(value, param, ctx))
        if not isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


SHARE = FiniteRange(0, 1, min_open=True, max_open=True)
SEED = click.IntRange(0, LARGEST_SEED)
HOME_HELP = "Dagster home [default: $DAGSTER_HOME, else .dagster_home here]."
WORKSPACE_HELP = "The code locations [default: workspace.yaml here]."
ANYWAY_HELP = (
    "Take the latest model where the table has no champion, and a model whose checks failed."
)
TESTED_ON = {"time": "the latest rows by", "group": "whole groups of"}

Command = TypeVar("Command", bound=Callable[..., Any])

OPTIONS = (
    click.option("--target", help="Column to predict; it must have two values."),
    click.option(
        "--positive",
        help="The target's value that counts as yes [default: 1, true, yes …, else the last in "
        "order].",
    ),
    click.option("--feature", "features", multiple=True, help="Use this column (repeatable)."),
    click.option("--exclude", multiple=True, help="Leave this column out (repeatable)."),
    click.option(
        "--category",
        multiple=True,
        help="A feature of codes: one column for each value (repeatable).",
    ),
    click.option(
        "--number",
        multiple=True,
        help="A feature of numbers, or of text that is numbers (repeatable).",
    ),
    click.option(
        "--protected",
        multiple=True,
        help="Compare answers between this column's groups; --exclude it as well to keep it from "
        "being a feature (repeatable).",
    ),
    click.option("--id", help="Column that identifies a row; never a feature."),
    click.option("--group", help="Column whose rows of one value stay together in the split."),
    click.option("--time", help="Column of dates, timestamps or numbers: tests on the latest."),
    click.option("--weight", help="Column that says how often a row counts."),
    click.option(
        "--missing",
        multiple=True,
        help="A word that stands for a missing value, such as '?', in every column (repeatable).",
    ),
    click.option(
        "--keep-na", multiple=True, help="In this column NA, null … are values (repeatable)."
    ),
    click.option(
        "--test-size", type=SHARE, default=0.2, show_default=True, help="Share of rows to test on."
    ),
    click.option(
        "--split",
        type=click.Choice(SPLIT_KINDS),
        help="sticky: by a hash of --group or --id (else of the row's number), so that new rows "
        "move no old one. time: test on the latest rows. [default: time with --time, group with "
        "--group, else random]",
    ),
    click.option("--seed", type=SEED, default=123, show_default=True, help="Seed of the split."),
)


def table_options(command: Command) -> Command:
    """Give a command all ``OPTIONS`` in their order; ``file_table`` takes their values."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def file_table(
    file: str, target: str | None, split: str | None, test_size: float, seed: int, **columns: Any
) -> FileTable:
    """Return the table that the options describe; print how it is split where a column decides it.

    Raises
    ------
    ClickException
        There is no target, or two columns ask for different splits.
    """
    if target is None:
        raise click.ClickException(
            f"which column of {without_secrets(file)} is the question? Give --target."
        )
    if split is None and columns["group"] is not None and columns["time"] is not None:
        raise click.ClickException(
            "--group keeps rows together and --time cuts between them: no split does both. "
            "Name one of them, or give --split group, sticky or random."
        )
    columns["features"] = columns["features"] or None
    policy = SplitPolicy(kind=split, test_size=test_size, seed=seed)
    table = FileTable(file, target, split=policy, **columns)
    if split is None and (asked := TESTED_ON.get(str(table.split.kind))):
        click.echo(f"Tests on {asked} {table.group or table.time!r} (--split {table.split.kind}).")
    return table
