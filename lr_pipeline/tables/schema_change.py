"""What a table's source promised when a model was last trained on it, and what changed since."""

from collections.abc import Mapping
from typing import Any

from lr_pipeline.tables.errors import Problem
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.target import kind_of

ABSENT = "—"
ACCEPT = "lr_pipeline/accept_schema"  # tag of a run


def contract_of(table: Table) -> dict[str, Any]:
    """Return the table's declaration, but for its split, and column → kind of its values.

    Integers, decimals and floating point are one kind, ``number``. Columns that were left out
    belong to it, since the next rows may make them useful.
    """
    declaration = table.provenance.get("declaration", {})
    columns = {field.name: kind_of(field.type) for field in table.schema}
    for one in table.provenance.get("left_out", []):
        columns[one["column"]] = one["type"]
    declared = {name: value for name, value in declaration.items() if name != "split"}
    return {"declaration": declared, "columns": columns}


def schema_differences(before: Mapping[str, Any], table: Table) -> dict[str, tuple[str, str]]:
    """Column → kind before and now, for those that differ; ``—`` where there is none.

    None where the declaration itself was changed meanwhile: then so is what is expected.
    """
    now = contract_of(table)
    if before["declaration"] != now["declaration"]:
        return {}
    old, new = before["columns"], now["columns"]
    return {
        name: (old.get(name, ABSENT), new.get(name, ABSENT))
        for name in [*new, *(name for name in old if name not in new)]
        if old.get(name) != new.get(name)
    }


def schema_problems(differences: Mapping[str, tuple[str, str]]) -> list[Problem]:
    """One error for all differences, with what to do."""
    if not differences:
        return []
    listed = ", ".join(f"{name!r}: {old} → {new}" for name, (old, new) in differences.items())
    remedy = "Correct the source, change the declaration, or accept it: --accept-schema, or the run"
    return [
        Problem(f"the columns changed since the last training: {listed}", f"{remedy} tag {ACCEPT}")
    ]
