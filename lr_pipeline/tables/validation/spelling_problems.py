"""Finds values that read alike, the number of their rows, and the first of these rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from lr_pipeline.core.listed_names import listed
from lr_pipeline.tables.errors import Problem
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.validation.column_summary import ColumnSummary
from lr_pipeline.tables.values.column_values import first_row, is_text, plain_values
from lr_pipeline.tables.values.spelling import alike, not_plain, shown_spelling, spelling_key

VALUES_SHOWN = 3
SPELLINGS_SHOWN = 4


@dataclass(frozen=True)
class Spellings:
    """One value: its most frequent spelling, the other spellings, and the rows of the others."""

    most: str
    others: tuple[str, ...]
    rows: int
    first_row: int

    def __str__(self) -> str:
        others = listed(map(shown_spelling, self.others), SPELLINGS_SHOWN)
        rows = f"rows: {self.rows}, first at row {self.first_row}"
        return f"{shown_spelling(self.most)} and {others} ({rows})"


def spellings_in(table: Table, name: str) -> list[Spellings]:
    """The values of a text column that have several spellings; the column is held in memory."""
    column = plain_values(table.column(name)).combine_chunks()
    if not is_text(column.type):
        return []
    counted = column.drop_null().value_counts()
    texts, counts = counted.field("values"), counted.field("counts")
    odd = texts.filter(not_plain(texts))
    keys = pa.array(set(map(spelling_key, odd.to_pylist())), texts.type)
    chosen = pc.or_(not_plain(texts), pc.is_in(texts, keys))  # a plain text equals its key
    rows = dict(
        zip(texts.filter(chosen).to_pylist(), counts.filter(chosen).to_pylist(), strict=True)
    )
    found = []
    for group in alike(rows):
        most, *others = sorted(group, key=lambda text: -rows[text])  # ties: the first
        place = first_row(pc.is_in(column, pa.array(others, column.type)))
        found.append(Spellings(most, tuple(others), sum(rows[o] for o in others), place))
        if len(found) > VALUES_SHOWN:
            break
    return found


def spelling_problems(table: Table, summaries: Mapping[str, ColumnSummary]) -> Iterator[Problem]:
    """Warn of values in several spellings, which count as one in features and groups.

    Only the columns with such values are read once more.
    """
    subjects = dict.fromkeys(table.roles.features, "feature")
    if table.roles.group is not None:
        subjects[table.roles.group] = "group"
    for name, subject in subjects.items():
        one = summaries[name]
        if not (is_text(one.kind) and one.num_levels < len(one.levels)):
            continue
        if found := spellings_in(table, name):
            message = (
                f"{subject} {name!r} has values in several spellings, which read alike and are "
                f"taken as one: {_listed(found)}"
            )
            row = min(one.first_row for one in found)
            yield Problem(message, "Write each in one way", name, row, severity="warning")


def repeated_spellings(table: Table, name: str) -> str:
    """What a message adds about ids that differ only in spelling; empty if there are none."""
    found = spellings_in(table, name)
    return f", of those that read alike {_listed(found)}" if found else ""


def _listed(found: list[Spellings]) -> str:
    more = " and others" if len(found) > VALUES_SHOWN else ""
    return "; ".join(map(str, found[:VALUES_SHOWN])) + more
