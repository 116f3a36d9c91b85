"""The package's own fit, as the benchmarks call it."""

from pathlib import Path
from typing import Any

import numpy as np

import lr_pipeline
from lr_pipeline.core.fitting.fit import fit_logistic
from lr_pipeline.core.fitting.logistic_fit import LogisticFit
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.rows import Rows
from lr_pipeline.engines.cluster.cluster import Cluster
from lr_pipeline.engines.cluster.cluster_reading import ClusterReading
from lr_pipeline.engines.parallel import threads_for
from lr_pipeline.engines.streaming import TableRows
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.table import Table

NAME = "lr_pipeline"
# The setting for comparisons with peers: certified 1e-3 standard errors, coefficients only.
LIKE_PEERS: dict[str, Any] = {"tolerance": 1e-3, "standard_errors": False}


def fit(
    X: np.ndarray,
    y: np.ndarray,
    weight: np.ndarray | None = None,
    kernel: str = "numpy",
    **options: Any,
) -> LogisticFit:
    """Maximum likelihood, with the package's defaults unless others are given."""
    return lr_pipeline.fit_logistic(X, y, weight, kernel=kernel, **options)


def parameters(fitted: LogisticFit) -> np.ndarray:
    """(p,) parameters of the fit, intercept first."""
    return np.r_[fitted.intercept, fitted.coefficients]


def fit_parquet(path: Path) -> LogisticFit:
    """Fit a stored table (a file like those of ``Table.write_parquet``), streamed if large."""
    return lr_pipeline.fit_logistic(Table.read_parquet(path), **LIKE_PEERS)


def fit_streamed(path: Path) -> LogisticFit:
    """Fit a stored table streamed, even if the file is small."""
    table = Table.read_parquet(path)
    return _fit_rows(TableRows(table, Preparation.fit(table)))


def fit_on_cluster(
    cluster: Cluster, path: Path, cache: float, disk_cache: bool = True
) -> LogisticFit:
    """Fit a stored table on the workers of a cluster, as ``DaskEngine`` does with these caches."""
    reading = ClusterReading(cluster, cache, disk_cache)
    return _fit_rows(reading.prepare(Table.read_parquet(path)).rows)


def _fit_rows(rows: Rows) -> LogisticFit:
    with threads_for(rows.num_columns):
        return fit_logistic(rows, NumpyKernel(), **LIKE_PEERS)
