"""Where a table comes from: declared as plain data, read with ``read()``."""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from lr_pipeline.tables.delimited import read_delimited, read_header
from lr_pipeline.tables.errors import TableError, table_error
from lr_pipeline.tables.parquet import open_parquet
from lr_pipeline.tables.roles import ColumnRoles, PositiveValue, assign_roles, quoted
from lr_pipeline.tables.split import SplitPolicy
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.target import TargetValues
from lr_pipeline.tables.validate import require_sound

PARQUET_MAGIC = b"PAR1"
PARQUET_SUFFIXES = (".parquet", ".pq")
PANDAS_INDEX_PREFIX = "__index_level_"


@dataclass(frozen=True)
class SyntheticTable:
    """The tutorial's table: scikit-learn's ``make_classification``, columns x0, x1, … and y.

    Two of the features are redundant, so the design is rank-deficient. With the default
    ``random_state`` the training rows are not separable, so the estimate is finite. The split is
    the tutorial's, not stratified (tutorial, "逻辑回归模型构建及训练流程").
    """

    num_rows: int = 100
    num_features: int = 10
    random_state: int = 3
    split: SplitPolicy = field(default_factory=lambda: SplitPolicy(stratify=False))

    def read(self) -> Table:
        """Generate the rows, the same ones every time."""
        from sklearn.datasets import make_classification

        X, y = make_classification(
            n_samples=self.num_rows, n_features=self.num_features, random_state=self.random_state
        )
        columns = {f"x{j}": values for j, values in enumerate(X.T)} | {"y": y}
        return Table.from_arrow(pa.table(columns), target="y", positive=1)

    def to_dict(self) -> dict[str, Any]:
        """The declaration as plain values."""
        return {"kind": "synthetic", **asdict(self)}


@dataclass(frozen=True)
class FileTable:
    """A CSV or Parquet file with a two-valued target column.

    Every column is a feature that is not named otherwise; ``features`` names them instead.
    ``positive`` is the target's value whose probability is modelled, against all its others.
    Rows of a Parquet file stay on disk until they are asked for; a CSV file is read whole.
    """

    path: str | Path
    target: str
    positive: PositiveValue | None = None
    features: Sequence[str] | None = None
    exclude: Sequence[str] = ()
    id: str | None = None
    group: str | None = None
    time: str | None = None
    weight: str | None = None
    split: SplitPolicy = field(default_factory=SplitPolicy)

    def __post_init__(self) -> None:
        """Accept lists (from JSON and YAML) and a single name for the tuples of names."""
        for name in ("features", "exclude"):
            value = getattr(self, name)
            if value is not None:
                names = (value,) if isinstance(value, str) else tuple(value)
                object.__setattr__(self, name, names)

    def read(self) -> Table:
        """Read the file's columns that have a role, and validate all of them.

        Raises
        ------
        TableError
            With every problem there is; each line names the file.
        """
        path = Path(self.path)
        try:
            table = self._read_parquet(path) if _is_parquet(path) else self._read_csv(path)
            require_sound(table)
        except TableError as error:
            raise TableError(*error.problems, source=self.path) from None
        target = TargetValues(self.target)
        for block in table.blocks(columns=[self.target]):
            target.add(block.column(self.target))
        settled = target.positive_value(self.positive)
        table = replace(table, roles=replace(table.roles, positive=settled))
        return table.with_provenance({"source": str(self.path)})

    def to_dict(self) -> dict[str, Any]:
        """The declaration as plain values."""
        values = {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self).items()}
        return {"kind": "file", **values, "path": str(self.path)}

    def _read_parquet(self, path: Path) -> Table:
        with open_parquet(path) as file:
            names = file.schema_arrow.names
        return Table(path, self._roles([n for n in names if not n.startswith(PANDAS_INDEX_PREFIX)]))

    def _read_csv(self, path: Path) -> Table:
        header = read_header(path)
        roles = self._roles(header.names)
        if "" in roles.columns:
            raise table_error(
                f"column {header.names.index('') + 1} has no name", "Name it, or set exclude=['']"
            )
        columns = [name for name in header.names if name in roles.columns]
        text = [name for name in (self.id, self.group) if name is not None]
        return Table(read_delimited(path, header, columns, text), roles)

    def _roles(self, names: list[str]) -> ColumnRoles:
        return assign_roles(
            names,
            self.target,
            self.positive,
            features=self.features,
            exclude=self.exclude,
            id=self.id,
            group=self.group,
            time=self.time,
            weight=self.weight,
        )


TableSource = SyntheticTable | FileTable

SOURCES: dict[str, type[TableSource]] = {
    "synthetic": SyntheticTable,
    "file": FileTable,
}


def source_from_dict(declaration: Mapping[str, Any]) -> TableSource:
    """Build the source that a declaration describes; ``kind`` is ``synthetic`` or ``file``.

    Raises
    ------
    TableError
        The kind or a field is unknown, or a field without default is missing.
    """
    values = dict(declaration)
    kind = values.pop("kind", None)
    if kind not in SOURCES:
        raise table_error(
            f"table kind {kind!r} is unknown", f"Set kind to one of {quoted(SOURCES)}"
        )
    if "split" in values:
        values["split"] = _declared(SplitPolicy, values["split"])
    source: TableSource = _declared(SOURCES[kind], values)
    return source


def _declared(kind: type, values: Mapping[str, Any]) -> Any:
    """Construct a dataclass; name a field that is unknown or missing."""
    known = {one.name: one for one in fields(kind)}
    unknown = [name for name in values if name not in known]
    if unknown:
        raise table_error(
            f"the table's declaration has an unknown field {unknown[0]!r}",
            f"The fields are {quoted(known)}",
        )
    for name, one in known.items():
        if name not in values and one.default is MISSING and one.default_factory is MISSING:
            raise table_error(f"the table's declaration lacks the field {name!r}", "Add it")
    return kind(**values)


def _is_parquet(path: Path) -> bool:
    """By its first bytes or its name; a folder is left to ``open_parquet`` to refuse."""
    if path.is_dir() or path.suffix.lower() in PARQUET_SUFFIXES:
        return True
    if not path.exists():
        raise table_error("no such file", "Check the path")
    with path.open("rb") as file:
        return file.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC
