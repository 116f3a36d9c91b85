"""Engines by the names that the command line and remembered tables give them."""

from typing import Literal

from lr_pipeline.orchestration.resources.dask_resource import DaskEngine
from lr_pipeline.orchestration.resources.engine_resource import Engine, RowsEngine

EngineName = Literal["auto", "memory", "streaming", "dask"]


def named_engine(name: EngineName, scheduler: str | None = None) -> RowsEngine:
    """Return the engine; ``scheduler`` is the address of that of ``dask``."""
    return DaskEngine(address=scheduler) if name == "dask" else Engine(kind=name)
