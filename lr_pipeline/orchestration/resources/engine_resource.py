"""The Dagster resource that reads the rows: this process, unless another engine is set."""

from collections.abc import Callable
from functools import partial
from typing import Any, Generic, TypeVar

import dagster as dg
from pydantic import Field, PrivateAttr

from lr_pipeline.engines.design import PreparedRows, prepare_rows
from lr_pipeline.engines.opening import MEMORY_BUDGET_MB, EngineKind
from lr_pipeline.engines.streaming import aggregate_by_threads, threads_within
from lr_pipeline.models.training_rows import SecondFit
from lr_pipeline.orchestration.pass_progress import PASSES, PassProgress
from lr_pipeline.orchestration.resources.fixed_in_code import FixedInCode
from lr_pipeline.tables.aggregate import Aggregate
from lr_pipeline.tables.table import Table

Made = TypeVar("Made")


class OfLastTable(Generic[Made]):
    """What was made of the table that was asked for last: it is made once for all who ask."""

    def __init__(self) -> None:
        self._of: tuple[str, str] | None = None
        self._made: list[Made] = []

    def get(self, table: Table, make: Callable[[Table], Made]) -> Made:
        """Return ``make(table)``; that of an earlier table is given up first."""
        asked = table.fingerprint, table.provenance_json
        if asked != self._of:
            self.forget()
            self._made.append(make(table))
            self._of = asked
        return self._made[0]

    def forget(self) -> None:
        """Give up what was made, with its memory and its temporary files."""
        self._of = None
        self._made.clear()


class RowsEngine(FixedInCode, extra="forbid"):
    """Reads the rows of a table, and adds the values computed from them.

    The assets of a run share the open design of their training table, and its checks share a second
    fit, since all steps of a run have one engine where they run in one process.
    """

    _design: OfLastTable[PreparedRows] = PrivateAttr(default_factory=OfLastTable)
    _again: OfLastTable[SecondFit] = PrivateAttr(default_factory=OfLastTable)

    def prepare(self, table: Table, keep: bool = True) -> PreparedRows:
        """Learn the preparation of ``table``, and open its design as rows for the kernels.

        ``keep``: whether decoded rows may be kept in temporary files between passes.
        """
        raise NotImplementedError

    @property
    def aggregate(self) -> Aggregate:
        """Return the function that computes and adds values of a table's record batches."""
        raise NotImplementedError

    def prepared(self, table: Table) -> PreparedRows:
        """Return the design of ``table``, which all assets of a run share."""
        return self._design.get(table, self.prepare)

    def fitted_again(self, table: Table) -> SecondFit:
        """Read ``table`` again and return a second fit to it, which all checks of a run share."""
        prepare = partial(self.prepare, keep=False)
        return self._again.get(table, partial(SecondFit, prepare=prepare))

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Give up the rows that the assets and checks shared."""
        self._design.forget()
        self._again.forget()

    def metadata(self) -> dict[str, Any]:
        """Return the web UI's metadata about the passes of the asset that is running."""
        return {}

    def provenance(self) -> dict[str, str]:
        """Return the report's lines about all passes so far: title → line."""
        return {}


class Engine(RowsEngine):
    """Reads the rows in this process: holds them in memory, or streams them at every pass."""

    kind: EngineKind = Field(
        default="auto",
        description="`auto` holds a design in memory while it fits `memory_budget_mb`.",
    )
    memory_budget_mb: float = Field(
        default=MEMORY_BUDGET_MB,
        gt=0,
        description="MB of memory for the rows: `auto` holds a design in memory up to a sixteenth "
        "of it, in float64, or a quarter where it can keep no temporary file. The blocks that are "
        "streamed otherwise are small enough for it.",
    )
    block_rows: int | None = Field(
        default=None,
        gt=0,
        description="Rows of a streamed block; empty: by the budget and the columns.",
    )
    disk_cache: bool = Field(
        default=True,
        description="The first pass over streamed rows leaves them decoded in a temporary file, "
        "which later passes read in a part of the time, where it takes at most a quarter of the "
        "free memory and of the free disk; false: every pass decodes the Parquet file.",
    )

    def prepare(self, table: Table, keep: bool = True) -> PreparedRows:
        """Learn the preparation of ``table``, and open its design as rows for the kernels."""
        return prepare_rows(
            table,
            self.kind,
            self.memory_budget_mb,
            self.block_rows,
            PassProgress(dg.get_dagster_logger(PASSES).info),
            self.disk_cache,
            keep,
        )

    @property
    def aggregate(self) -> Aggregate:
        """Return the function by which several threads read a large file."""
        return partial(aggregate_by_threads, threads=threads_within(self.memory_budget_mb * 1e6))
