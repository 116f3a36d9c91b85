"""Write a code location for a table: a short Python file, and its entry in workspace.yaml.

Both then belong to the user: an edited file is never overwritten, and the lines of workspace.yaml
stay as they are.
"""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lr_pipeline.cli.workspace_file import LocationError, with_entry, workspace_text
from lr_pipeline.orchestration.automation.monthly_history import without_time
from lr_pipeline.orchestration.config.automation_config import DAILY, UTC, AutomationConfig
from lr_pipeline.orchestration.config.own_defaults import first_problem
from lr_pipeline.orchestration.instance.located_tables import WORKSPACE
from lr_pipeline.storage.atomic import new_file, replaced_file
from lr_pipeline.tables.sources.declared_tables import FileTable
from lr_pipeline.tables.sources.secrets import without_secrets
from lr_pipeline.tables.split.split_policy import SplitPolicy

FOLDER = "locations"
LINE_LENGTH = 100
INDENT = "    "


@dataclass(frozen=True)
class NewLocation:
    """A code location to be written: its ``name``, its table, and when that is trained.

    Without a ``schedule`` the location has the default one, switched off. ``watch``: it is trained
    when the file's content changes. ``monthly_from``: the first of its past months (YYYY-MM).
    """

    name: str
    table: FileTable
    schedule: str | None = None
    timezone: str = UTC
    watch: bool = False
    monthly_from: str | None = None

    @property
    def file(self) -> str:
        """Path of the Python file, relative to the folder of workspace.yaml."""
        return f"{FOLDER}/{self.name}.py"

    @property
    def entry(self) -> dict[str, Any]:
        """The location's entry in workspace.yaml."""
        return {"python_file": {"relative_path": self.file, "location_name": self.name}}

    def python_text(self) -> str:
        """The text of the Python file."""
        split = [] if _splits_by_default(self.table) else ["SplitPolicy"]
        names = ["FileTable", *split, "build_definitions"]
        settings = [f"name={_literal(self.name)}"]
        if self.schedule is not None:
            settings += [f"schedule={_literal(self.schedule)}", "scheduled=True"]
        if self.timezone != UTC:
            settings.append(f"timezone={_literal(self.timezone)}")
        if self.watch:
            settings.append("watch=True")
        if self.monthly_from is not None:
            settings.append(f"monthly_from={_literal(self.monthly_from)}")
        lines = [
            f'"""Code location {self.name}: paths are relative to the folder of {WORKSPACE}."""',
            "",
            f"from lr_pipeline import {', '.join(names)}",
            "",
            _call("table = FileTable", list(_arguments(self.table))),
            _call("defs = build_definitions", ["table", *settings]),
        ]
        return "\n".join(lines) + "\n"


def write_location(location: NewLocation, folder: Path) -> list[Path]:
    """Write the location's file and its workspace entry below ``folder``; return what changed.

    A second call changes nothing. Everything is checked before anything is written.

    Raises
    ------
    LocationError
        The name, the cron expression or the time zone is invalid, a file of that name was edited,
        workspace.yaml has another location of that name or cannot be extended, or the table's
        address holds a secret.
    TableError
        The table cannot be used; the message lists every problem.
    """
    _require_name(location.name)
    _require_times(location)
    _require_no_secret(str(location.table.path))
    file, workspace = folder / location.file, folder / WORKSPACE
    text = location.python_text()
    if file.exists() and file.read_bytes().replace(b"\r\n", b"\n") != text.encode("utf-8"):
        raise LocationError(
            f"{file}: exists with other content, edited or written with other options, and is not "
            "overwritten. Edit it, remove it, or choose another name."
        )
    old = workspace_text(workspace)
    new = with_entry(old, location.entry, workspace)
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
    if name in sys.stdlib_module_names or name in sys.modules or _is_installed(name):
        raise LocationError(
            f"name {name!r}: is that of a Python module, which the location's file would hide from "
            "all that import it. Choose another."
        )


def _is_installed(name: str) -> bool:
    """Tell whether an installed package or module (not the current folder) has this name."""
    here = Path().resolve()
    places = [place for place in sys.path if Path(place).resolve() != here]
    found = PathFinder.find_spec(name, places)
    return found is not None and found.loader is not None


def _require_no_secret(path: str) -> None:
    if (shown := without_secrets(path)) != path:
        raise LocationError(
            f"{shown}: the address holds a password or a token (***), which is not written into a "
            "file. Keep it where fsspec looks for it (its configuration, the environment), and "
            "leave it out of the address."
        )


def _require_times(location: NewLocation) -> None:
    schedule = DAILY if location.schedule is None else location.schedule
    try:
        AutomationConfig(
            schedule=schedule, timezone=location.timezone, monthly_from=location.monthly_from
        )
    except ValidationError as error:
        raise LocationError(f"{first_problem(error)[1]}.") from None
    if location.monthly_from is not None and (reason := without_time(location.table)):
        raise LocationError(reason)


def _arguments(declaration: FileTable | SplitPolicy) -> Iterator[str]:
    """Yield the arguments that differ from the defaults; the path comes first, without a name."""
    if isinstance(declaration, SplitPolicy):
        plain: FileTable | SplitPolicy = SplitPolicy(kind=declaration.kind)
        yield f"kind={_literal(declaration.kind)}"
    else:
        plain = FileTable("", target="", split=declaration.split)
        yield _literal(str(declaration.path))
    for one in sorted(fields(declaration), key=lambda one: one.kw_only is True):
        value = getattr(declaration, one.name)
        if one.name != "path" and value != getattr(plain, one.name):
            yield f"{one.name}={_literal(value)}"
    if isinstance(declaration, FileTable) and not _splits_by_default(declaration):
        yield f"split={_literal(declaration.split)}"


def _splits_by_default(table: FileTable) -> bool:
    """Tell whether the split need not be written: it is random, and no column asks for another."""
    return (table.group, table.time) == (None, None) and table.split == SplitPolicy(kind="random")


def _literal(value: object) -> str:
    """Return the Python source of a value; JSON's form of a text is valid Python."""
    if isinstance(value, SplitPolicy):
        return f"SplitPolicy({', '.join(_arguments(value))})"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_literal, value))}]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _call(function: str, arguments: list[str]) -> str:
    """Return a call on one line, or with one argument a line where that is too long."""
    line = f"{function}({', '.join(arguments)})"
    if len(line) <= LINE_LENGTH:
        return line
    return "\n".join([f"{function}(", *(f"{INDENT}{one}," for one in arguments), ")"])
