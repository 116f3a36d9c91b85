"""A verb that cannot do what was asked ends with one line and exit code 1."""

import logging
import sys
from typing import NoReturn

import click

from lr_pipeline.tables.files.refusals import os_message


def fail(error: Exception | str) -> NoReturn:
    """Print the error and exit with code 1."""
    text = os_message(error) if isinstance(error, OSError) and error.errno else str(error)
    click.echo(f"error: {text}", err=True)
    sys.exit(1)


def one_line_a_retry(record: logging.LogRecord) -> bool:
    """Shorten, as a filter of the root logger, what Dagster says while it waits for PostgreSQL."""
    if str(record.msg).startswith("Retrying failed database connection"):
        record.msg, record.args = "the database of the run history does not answer yet", ()
    return True
