"""Which column of a table plays which part."""

import difflib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from lr_pipeline.tables.errors import table_error

METADATA_KEY = b"lr_pipeline"
NAMES_SHOWN = 12

PositiveValue = str | int | float | bool


@dataclass(frozen=True)
class ColumnRoles:
    """The part each column plays; a column without a part is not in the table.

    ``positive`` is the value of ``target`` whose probability is modelled, against all others;
    ``None`` only until it has been settled. ``id`` identifies a row, ``group`` keeps rows
    together in a split, ``time`` orders them and ``weight`` says how often a row counts.
    """

    target: str
    positive: PositiveValue | None
    features: tuple[str, ...]
    id: str | None = None
    group: str | None = None
    time: str | None = None
    weight: str | None = None

    @property
    def columns(self) -> frozenset[str]:
        """Every column that has a part."""
        others = (self.target, self.id, self.group, self.time, self.weight)
        return frozenset(self.features) | {name for name in others if name is not None}

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self) | {"features": list(self.features)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "ColumnRoles":
        """Inverse of ``to_dict``."""
        return cls(**values | {"features": tuple(values["features"])})


def assign_roles(
    names: Sequence[str],
    target: str,
    positive: PositiveValue | None = None,
    *,
    features: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    id: str | None = None,
    group: str | None = None,
    time: str | None = None,
    weight: str | None = None,
) -> ColumnRoles:
    """Check the declared columns against ``names``; features default to all that is left.

    Raises
    ------
    TableError
        A column is missing, occurs twice or has two parts, or no feature is left.
    """
    _require_distinct(names)
    special = {"target": target, "id": id, "group": group, "time": time, "weight": weight}
    for role, column in special.items():
        if column is not None:
            require_column(names, column, role)
    for role, columns in (("feature", features or ()), ("excluded", exclude)):
        for column in columns:
            require_column(names, column, role)
    if target in exclude:
        raise table_error(f"target {target!r} is excluded", "Remove it from exclude=", target)
    taken = {column for column in special.values() if column is not None}
    if features is None:
        features = [name for name in names if name not in taken and name not in exclude]
    for name in features:
        if name in taken or name in exclude:
            raise table_error(
                f"column {name!r} is declared a feature and something else",
                "Give it one role",
                name,
            )
    if not features:
        raise table_error(
            f"no feature is left; the columns are {quoted(names)}", "Add columns, or exclude fewer"
        )
    _require_distinct(features)
    return ColumnRoles(target, positive, tuple(features), id, group, time, weight)


def require_column(names: Sequence[str], column: str, role: str = "") -> None:
    """Raise ``TableError`` with the closest match and the columns there are."""
    if column in names:
        return
    subject = f"{role} column {column!r}".strip()
    close = difflib.get_close_matches(column, names, n=1, cutoff=0.7)
    remedy = f"Did you mean {close[0]!r}?" if close else "Name one of these"
    raise table_error(f"{subject} not found; there are: {quoted(names)}", remedy, column)


def quoted(values: Iterable[Any]) -> str:
    """List values for a message, cut where there are too many to read."""
    values = list(values)
    shown = ", ".join(repr(value) for value in values[:NAMES_SHOWN])
    rest = len(values) - NAMES_SHOWN
    return f"{shown} and {rest} more" if rest > 0 else shown


def with_metadata(schema: pa.Schema, roles: ColumnRoles, provenance: dict[str, Any]) -> pa.Schema:
    """Put roles and provenance into the schema's metadata, in place of all that is there."""
    document = json.dumps({"roles": roles.to_dict(), "provenance": provenance})
    return schema.with_metadata({METADATA_KEY: document.encode()})


def read_metadata(schema: pa.Schema) -> tuple[ColumnRoles, dict[str, Any]] | None:
    """Roles and provenance from a schema's metadata, ``None`` where there are none."""
    document = (schema.metadata or {}).get(METADATA_KEY)
    if document is None:
        return None
    values = json.loads(document)
    return ColumnRoles.from_dict(values["roles"]), values["provenance"]


def _require_distinct(names: Sequence[str]) -> None:
    duplicates = [name for name, count in Counter(names).items() if count > 1]
    if duplicates:
        raise table_error(f"column names occur more than once: {quoted(duplicates)}", "Rename them")
