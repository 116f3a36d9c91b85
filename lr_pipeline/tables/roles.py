"""The roles of a table's columns: target, features, id, group, time and weight."""

import difflib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypedDict

import pyarrow as pa

from lr_pipeline.core.listed_names import listed
from lr_pipeline.tables.errors import LONGEST_NAME, Problem, TableError, cut, table_error
from lr_pipeline.tables.values.spelling import alike, shown_spelling, spelled_like
from lr_pipeline.versions import FormatVersionError, with_format_version, without_format_version

METADATA_KEY = b"lr_pipeline"
NAMES_SHOWN = 12

KINDS = ("category", "number")  # that a feature can be declared to have
OF_SOME = (*KINDS, "protected")  # what is told of a column only where it is declared

PositiveValue = str | int | float | bool


@dataclass(frozen=True)
class ColumnRoles:
    """The role of each column; a column without a role is not in the table.

    ``positive`` is the value of ``target`` whose probability is modelled, against all others; it
    is ``None`` only until it has been determined. ``id`` identifies a row, ``group`` keeps rows
    together in a split, ``time`` orders them and ``weight`` says how often a row counts.
    ``category`` and ``number``: features that are of that kind whatever their values look like.
    ``protected``: columns, features or not, by whose groups a report compares a model's answers.
    """

    target: str
    positive: PositiveValue | None
    features: tuple[str, ...]
    id: str | None = None
    group: str | None = None
    time: str | None = None
    weight: str | None = None
    category: tuple[str, ...] = ()
    number: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()

    @property
    def columns(self) -> frozenset[str]:
        """Every column that has a role."""
        others = (self.target, self.id, self.group, self.time, self.weight)
        named = {name for name in others if name is not None}
        return frozenset(self.features) | named | frozenset(self.protected)

    @property
    def keys(self) -> frozenset[str]:
        """The id and the group, whose values are only compared for equality."""
        return frozenset(name for name in (self.id, self.group) if name is not None)

    def of_features(self, features: tuple[str, ...]) -> "ColumnRoles":
        """Return the same roles with fewer features."""
        kept = set(features)
        category = tuple(name for name in self.category if name in kept)
        number = tuple(name for name in self.number if name in kept)
        return replace(self, features=features, category=category, number=number)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, without kinds that are not declared."""
        kinds = {kind: list(getattr(self, kind)) for kind in OF_SOME}
        plain = {name: value for name, value in asdict(self).items() if name not in kinds}
        given = {name: names for name, names in kinds.items() if names}
        return plain | {"features": list(self.features)} | given

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "ColumnRoles":
        """Inverse of ``to_dict``."""
        return cls(**values | {one: tuple(values.get(one, ())) for one in ("features", *OF_SOME)})


class RoleNames(TypedDict, total=False):
    """The keyword arguments of ``assign_roles`` that name columns besides the target."""

    features: Sequence[str] | None
    exclude: Sequence[str]
    id: str | None
    group: str | None
    time: str | None
    weight: str | None
    category: Sequence[str]
    number: Sequence[str]
    protected: Sequence[str]


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
    category: Sequence[str] = (),
    number: Sequence[str] = (),
    protected: Sequence[str] = (),
) -> ColumnRoles:
    """Check the declared columns against ``names``; features default to all other columns.

    ``category`` and ``number`` declare the kind of some of the features. A ``protected`` column
    that is excluded stays in the table without being a feature.

    Raises
    ------
    TableError
        With every reason: a column is missing, occurs twice or has two roles, or no feature is
        left.
    """
    roles = {"target": target, "id": id, "group": group, "time": time, "weight": weight}
    named = [(role, column) for role, column in roles.items() if column is not None]
    taken = {column for _, column in named} | set(exclude)
    named += [("feature", column) for column in features or ()]
    named += [("excluded", column) for column in exclude]
    kinds = [("category", column) for column in category] + [("number", one) for one in number]
    named += kinds
    named += [("protected", column) for column in protected]
    known = set(names)
    features = None if features is None else list(dict.fromkeys(features))
    problems = [*_occurring_twice(names)]
    problems += [_not_found(names, column, role) for role, column in named if column not in known]
    problems += _of_two_roles(named)
    if features is None:
        features = [name for name in names if name not in taken]
    problems += _reading_alike(known & {*features, *(name for _, name in named)} - set(exclude))
    problems += _of_no_feature(kinds, features, problems)
    if not features and not problems:
        message = f"no feature is left; the columns are {quoted(names)}"
        problems.append(Problem(message, "Add columns, or exclude fewer"))
    if problems:
        raise TableError(*problems)
    declared = (tuple(dict.fromkeys(one)) for one in (category, number, protected))
    return ColumnRoles(target, positive, tuple(features), id, group, time, weight, *declared)


def _of_no_feature(
    kinds: Iterable[tuple[str, str]], features: Sequence[str], found: Sequence[Problem]
) -> Iterator[Problem]:
    """Refuse a declared kind for a column that is not a feature."""
    known = {*features, *(one.column for one in found)}
    for kind, column in kinds:
        if column not in known:
            message = f"column {column!r} is declared {kind} but is no feature"
            yield Problem(
                message, f"Name it among the features too, or do not declare it {kind}", column
            )


def _of_two_roles(named: Sequence[tuple[str, str]]) -> Iterator[Problem]:
    """Refuse columns with two roles; a column with a role may be excluded as a feature."""
    roles: dict[str, list[str]] = {}
    for role, column in named:
        if role != "protected" or column == named[0][1]:  # the target is named first
            roles.setdefault(column, []).append(role)
    for column, declared in roles.items():
        of_use = {"target", "feature", *KINDS} & set(declared)
        found = [role for role in dict.fromkeys(declared) if of_use or role != "excluded"]
        if len(set(found) - ({"feature"} if _has_one_kind(found) else set())) > 1:
            message = f"column {column!r} is declared {' and '.join(found)}"
            yield Problem(message, "Give it one role", column)


def _has_one_kind(roles: Sequence[str]) -> bool:
    """Whether exactly one kind is declared."""
    return len(set(KINDS) & set(roles)) == 1


def require_column(names: Sequence[str], column: str, role: str = "") -> None:
    """Raise ``TableError`` with the closest name and the list of columns."""
    if column not in names:
        raise TableError(_not_found(names, column, role))


def _not_found(names: Sequence[str], column: str, role: str) -> Problem:
    subject = f"{role} column {column!r}".strip()
    close = spelled_like(column, names) or closest(column, names, cutoff=0.7)
    meant = shown_spelling(close[0], escape_blanks=False) if close else ""
    remedy = f"Did you mean {meant}?" if close else "Name one of these"
    return Problem(f"{subject} not found; there are: {quoted(names)}", remedy, column)


def closest(name: str, names: Iterable[str], cutoff: float) -> list[str]:
    """The most similar name, ignoring case; empty if none is similar."""
    folded = {one.strip().casefold(): one for one in reversed(list(names))}
    wanted = name.strip().casefold()
    return [folded[one] for one in difflib.get_close_matches(wanted, folded, 1, cutoff)]


def quoted(values: Iterable[Any], longest: int = LONGEST_NAME) -> str:
    """List values for a message; cut the list where it is long, and each long value."""
    return listed((cut(repr(value), longest) for value in values), NAMES_SHOWN)


def with_metadata(schema: pa.Schema, roles: ColumnRoles, provenance: dict[str, Any]) -> pa.Schema:
    """Replace the schema's metadata by roles and provenance."""
    values = {"roles": roles.to_dict(), "provenance": provenance}
    document = json.dumps(with_format_version("table", values))
    return schema.with_metadata({METADATA_KEY: document.encode()})


