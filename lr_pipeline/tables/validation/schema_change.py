"""Compares a table's columns and types with those on which the model was last trained."""

from collections.abc import Mapping
from typing import Any

from lr_pipeline.core.listed_names import listed
from lr_pipeline.tables.errors import MOST_PROBLEMS, Problem, cut
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.values.column_values import kind_of

ABSENT = "—"
NOT_COMPARED = ("path", "url", "query", "split")  # the place may change, the columns may not
ACCEPT = "lr_pipeline/accept_schema"  # tag of a run


def contract_of(table: Table) -> dict[str, Any]:
    """Return the table's declaration, without its place and split, and column → kind of values.

    Integers, decimals and floating point are one kind, ``number``. Columns that were left out are
    included, since the next rows may make them useful.
    """
    declaration = table.provenance.get("declaration", {})
    columns = {field.name: kind_of(field.type) for field in table.schema}
    for one in table.provenance.get("left_out", []):
        columns[one["column"]] = one["type"]
    declared = {name: value for name, value in declaration.items() if name not in NOT_COMPARED}
    return {"declaration": declared, "columns": columns}


def schema_differences(before: Mapping[str, Any], table: Table) -> dict[str, tuple[str, str]]:
    """Column → kind before and now, for columns that differ; ``—`` stands for no column.

    A column that is now declared in another role is not included: its user wants that.
    """
    now = contract_of(table)
    old, new = before["columns"], now["columns"]
    return {
        name: (old.get(name, ABSENT), new.get(name, ABSENT))
        for name in [*new, *(name for name in old if name not in new)]
        if old.get(name) != new.get(name)
        and _role(before["declaration"], name) == _role(now["declaration"], name)
    }


def _role(declaration: Mapping[str, Any], column: str) -> str | None:
    """The role of a column, ``feature`` or its declared kind; None where it is left out."""
    for role in ("target", "id", "group", "time", "weight"):
        if declaration.get(role) == column:
            return role
    features = declaration.get("features")
    out = column in (declaration.get("exclude") or ())
    if out or (features is not None and column not in features):
        return None
    kinds = (kind for kind in ("category", "number") if column in (declaration.get(kind) or ()))
    return next(kinds, "feature")


def schema_problems(differences: Mapping[str, tuple[str, str]]) -> list[Problem]:
    """Return one error for all differences, with the remedy."""
    if not differences:
        return []
    changes = [f"{cut(name)!r}: {old} → {new}" for name, (old, new) in differences.items()]
    shown = listed(changes, MOST_PROBLEMS)
    remedy = "Correct the source, change the declaration, or accept it: --accept-schema, or the run"
    return [
        Problem(f"the columns changed since the last training: {shown}", f"{remedy} tag {ACCEPT}")
    ]
