"""The Dagster resource that declares the table of a code location."""

from typing import Any

import dagster as dg
from pydantic import Field

from lr_pipeline.tables.sources.declared_tables import TableSource, source_from_dict


class TableResource(dg.ConfigurableResource[Any]):
    """The table of this code location: its source, the roles of its columns and its split.

    The declaration is plain data, so that the web UI can show it and YAML can hold it;
    :attr:`source` is the object that reads the table.
    """

    declaration: dict[str, Any] = Field(
        description="`kind` (synthetic, file or sql) and the fields of that source: path, target, "
        "positive, features, exclude, id, group, time, weight, missing, keep_na, split."
    )

    @classmethod
    def of(cls, source: TableSource) -> "TableResource":
        """Wrap a source declared in Python, without nulls, which Dagster's configuration lacks."""
        values = source.to_dict()
        return cls(declaration={k: value for k, value in values.items() if value is not None})

    @property
    def source(self) -> TableSource:
        """The declared source; a ``TableError`` names a field that is wrong."""
        return source_from_dict(self.declaration)
