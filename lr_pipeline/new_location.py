"""A code location for a table: a short Python file, and its entry in workspace.yaml.

Both are the user's from then on: a file that was edited is never overwritten, and of
workspace.yaml every line stays as it is.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import dagster as dg
import yaml

from lr_pipeline.schedules import build_training_schedule
from lr_pipeline.storage.atomic import new_file, replaced_file
from lr_pipeline.tables.sources import FileTable
from lr_pipeline.tables.split import SplitPolicy

WORKSPACE = "workspace.yaml"
FOLDER = "locations"
LINE_LENGTH = 100
INDENT = "    "


class LocationError(ValueError):
    """A code location cannot be written; nothing was."""


@dataclass(frozen=True)
class NewLocation:
    """What is to be written: the location's ``name``, its table, its cron expression (UTC).

    Without a ``schedule`` the location has the default one, switched off.
    """

    name: str
    table: FileTable
    schedule: str | None = None

    @property
    def file(self) -> str:
        """Path of the Python file below the folder of workspace.yaml."""
        return f"{FOLDER}/{self.name}.py"

    @property
    def entry(self) -> dict[str, Any]:
        """What workspace.yaml holds of it."""
        return {"python_file": {"relative_path": self.file, "location_name": self.name}}

    def python_text(self) -> str:
        """The Python file."""
        split = self.table.split != SplitPolicy()
        imports = ["from lr_pipeline import build_definitions"]
        imports += ["from lr_pipeline.tables.sources import FileTable"]
        imports += ["from lr_pipeline.tables.split import SplitPolicy"] if split else []
        settings = [f"name={_literal(self.name)}"]
        if self.schedule is not None:
            settings += [f"schedule={_literal(self.schedule)}", "scheduled=True"]
        lines = [
            f'"""Code location {self.name}: paths are relative to the folder of {WORKSPACE}."""',
            "",
            *imports,
            "",
            _call("table = FileTable", list(_arguments(self.table))),
            _call("defs = build_definitions", ["table", *settings]),
        ]
        return "\n".join(lines) + "\n"


def write_location(location: NewLocation, folder: Path) -> list[Path]:
    """Write the location's file and its workspace entry below ``folder``; return what changed.

    Done again it changes nothing. Everything is checked before anything is written.

    Raises
    ------
    LocationError
        The name or the cron expression is none, a file of that name was edited, or workspace.yaml
        has another location of that name or cannot be extended.
    TableError
        The table cannot be used; with every problem.
    """
    _require_name(location.name)
    _require_cron(location.schedule)
    file, workspace = folder / location.file, folder / WORKSPACE
    text = location.python_text()
    if file.exists() and file.read_text(encoding="utf-8") != text:
        raise LocationError(
            f"{file}: exists with other content, edited or written with other options, and is not "
            "overwritten. Edit it, remove it, or choose another name."
        )
    old = workspace.read_bytes().decode("utf-8") if workspace.exists() else ""
    new = _with_entry(old, location, workspace)
    location.table.read(to_split=True)
    changed = []
    if not file.exists():
        with new_file(file) as partial:
            partial.write_text(text, encoding="utf-8", newline="\n")
        changed.append(file)
    if new != old:
        with replaced_file(workspace) as partial:
            partial.write_bytes(new.encode("utf-8"))
        changed.append(workspace)
    return changed


def _require_name(name: str) -> None:
    if not re.fullmatch(r"\w+", name, flags=re.ASCII):
        raise LocationError(
            f"name {name!r}: letters, digits and underscores only, since it is that of a file, of "
            "a code location and of a part of every asset's key. Choose another."
        )


def _require_cron(schedule: str | None) -> None:
    if schedule is None:
        return
    try:
        build_training_schedule(schedule)
    except dg.DagsterInvalidDefinitionError:
        raise LocationError(
            f"schedule {schedule!r}: expected a cron expression of five fields (minute, hour, day "
            "of the month, month, weekday), such as '0 2 * * *' for every night at two."
        ) from None


def _with_entry(text: str, location: NewLocation, workspace: Path) -> str:
    """The text of workspace.yaml with the location's entry, every other line unchanged."""
    old, end = _parsed(text, workspace), "\r\n" if "\r\n" in text else "\n"
    entries = old.get("load_from") or []
    for entry in entries:
        if location.name in _names(entry):
            if entry == location.entry:
                return text
            raise LocationError(
                f"{workspace}: has another location {location.name!r}. Choose another name."
            )
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += end
    place, column = _place_of_next(text) if entries else (len(lines), 2)
    added = [f"{' ' * column}{line}{end}" for line in _entry_lines(location)]
    head = [] if "load_from" in old else [f"load_from:{end}"]
    new = "".join([*lines[:place], *head, *added, *lines[place:]])
    wanted = old | {"load_from": [*entries, location.entry]}
    if (entries or head) and _holds(new, wanted):
        return new
    by_hand = "\n".join(_entry_lines(location))
    raise LocationError(f"{workspace}: cannot be extended. Add below load_from:\n{by_hand}")


