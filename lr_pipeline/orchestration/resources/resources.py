"""Dagster resources: which table a code location is about, and which engine visits its rows."""

import os
from contextlib import ExitStack
from functools import partial
from typing import Any

import dagster as dg
from pydantic import Field, PrivateAttr, model_validator

from lr_pipeline.core.rows import Rows
from lr_pipeline.engines.cluster.cluster import Cluster, open_cluster
from lr_pipeline.engines.cluster.cluster_design import ClusterReading, aggregate_on_workers
from lr_pipeline.engines.cluster.cluster_settings import ClusterSettings
from lr_pipeline.engines.cluster.pass_report import describe_passes
from lr_pipeline.engines.opening import MEMORY_BUDGET_MB, EngineKind, open_rows
from lr_pipeline.orchestration.pass_progress import PASSES, PassProgress
from lr_pipeline.tables.aggregate import Aggregate, aggregate_here
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.sources.declared_tables import TableSource, source_from_dict
from lr_pipeline.tables.table import Table


class TableResource(dg.ConfigurableResource[Any]):
    """The table of this code location: its source, the roles of its columns and its split.

    The declaration is plain data, so that the web UI shows it and YAML can hold it;
    :attr:`source` is the object that reads.
    """

    declaration: dict[str, Any] = Field(
        description="`kind` (synthetic, file or sql) and the fields of that source: path, target, "
        "positive, features, exclude, id, group, time, weight, missing, keep_na, split."
    )

    @classmethod
    def of(cls, source: TableSource) -> "TableResource":
        """Wrap a source declared in Python; Dagster's configuration has no null."""
        values = source.to_dict()
        return cls(declaration={k: value for k, value in values.items() if value is not None})

    @property
    def source(self) -> TableSource:
        """The source that the declaration describes. Errors: ``TableError`` naming the field."""
        return source_from_dict(self.declaration)


class RowsEngine(dg.ConfigurableResource[Any]):
    """How the rows are visited."""

    def rows(self, table: Table, preparation: Preparation) -> Rows:
        """Offer the design that ``preparation`` makes of ``table`` to the kernels."""
        raise NotImplementedError

    @property
    def aggregate(self) -> Aggregate:
        """How something is gathered from a table's blocks as they are stored."""
        return aggregate_here

    def reading(self) -> "RowsEngine | ClusterReading":
        """What offers ``rows`` and ``aggregate`` for one table, and may decode it once for both."""
        return self

    def metadata(self) -> dict[str, Any]:
        """What the web UI shows of the passes of the asset that is running."""
        return {}

    def provenance(self) -> dict[str, str]:
        """What the report says of all passes so far: title → line."""
        return {}


class Engine(RowsEngine):
    """How the rows are visited: held in memory, or streamed block by block at every pass."""

    kind: EngineKind = Field(
        default="auto",
        description="`auto` holds a design in memory while it fits `memory_budget_mb`.",
    )
    memory_budget_mb: float = Field(
        default=MEMORY_BUDGET_MB,
        gt=0,
        description="MB of memory for the rows: `auto` holds a design in memory up to a quarter "
        "of it, in float64, and the blocks that are streamed otherwise are small enough for it.",
    )
    block_rows: int | None = Field(
        default=None,
        gt=0,
        description="Rows of a streamed block; empty: by the budget and the columns.",
    )
    spool: bool = Field(
        default=True,
        description="The first pass over streamed rows leaves them decoded in a temporary file, "
        "which later passes read in a part of the time, where it takes at most a quarter of the "
        "free memory and of the free disk; false: every pass decodes the Parquet file.",
    )

    def rows(self, table: Table, preparation: Preparation) -> Rows:
        """Offer the design that ``preparation`` makes of ``table`` to the kernels."""
        progress = PassProgress(dg.get_dagster_logger(PASSES).info)
        return open_rows(
            table,
            preparation,
            self.kind,
            self.memory_budget_mb,
            self.block_rows,
            progress,
            self.spool,
        )


def _running() -> str:
    """Name of the asset, or of the check, that is running; empty outside a run."""
    try:
        return dg.OpExecutionContext.get().op.name.rpartition("__")[2]
    except dg.DagsterInvariantViolationError:
        return ""


