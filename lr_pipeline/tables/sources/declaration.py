"""The base of all declared tables: the roles, the rules of reading, and the validation."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, ClassVar

from lr_pipeline.tables.roles import (
    OF_SOME,
    ColumnRoles,
    PositiveValue,
    RoleNames,
    assign_roles,
    require_column,
)
from lr_pipeline.tables.rows_until import moment_of, rows_until
from lr_pipeline.tables.sources.secrets import without_secrets
from lr_pipeline.tables.split.split_policy import SplitPolicy
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.validation.likely_leaks import LEAKS, likely_leaks
from lr_pipeline.tables.validation.validate import useful_features
from lr_pipeline.tables.values.reading_rules import READING, ReadingRules

SAID_IF_GIVEN = (*OF_SOME, "missing", "keep_na")


class _Kind:
    """The fields that each kind of declared table adds, besides its place."""

    kind: ClassVar[str]
    target: str


@dataclass(frozen=True, kw_only=True)
class Declaration(_Kind):
    """Base of the declared tables, which add their place and the target.

    Every column without another role is a feature, unless ``features`` names the features.
    ``positive`` is the target's value whose probability is modelled, against all other values.
    ``category``: features that are coded level by level although their values are numbers (codes
    1, 2, 3). ``number``: features that are numbers although they look like identifiers or are text.
    ``protected``: columns by whose groups the report compares answers; exclude one to keep it from
    being a feature.
    ``missing``: markers of a missing value, such as ``?``, in every column except those of
    ``keep_na``, where NA and every other word is a value.
    ``until``: leave out rows whose time is this (ISO 8601) or later, as if they were not there yet.
    """

    positive: PositiveValue | None = None
    features: Sequence[str] | None = None
    exclude: Sequence[str] = ()
    id: str | None = None
    group: str | None = None
    time: str | None = None
    weight: str | None = None
    category: Sequence[str] = ()
    number: Sequence[str] = ()
    protected: Sequence[str] = ()
    missing: Sequence[str] = ()
    keep_na: Sequence[str] = ()
    until: str | None = None
    split: SplitPolicy = field(default_factory=SplitPolicy)

    def __post_init__(self) -> None:
        """Turn lists (from JSON and YAML) and single names into tuples; determine the split."""
        for name in ("features", "exclude", *SAID_IF_GIVEN):
            value = getattr(self, name)
            if value is not None:
                names = (value,) if isinstance(value, str) else tuple(value)
                object.__setattr__(self, name, names)
        object.__setattr__(self, "split", self.split.settled(self.group, self.time))
        if self.until is not None:
            moment_of(self.until)

    def to_dict(self) -> dict[str, Any]:
        """The declaration as plain values, without kinds and words that are not declared."""
        values = asdict(self)
        values = {
            name: v for name, v in values.items() if v or name not in (*SAID_IF_GIVEN, "until")
        }
        plain = {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}
        return {"kind": self.kind, **plain}

    @property
    def rules(self) -> ReadingRules:
        """The rules of reading that are declared, besides those for every file."""
        return ReadingRules(tuple(map(str, self.missing)), tuple(self.keep_na))

    def roles(self, names: Sequence[str]) -> ColumnRoles:
        """Assign the declared roles to the columns ``names``. Errors: see ``assign_roles``."""
        for name in self.keep_na:
            require_column(names, name, "keep_na")
        declared = {name: getattr(self, name) for name in RoleNames.__annotations__}
        return assign_roles(names, self.target, self.positive, **declared)

    def settled(self, table: Table, source: str, to_split: bool) -> Table:
        """Validate the table; return it without useless features, with its positive value.

        A feature that is constant, a copy of another, a row counter or text with too many values
        is left out, unless ``features`` names it; the provenance's ``left_out`` says why.
        ``to_split``: rows that cannot be split as declared are a problem too, and the provenance
        has the ``likely_leaks``.

        Raises
        ------
        TableError
            The table has errors; the exception has all of them.
        """
        table = table if self.until is None else rows_until(table, self.until)
        policy = self.split if to_split else None
        table, left_out = useful_features(table, self.features is not None, policy)
        known = without_secrets({"source": source, "declaration": self.to_dict()})
        provenance = known | table.provenance
        commas = tuple(provenance.pop("decimal_comma", ()))
        if rules := replace(self.rules, decimal_comma=commas).to_dict():
            provenance[READING] = rules
        if to_split:
            provenance[LEAKS] = list(map(str, likely_leaks(table)))
        return table.with_provenance(provenance | ({"left_out": left_out} if left_out else {}))
