"""The key prefix of a file's assets; two files must not share one."""

import ast
import re
from pathlib import Path

import click
import dagster as dg

from lr_pipeline.cli.location_file import FOLDER
from lr_pipeline.orchestration.instance.plan_fields import PlanError
from lr_pipeline.orchestration.instance.remembered_tables import read_plan, table_file
from lr_pipeline.orchestration.instance.report_choice import source_of_table
from lr_pipeline.orchestration.metadata.source_names import source_identity
from lr_pipeline.tables.sources.declared_tables import FileTable
from lr_pipeline.tables.sources.secrets import last_name, without_secrets


def asset_prefix(file: str) -> str:
    """Return the key prefix of a file: ``my-table.csv`` gives ``my_table``.

    Asset keys allow letters, digits and underscores only. The path of a URL counts.
    """
    stem = Path(last_name(file).removesuffix(".gz")).stem
    return re.sub(r"\W+", "_", stem, flags=re.ASCII).strip("_") or "table"


def own_prefix(file: str, instance: dg.DagsterInstance) -> str:
    """Return ``asset_prefix`` of a file; refuse it if another file has it already.

    The other file was trained in this instance, is remembered there, or has a code location in the
    current folder.

    Raises
    ------
    ClickException
        Naming the other file, and the remedy.
    """
    prefix = asset_prefix(file)
    for other in (
        source_of_table(prefix, instance),
        _remembered(prefix, instance),
        _located(Path(FOLDER, f"{prefix}.py")),
    ):
        if other is not None and other != source_identity(file):
            raise click.ClickException(
                f"{without_secrets(file)}: its assets would be {prefix}/…, and take the place of "
                f"those of {other}. "
                f"Give it a name of its own with --name, or --name {prefix} to replace them."
            )
    return prefix


def _remembered(prefix: str, instance: dg.DagsterInstance) -> str | None:
    """Return the source of the remembered table of this name."""
    try:
        plan = read_plan(table_file(prefix, instance.root_directory))
    except PlanError:  # there is none, or it is replaced
        return None
    return source_identity(str(plan.source.path)) if isinstance(plan.source, FileTable) else None


def _located(location: Path) -> str | None:
    """Return the source of the ``FileTable`` that a code location written by ``new`` declares."""
    if not location.is_file():
        return None
    try:
        tree = ast.parse(location.read_bytes())
    except (SyntaxError, ValueError):  # the user may be editing it
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "FileTable":
            path = node.args[0] if node.args else None
            if isinstance(path, ast.Constant):
                return source_identity(str(path.value))
    return None
