"""The Dagster resource that declares the table of a code location."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from lr_pipeline.orchestration.resources.fixed_in_code import FixedInCode
from lr_pipeline.tables.sources.data_root import require_in_data_root
from lr_pipeline.tables.sources.declared_tables import TableSource, source_from_dict
from lr_pipeline.tables.sources.locations import DATA_ROOT
from lr_pipeline.tables.sources.secrets import without_secrets

ALLOWED = (
    "give a file below that folder, without hidden folders, or what the table's declaration names: "
    "build_definitions(…, score_path=) or score_path: in its YAML file. Whoever starts the code "
    f"location chooses the folder, with the environment variable {DATA_ROOT}; on the command "
    "line, lr-pipeline predict and drift read any file"
)


class TableResource(FixedInCode):
    """The table of this code location: its source, the roles of its columns and its split.

    The declaration is plain data, as YAML holds it; :attr:`source` is the object that reads the
    table. The code fixes it: a run's configuration cannot change it.
    """

    declaration: dict[str, Any] = Field(
        description="`kind` (synthetic, file or sql) and the fields of that source: path, target, "
        "positive, features, exclude, id, group, time, weight, missing, keep_na, split."
    )

    named: list[str] = Field(
        default=[], description="What else the declaration names: new rows, a row of reference."
    )

    @classmethod
    def of(cls, source: TableSource, named: Sequence[str] = ()) -> "TableResource":
        """Wrap a source declared in Python, without nulls, which Dagster's configuration lacks."""
        values = source.to_dict()
        given = {k: value for k, value in values.items() if value is not None}
        return cls(declaration=given, named=list(named))

    @property
    def source(self) -> TableSource:
        """The declared source; a ``TableError`` names a field that is wrong."""
        return source_from_dict(self.declaration)

    def place_for_runs(self, field: str, given: str) -> str:
        """Return the place that a run's configuration gives for ``field``, if runs may read it.

        That is what the table's declaration names, also where a secret in it is hidden, and files
        below the data root: whoever may launch a run must not thereby read this machine's files.

        Raises
        ------
        TableError
            Runs may not read it.
        """
        for declared in (*self.named, self.declaration.get("path")):
            if declared is not None and given in (declared, without_secrets(declared)):
                return str(declared)
        require_in_data_root(given, f"As a run's {field} {ALLOWED}")
        return given
