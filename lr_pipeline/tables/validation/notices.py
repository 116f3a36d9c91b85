"""What is to be said of a table that was read: its problems, and what was left out of it."""

from lr_pipeline.tables.roles import NAMES_SHOWN
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.validation.validate import find_problems


def by_severity(table: Table) -> dict[str, list[str]]:
    """The problems of a table that was read, in words, and the notices of its source.

    A useless feature that the declaration names is meant: a note.
    """
    found: dict[str, list[str]] = {"error": [], "warning": [], "note": []}
    named = table.provenance.get("declaration", {}).get("features") is not None
    for one in find_problems(table):
        meant = named and one.useless and one.severity == "warning"
        found["note" if meant else one.severity].append(str(one))
    for notice in table.provenance.get("notices", []):
        found[notice["severity"]].append(notice["text"])
    return {severity: list(dict.fromkeys(texts)) for severity, texts in found.items()}


def left_out_reasons(table: Table) -> list[str]:
    """Why columns of the source are no features; of many, the first twelve."""
    reasons = [one["reason"] for one in table.provenance.get("left_out", [])]
    rest = len(reasons) - NAMES_SHOWN
    return [*reasons[:NAMES_SHOWN], *([f"{rest} more columns"] if rest > 0 else [])]
