"""The names in Dagster of what belongs to one table: its assets, jobs, resources and group."""

import re
from dataclasses import dataclass

import dagster as dg

STAGES = ("data", "models", "evaluation", "lifecycle", "scoring", "study")
TABLE_TAG = "lr_pipeline/table"
TRAINING_TAG = "lr_pipeline/training"
TUTORIAL_TABLE = "the tutorial's table"  # what messages call the table without a name


@dataclass(frozen=True)
class TableNames:
    """Names that carry the name of a table, so that one code location can hold several tables.

    The table ``churn`` has the asset ``churn/dataset`` (whose op is ``churn__dataset``), the job
    ``churn__training_job``, the resource ``table__churn``, and one group ``churn`` of all its
    assets. A table without a name, as the tutorial's, has plain names, and a group for each stage.
    """

    table: str | None = None

    def __post_init__(self) -> None:
        """Refuse a name that Dagster does not allow in the names of jobs and groups."""
        if self.table is not None and not re.fullmatch(r"\w+", self.table, flags=re.ASCII):
            raise dg.DagsterInvalidDefinitionError(
                f"table name {self.table!r}: expected letters, digits and underscores only, since "
                "it is a part of the names of assets, jobs and groups. Choose another."
            )

    @classmethod
    def of(cls, asset: dg.AssetKey) -> "TableNames":
        """Return the names of the table to which an asset belongs."""
        return cls(asset.path[0] if len(asset.path) > 1 else None)

    @property
    def prefix(self) -> list[str]:
        """The key prefix of the table's assets."""
        return [] if self.table is None else [self.table]

    @property
    def tags(self) -> dict[str, str]:
        """The tags of the table's runs."""
        return {} if self.table is None else {TABLE_TAG: self.table}

    @property
    def training_tags(self) -> dict[str, str]:
        """The tag of the table's training runs; one of them runs at a time."""
        return {TRAINING_TAG: self.named("training")}

    def key(self, asset: str) -> dg.AssetKey:
        """Return the key of the table's asset of that name."""
        return dg.AssetKey([*self.prefix, asset])

    def named(self, name: str) -> str:
        """Return the name of a job or schedule of the table, or of an asset's op."""
        return "__".join([*self.prefix, name])

    def resource(self, name: str) -> str:
        """Return the key of a resource that the table has for itself.

        It begins with a letter even if the table's name does not: it is a parameter's name.
        """
        return "__".join([name, *self.prefix])

    def group(self, stage: str) -> str:
        """Return the group of an asset: the table, or the stage where the table has no name."""
        if self.table is None:
            return stage
        return f"{self.table}__table" if self.table in STAGES else self.table


NO_TABLE = TableNames()
