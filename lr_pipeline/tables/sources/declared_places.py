"""Places that are declared by the name of an environment variable, as ``env:ORDERS_URL``.

The value is looked up where the place is read. Messages never show it, because it may hold a
password or a token.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from lr_pipeline.tables.errors import TableError, table_error
from lr_pipeline.tables.files.refusals import naming
from lr_pipeline.tables.sources.secrets import without_secrets

ENVIRONMENT = "env:"


def is_variable(declared: str) -> bool:
    """Tell whether a declared place names an environment variable."""
    return declared.startswith(ENVIRONMENT)


def place_of(declared: str) -> str:
    """Return the place itself: the value of the variable, if it names one.

    Raises
    ------
    TableError
        The variable is not set.
    """
    if not is_variable(declared):
        return declared
    name = declared.removeprefix(ENVIRONMENT)
    if not (value := os.environ.get(name)):
        raise table_error(
            f"the environment variable {name} is not set", "Set it to the path or URL"
        )
    return value


@contextmanager
def naming_place(declared: str) -> Iterator[None]:
    """Name the source in errors as ``naming`` does, and a variable instead of its value."""
    value = os.environ.get(declared.removeprefix(ENVIRONMENT)) if is_variable(declared) else None
    try:
        with naming(value or declared):
            yield
    except TableError as error:
        if value is None:
            raise
        if type(error) is not TableError:
            error.args = tuple(_without(str(one), value, declared) for one in error.args)
            raise
        problems = [
            replace(
                one,
                message=_without(one.message, value, declared),
                remedy=_without(one.remedy, value, declared),
            )
            for one in error.problems
        ]
        raise TableError(*problems, source=declared) from None


def _without(text: str, value: str, declared: str) -> str:
    """Replace the value, and what the names of files below it begin with."""
    address = re.split(r"[?#]", value)[0] if "://" in value else value
    folder = re.split(r"[*?\[]", address)[0].rpartition("/")[0]
    parts = {value, address, folder}
    parts |= {one.partition("://")[2] for one in parts}
    parts |= {without_secrets(one) for one in parts}
    for part in sorted((one for one in parts if len(one) > 2), key=len, reverse=True):
        text = text.replace(part, declared)
    return text
