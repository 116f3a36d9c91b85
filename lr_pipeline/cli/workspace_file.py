"""Add an entry to workspace.yaml without changing any of its other lines."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml


class LocationError(ValueError):
    """A code location cannot be written; nothing was changed."""


def workspace_text(workspace: Path) -> str:
    """Return the text of workspace.yaml, empty where there is none; may raise ``LocationError``."""
    if not workspace.exists():
        return ""
    try:
        return workspace.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise LocationError(
            f"{workspace}: not UTF-8, byte {error.object[error.start]:#04x} at place "
            f"{error.start + 1}. Save it as UTF-8."
        ) from None


def with_entry(text: str, entry: dict[str, Any], workspace: Path) -> str:
    """Return the text of workspace.yaml with a new entry, every other line unchanged.

    Raises
    ------
    LocationError
        The text has another location of that name, or a form that cannot be extended.
    """
    (name,) = _names(entry)
    old, end = _parsed(text, workspace), "\r\n" if "\r\n" in text else "\n"
    entries = old.get("load_from") or []
    for other in entries:
        if name in _names(other):
            if other == entry:
                return text
            raise LocationError(f"{workspace}: has another location {name!r}. Choose another name.")
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += end
    place, column = _place_of_next(text) if entries else (len(lines), 2)
    added = [f"{' ' * column}{line}{end}" for line in _entry_lines(entry)]
    head = [] if "load_from" in old else [f"load_from:{end}"]
    new = "".join([*lines[:place], *head, *added, *lines[place:]])
    wanted = old | {"load_from": [*entries, entry]}
    if (entries or head) and _holds(new, wanted):
        return new
    by_hand = "\n".join(_entry_lines(entry))
    raise LocationError(f"{workspace}: cannot be extended. Add below load_from:\n{by_hand}")


def _entry_lines(entry: dict[str, Any]) -> list[str]:
    file, name = entry["python_file"].values()
    plain = yaml.safe_load(name) == name  # "no" and "1" need quotes
    return [
        "- python_file:",
        f"    relative_path: {file}",
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
    """Tell whether the text is YAML that gives these values."""
    try:
        return bool(yaml.safe_load(text) == wanted)
    except yaml.YAMLError:
        return False


def _names(entry: object) -> Iterator[str]:
    """Yield the location's name in an entry of load_from, whatever its kind."""
    if isinstance(entry, dict):
        for settings in entry.values():
            if isinstance(settings, dict) and "location_name" in settings:
                yield str(settings["location_name"])


def _place_of_next(text: str) -> tuple[int, int]:
    """Return line (from 0) and column for the next entry of the non-empty list load_from."""
    (found,) = (value for key, value in yaml.compose(text).value if key.value == "load_from")
    return _last_line(found.value[-1]) + 1, found.start_mark.column


def _last_line(node: yaml.Node) -> int:
    """Return the last line (from 0) of a node's text; PyYAML's end mark lies after comments."""
    if isinstance(node, yaml.ScalarNode):
        mark = node.end_mark
        return int(mark.line - (mark.column == 0 and mark.line > node.start_mark.line))
    children = [child for pair in node.value for child in (pair if type(pair) is tuple else [pair])]
    return max(map(_last_line, children), default=int(node.start_mark.line))
