"""Which tables have a code location of their own in a workspace."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

WORKSPACE = "workspace.yaml"


def located_tables(folder: Path = Path()) -> set[str]:
    """Return the names of the tables that the files of ``folder``'s workspace.yaml define.

    Files are parsed, not run. Only names that stand in a call of ``build_definitions`` are found.
    """
    names: set[str] = set()
    for path in _files(folder):
        try:
            tree = ast.parse(path.read_bytes())
        except (OSError, SyntaxError, ValueError):  # Dagster shows what is wrong with it
            continue
        names.update(_names_in(tree))
    return names


def _files(folder: Path) -> Iterator[Path]:
    """Yield the Python files that are code locations."""
    try:
        workspace = yaml.safe_load((folder / WORKSPACE).read_bytes())
    except (OSError, ValueError, yaml.YAMLError):
        return
    entries = workspace.get("load_from") if isinstance(workspace, dict) else None
    for entry in entries if isinstance(entries, list) else []:
        for kind, told in entry.items() if isinstance(entry, dict) else []:
            settings: dict[str, Any] = told if isinstance(told, dict) else {}
            if kind == "python_file":
                yield folder / str(settings.get("relative_path", told))
            elif kind == "python_module":
                module = str(settings.get("module_name", told)).replace(".", "/")
                root = folder / str(settings.get("working_directory", ""))
                yield root / f"{module}.py"
                yield root / module / "__init__.py"


def _names_in(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = getattr(node.func, "id", getattr(node.func, "attr", None))
        if called == "build_definitions":
            given = [*node.args[1:2], *(one.value for one in node.keywords if one.arg == "name")]
            yield from (str(one.value) for one in given if isinstance(one, ast.Constant))