def _entry_lines(location: NewLocation) -> list[str]:
    name = location.name
    plain = yaml.safe_load(name) == name  # "no" and "1" need quotes
    return [
        "- python_file:",
        f"    relative_path: {location.file}",
        f"    location_name: {name if plain else json.dumps(name)}",
    ]


def _parsed(text: str, workspace: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise LocationError(f"{workspace}: no YAML: {' '.join(str(error).split())}") from None
    found = {} if found is None else found
    if not isinstance(found, dict) or not isinstance(found.get("load_from") or [], list):
        raise LocationError(f"{workspace}: expected a list load_from, found none. Correct it.")
    return found


def _holds(text: str, wanted: dict[str, Any]) -> bool:
    """Whether a text that was put together is YAML of these values."""
    try:
        return bool(yaml.safe_load(text) == wanted)
    except yaml.YAMLError:
        return False


def _names(entry: object) -> Iterator[str]:
    """The location's name in an entry of load_from, whichever kind it is."""
    if isinstance(entry, dict):
        for settings in entry.values():
            if isinstance(settings, dict) and "location_name" in settings:
                yield str(settings["location_name"])


def _place_of_next(text: str) -> tuple[int, int]:
    """Line (from 0) and column at which the list load_from, which has entries, would go on."""
    (found,) = (value for key, value in yaml.compose(text).value if key.value == "load_from")
    return _last_line(found.value[-1]) + 1, found.start_mark.column


def _last_line(node: yaml.Node) -> int:
    """Last line (from 0) of a node's text: the mark of a block's end is beyond comments."""
    if isinstance(node, yaml.ScalarNode):
        mark = node.end_mark
        return int(mark.line - (mark.column == 0 and mark.line > node.start_mark.line))
    children = [child for pair in node.value for child in (pair if type(pair) is tuple else [pair])]
    return max(map(_last_line, children), default=int(node.start_mark.line))


def _arguments(declaration: FileTable | SplitPolicy) -> Iterator[str]:
    """Arguments that differ from the defaults, the path first and without its name."""
    plain = SplitPolicy() if isinstance(declaration, SplitPolicy) else FileTable("", target="")
    for one in sorted(fields(declaration), key=lambda one: one.kw_only is True):
        value = getattr(declaration, one.name)
        if one.name == "path":
            yield _literal(str(value))
        elif value != getattr(plain, one.name):
            yield f"{one.name}={_literal(value)}"


def _literal(value: object) -> str:
    """Python source of a value; what JSON writes of a text is one, in double quotes."""
    if isinstance(value, SplitPolicy):
        return f"SplitPolicy({', '.join(_arguments(value))})"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_literal, value))}]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _call(function: str, arguments: list[str]) -> str:
    """A call on one line, or with an argument a line where that is too long."""
    line = f"{function}({', '.join(arguments)})"
    if len(line) <= LINE_LENGTH:
        return line
    return "\n".join([f"{function}(", *(f"{INDENT}{one}," for one in arguments), ")"])