class DaskEngine(RowsEngine):
    """The rows are read and summed by the workers of a Dask cluster (extra ``dask``).

    The cluster is connected to, or started, at the beginning of a run that visits rows, before
    anything is stored, and closed with it. The workers need the same versions of Python, numpy
    and this package, and must see the artifacts under the same paths. A worker that computes is
    waited for however long it takes; every other wait ends after `connect_timeout`, `patience` or
    `silence` with an error that says what is amiss.
    """

    address: str | None = Field(
        default=None,
        description="The scheduler, such as tcp://10.0.0.1:8786. Empty: DASK_SCHEDULER_ADDRESS, or "
        "else worker processes of this machine, for as long as the run lasts.",
    )
    n_workers: int | None = Field(
        default=None, gt=0, description="Local worker processes; empty: by the processors."
    )
    threads_per_worker: int = Field(default=1, gt=0, description="Threads of each local one.")
    memory_limit: str = Field(
        default="auto", description="Memory of each local one, such as 4GB; auto: an equal share."
    )
    cache: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Share of the workers' memory in which a design stays between passes.",
    )
    spool: bool = Field(
        default=True,
        description="Of what does not fit in `cache`, workers leave so much decoded in temporary "
        "files that it takes at most a quarter of their memory, together with `cache` half of it, "
        "and a quarter of the free disk. The rest is read again at each pass; false: all of it.",
    )
    block_rows: int | None = Field(
        default=None, gt=0, description="Rows of a block; empty: by the columns."
    )
    connect_timeout: float = Field(
        default=10.0, gt=0, description="Seconds to wait for the scheduler, and for workers."
    )
    patience: float = Field(
        default=60.0,
        gt=0,
        description="Seconds to wait for a scheduler that stopped answering, and for workers that "
        "are paused for memory while none computes.",
    )
    silence: float = Field(
        default=900.0,
        gt=0,
        description="Seconds in which nothing need be computed while workers send no heartbeat. "
        "Dask's scheduler gives their tasks to others after 5 to 10 minutes (worker-ttl).",
    )
    _stack: ExitStack = PrivateAttr(default_factory=ExitStack)
    _cluster: Cluster | None = PrivateAttr(default=None)
    _context: dg.InitResourceContext | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _local_settings_need_local_workers(self) -> "DaskEngine":
        if self.address:
            self._settings()
        return self

    def rows(self, table: Table, preparation: Preparation) -> Rows:
        """Offer the design that ``preparation`` makes of ``table`` to the kernels."""
        return self.reading().rows(table, preparation)

    def reading(self) -> ClusterReading:
        """The same for one table; one of numbers is decoded once for both."""
        progress = PassProgress(dg.get_dagster_logger(PASSES).info)
        return ClusterReading(self.cluster(), self.cache, self.spool, self.block_rows, progress)

    @property
    def aggregate(self) -> Aggregate:
        """Gathers from a table's blocks as they are stored, on the workers."""
        return partial(aggregate_on_workers, self.cluster())

    def cluster(self) -> Cluster:
        """The cluster, opened at the first call."""
        if self._cluster is None:
            logger = dg.get_dagster_logger(PASSES)
            opened = open_cluster(self._settings(), logger.warning)
            self._cluster = self._stack.enter_context(opened)
            link = self._cluster.dashboard
            logger.info(
                f"Dask cluster at {self._cluster.address}" + (f", dashboard {link}" if link else "")
            )
            if self.cache and not self._cluster.memory:
                logger.warning(
                    "the Dask workers have no memory limit, so that cache, a share of it, keeps no "
                    "rows between passes: start them with --memory-limit"
                )
            if link and self._context and self._context.run and self._context.instance:
                tags = {"dask/dashboard": link}
                self._context.instance.add_run_tags(self._context.run.run_id, tags)
        self._cluster.asset = _running()
        return self._cluster

    def metadata(self) -> dict[str, Any]:
        """The passes of the asset that is running, and the dashboard."""
        if self._cluster is None:
            return {}
        passes = [one for one in self._cluster.passes if one.asset == _running()]
        link = self._cluster.dashboard
        lines = [f"- {title}: {line}" for title, line in describe_passes(passes)]
        return {"dask_passes": dg.MetadataValue.md("\n".join(lines))} | (
            {"dask_dashboard": dg.MetadataValue.url(link)} if link else {}
        )

    def provenance(self) -> dict[str, str]:
        """All passes so far."""
        if self._cluster is None:
            return {}
        return {
            "Dask cluster": self._cluster.address,
            **dict(describe_passes(self._cluster.passes)),
        }

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Open the cluster, so that one that is absent ends the run before its first asset."""
        self._context = context
        self.cluster()

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Close the cluster where it was opened."""
        self.close()

    def close(self) -> None:
        """Disconnect, and stop local workers."""
        self._cluster = None
        self._stack.close()

    def _settings(self) -> ClusterSettings:
        return ClusterSettings(
            address=self.address or os.environ.get("DASK_SCHEDULER_ADDRESS") or None,
            workers=self.n_workers,
            threads_per_worker=self.threads_per_worker,
            memory_limit=self.memory_limit,
            connect_timeout=self.connect_timeout,
            patience=self.patience,
            silence=self.silence,
        )
