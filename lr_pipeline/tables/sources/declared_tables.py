"""The sources that users declare as plain data; their ``read()`` returns a table."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from lr_pipeline.tables.errors import table_error
from lr_pipeline.tables.files.parquet import open_parquet
from lr_pipeline.tables.files.refusals import naming
from lr_pipeline.tables.roles import quoted
from lr_pipeline.tables.sources.declaration import Declaration
from lr_pipeline.tables.sources.declared_places import naming_place
from lr_pipeline.tables.sources.delimited import write_delimited
from lr_pipeline.tables.sources.header import common_header
from lr_pipeline.tables.sources.locations import DataFile, all_parquet, find_files
from lr_pipeline.tables.sources.partitions import partition_columns
from lr_pipeline.tables.sources.source_content import CONTENT, content_of, unmoved
from lr_pipeline.tables.sources.sql import database_url, query_rows, write_query_parts
from lr_pipeline.tables.sources.temporary_parquet import (
    TemporaryParquet,
    join_parquet,
    opened_parquet,
    require_same_columns,
)
from lr_pipeline.tables.split.split_policy import SplitPolicy
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.validation.validate import require_sound

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

    def read(self, to_split: bool = False) -> Table:
        """Generate the rows, the same every time; for ``to_split`` see ``FileTable``."""
        from sklearn.datasets import make_classification

        X, y = make_classification(
            n_samples=self.num_rows, n_features=self.num_features, random_state=self.random_state
        )
        columns = {f"x{j}": values for j, values in enumerate(X.T)} | {"y": y}
        table = Table.from_arrow(pa.table(columns), target="y", positive=1)
        if to_split:
            require_sound(table, self.split)
        return table.with_provenance({"declaration": self.to_dict()})

    def to_dict(self) -> dict[str, Any]:
        """The declaration as plain values."""
        return {"kind": "synthetic", **asdict(self)}


@dataclass(frozen=True)
class FileTable(Declaration):
    """CSV or Parquet with a two-valued target column: a file, a folder of files, or a glob.

    ``path`` may be a URL of any scheme that fsspec knows, such as ``s3://bucket/churn/*.parquet``,
    or ``env:NAME``, with the name of an environment variable that holds a path or URL. For the
    other fields see ``Declaration``; ``find_files`` says what ``path`` may mean. A single local
    Parquet file is read directly; all other rows are streamed into a temporary Parquet file, which
    is removed with the last table that reads it.
    """

    path: str | Path
    target: str
    kind: ClassVar[str] = "file"

    def read(self, to_split: bool = False) -> Table:
        """Read the columns that have a role, and validate all of them.

        ``to_split``: also refuse rows that cannot be split as declared.

        Raises
        ------
        TableError
            The table has errors (all are listed; each line names the file), or a file changed
            while it was read.
        """
        with naming_place(str(self.path)):
            files = find_files(self.path)
            with unmoved(self.path, files):
                table = self._read_parquet(files) if all_parquet(files) else self._read_csv(files)
                if table.data == files[0].local:
                    table = replace(table, watch=files[0].watch)
                with ThreadPoolExecutor(1) as other:  # hashes a file that was not read completely
                    content = other.submit(content_of, files)
                    table = self.settled(table, str(self.path), to_split)
                found = content.result()
            return table.with_provenance(table.provenance | {CONTENT: found})

    def to_dict(self) -> dict[str, Any]:
        """The declaration as plain values."""
        return super().to_dict() | {"path": str(self.path)}

    def _read_parquet(self, files: list[DataFile]) -> Table:
        with opened_parquet(files) as opened:
            columns = {name: file.schema_arrow.names for name, file in opened.items()}
            names = require_same_columns(columns)
            added = partition_columns([file.partition for file in files], names, self._text())
            usable = [name for name in names if not name.startswith(PANDAS_INDEX_PREFIX)]
            roles = self.roles([*usable, *added])
            in_place = len(files) == 1 and files[0].local is not None and not added
            if in_place and not self.missing:
                return Table(files[0].local, roles)
            temporary = TemporaryParquet()
            join_parquet(opened, roles.columns, temporary.path, added, self.rules)
            return Table(temporary.path, roles, holder=temporary)

    def _read_csv(self, files: list[DataFile]) -> Table:
        header = common_header(files)
        roles = self.roles(header.names)
        if "" in roles.columns:
            raise table_error(
                f"column {header.names.index('') + 1} has no name", "Name it, or set exclude=['']"
            )
        columns = [name for name in header.names if name in roles.columns]
        temporary = TemporaryParquet()
        commas = write_delimited(
            files, header, columns, temporary.path, self._text(), self.rules, roles
        )
        table = Table(temporary.path, roles, holder=temporary)
        return table.with_provenance({"decimal_comma": commas}) if commas else table

    def _text(self) -> list[str]:
        """The columns whose leading zeros have a meaning."""
        return [name for name in (self.id, self.group, *self.category) if name is not None]


@dataclass(frozen=True)
class SqlTable(Declaration):
    """The rows of a SQL query, with a two-valued target column (extra ``sql``).

    ``url`` is a URL of SQLAlchemy, such as ``sqlite:///rows.db``; one with a password is declared
    as ``env:NAME``, with the name of an environment variable that holds it. ``version_query`` tells
    cheaply whether the rows changed: they count as the same while its answer is, such as that of
    ``SELECT count(*), max(updated_at) FROM customers``. For the other fields see ``Declaration``.
    """

    url: str
    query: str
    target: str
    version_query: str | None = field(default=None, kw_only=True)
    kind: ClassVar[str] = "sql"

    def to_dict(self) -> dict[str, Any]:
        """The declaration as plain values."""
        values = super().to_dict()
        if self.version_query is None:
            del values["version_query"]
        return values

    def read(self, to_split: bool = False) -> Table:
        """Run the query, keep the columns that have a role, and validate all of them.

        ``to_split``: also refuse rows that cannot be split as declared.

        Raises
        ------
        TableError
            The table has errors (all are listed; each line names the database, without its
            password).
        """
        source = database_url(self.url).render_as_string(hide_password=True)
        with naming(source):
            temporary = TemporaryParquet()
            with query_rows(self.url, self.query) as (names, portions):
                roles = self.roles(names)
                keys = [one for one in (roles.id, roles.group, roles.time) if one is not None]
                columns, folder = sorted(roles.columns), temporary.folder
                parts = write_query_parts(names, portions, columns, folder, keys, self.rules)
            opened = {part.name: open_parquet(part) for part in parts}
            join_parquet(opened, roles.columns, temporary.path, rules=self.rules)
            for part in parts:
                opened[part.name].close()
                part.unlink()
            table = self.settled(Table(temporary.path, roles, holder=temporary), source, to_split)
            content = {"rows": table.num_rows, "fingerprint": table.fingerprint}
            return table.with_provenance(table.provenance | {CONTENT: content})


TableSource = SyntheticTable | FileTable | SqlTable

SOURCES: dict[str, type[TableSource]] = {
    "synthetic": SyntheticTable,
    "file": FileTable,
    "sql": SqlTable,
}


def source_from_dict(declaration: Mapping[str, Any]) -> TableSource:
    """Build the source that a declaration describes; ``kind`` is a key of ``SOURCES``.

    Raises
    ------
    TableError
        The kind or a field is unknown, or a field without default is missing.
    """
    values = dict(declaration)
    kind = values.pop("kind", None)
    if not isinstance(kind, str) or kind not in SOURCES:
        raise table_error(
            f"table kind {kind!r} is unknown", f"Set kind to one of {quoted(SOURCES)}"
        )
    if "split" in values:
        values["split"] = _declared(SplitPolicy, values["split"])
    source: TableSource = _declared(SOURCES[kind], values)
    return source


def _declared(kind: type, values: Any) -> Any:
    """Construct a dataclass, or raise ``TableError`` for a field that is unknown or missing."""
    known = {one.name: one for one in fields(kind)}
    if not isinstance(values, Mapping):
        raise table_error(
            f"the table's declaration has {values!r} where fields are expected",
            f"Give some of {quoted(known)}",
        )
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