def stored_metadata(schema: pa.Schema, source: str | Path) -> tuple[ColumnRoles, dict[str, Any]]:
    """Return roles and provenance from the schema's metadata of the file ``source``.

    Raises
    ------
    TableError
        The metadata has no roles, or a later version of this package wrote them.
    """
    document = (schema.metadata or {}).get(METADATA_KEY)
    if document is None:
        raise table_error(
            "the Parquet schema carries no column roles",
            "Read it with FileTable(path, target=…)",
            source=source,
        )
    try:
        values = without_format_version("table", json.loads(document))
    except FormatVersionError as error:
        raise table_error(error.message, error.remedy, source=source) from None
    return ColumnRoles.from_dict(values["roles"]), values["provenance"]


def _reading_alike(names: Iterable[str]) -> Iterator[Problem]:
    for group in alike(sorted(names)):
        shown = " and ".join(map(shown_spelling, group[:NAMES_SHOWN]))
        yield Problem(f"column names read alike: {shown}", "Rename them, or exclude one", group[0])


def _occurring_twice(names: Sequence[str]) -> Iterator[Problem]:
    duplicates = [name for name, count in Counter(names).items() if count > 1]
    if duplicates:
        yield Problem(f"column names occur more than once: {quoted(duplicates)}", "Rename them")
