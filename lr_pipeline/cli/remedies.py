"""Translate remedies in a message from Python arguments to options of the command line."""

import ast
import re
import shlex

from lr_pipeline.tables.errors import QUOTED

OPTIONS = {
    "positive": "--positive",
    "features": "--feature",
    "exclude": "--exclude",
    "id": "--id",
    "group": "--group",
    "time": "--time",
    "weight": "--weight",
    "category": "--category",
    "number": "--number",
    "missing": "--missing",
    "keep_na": "--keep-na",
    "test_size": "--test-size",
    "recalibration": "--recalibrate",
    "kind": "--split",
}
VALUE = rf"\[{QUOTED}(?:, {QUOTED})*\]|{QUOTED}|\d+(?:\.\d+)?(?:e-?\d+)?"
# Not in an address, such as …?id=7, or in a path, such as group=7/rows.csv.
ARGUMENT = re.compile(
    rf"{QUOTED}|(?<![\w?&;/])(?P<name>{'|'.join(OPTIONS)})=(?P<value>{VALUE})?(?![\w/%])"
)


def in_options(message: str) -> str:
    """Turn ``Set exclude=['day']`` into ``Give --exclude day``; quoted names stay as they are."""
    return re.sub(r"\b([Ss])et (?=--)", _give, ARGUMENT.sub(_option, message))


def _option(found: re.Match[str]) -> str:
    if found["name"] is None:
        return found[0]
    option = OPTIONS[found["name"]]
    if found["value"] is None:
        return option
    value = ast.literal_eval(found["value"])
    values = value if isinstance(value, list) else [value]
    return " ".join(f"{option} {shlex.quote(str(one))}" for one in values)


def _give(found: re.Match[str]) -> str:
    return "Give " if found[1] == "S" else "give "
