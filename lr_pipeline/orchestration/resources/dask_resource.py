"""The Dagster resource with which a Dask cluster reads the rows."""

import os
from contextlib import ExitStack
from functools import partial
from typing import Any

import dagster as dg
from pydantic import Field, PrivateAttr, model_validator

from lr_pipeline.engines.cluster import (
    Cluster,
    ClusterReading,
    ClusterSettings,
    aggregate_on_workers,
    describe_passes,
    open_cluster,
)
from lr_pipeline.engines.design import PreparedRows
from lr_pipeline.models.training_rows import SecondFit
from lr_pipeline.orchestration.pass_progress import PASSES, PassProgress
from lr_pipeline.orchestration.resources.engine_resource import RowsEngine
from lr_pipeline.tables.aggregate import Aggregate
from lr_pipeline.tables.table import Table


def _running() -> str:
    """Return the name of the asset or check that is running; empty outside a run."""
    try:
        return dg.OpExecutionContext.get().op.name.rpartition("__")[2]
    except dg.DagsterInvariantViolationError:
        return ""


class DaskEngine(RowsEngine):
    """The rows are read and summed by the workers of a Dask cluster (extra ``dask``).

    A run that reads rows connects to the cluster, or starts it, before anything is stored, and
    closes it at its end. The workers need the same versions of Python, numpy and this package, and
    must see the artifacts under the same paths. The run waits without limit for a worker that
    computes; every other wait ends after `connect_timeout`, `patience` or `silence` with an error
    that says what is wrong.
    """

    address: str | None = Field(
        default=None,
        description="The scheduler, such as tcp://10.0.0.1:8786. Empty: DASK_SCHEDULER_ADDRESS, or "
        "else worker processes of this machine, for as long as the run lasts. Whoever reaches an "
        "open scheduler can run code on it, on its workers and here: use tls:// or a closed "
        "network.",
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
    disk_cache: bool = Field(
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

    def prepare(self, table: Table, keep: bool = True) -> PreparedRows:
        """Learn the preparation of ``table``, and have workers make its design.

        ``keep``: whether workers keep decoded rows in memory and in temporary files.
        """
        progress = PassProgress(dg.get_dagster_logger(PASSES).info)
        cache, disk_cache = (self.cache, self.disk_cache) if keep else (0.0, False)
        reading = ClusterReading(self.cluster(), cache, disk_cache, self.block_rows, progress)
        return reading.prepare(table)

    def prepared(self, table: Table) -> PreparedRows:
        """Return the design of ``table``, whose passes are those of the asset that is running."""
        self.cluster()
        return super().prepared(table)

    def fitted_again(self, table: Table) -> SecondFit:
        """Return a second fit to ``table``, whose passes are those of the check that is running."""
        self.cluster()
        return super().fitted_again(table)

    @property
    def aggregate(self) -> Aggregate:
        """Return the function by which workers compute and add values of a table's batches."""
        return partial(aggregate_on_workers, self.cluster())

    def cluster(self) -> Cluster:
        """Return the cluster, which the first call opens."""
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
        """Return the passes of the asset that is running, and the dashboard's address."""
        if self._cluster is None:
            return {}
        passes = [one for one in self._cluster.passes if one.asset == _running()]
        link = self._cluster.dashboard
        lines = [f"- {title}: {line}" for title, line in describe_passes(passes)]
        return {"dask_passes": dg.MetadataValue.md("\n".join(lines))} | (
            {"dask_dashboard": dg.MetadataValue.url(link)} if link else {}
        )

    def provenance(self) -> dict[str, str]:
        """Return a description of all passes so far."""
        if self._cluster is None:
            return {}
        return {
            "Dask cluster": self._cluster.address,
            **dict(describe_passes(self._cluster.passes)),
        }

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Open the cluster, so that a missing one ends the run before its first asset."""
        self._context = context
        self.cluster()

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Give up the shared rows, and close the cluster if it was opened."""
        super().teardown_after_execution(context)
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
