"""The package's own fit, as the benchmarks call it."""

from pathlib import Path
from typing import Any

import numpy as np

from lr_pipeline.core.fit import LogisticFit, fit_logistic
from lr_pipeline.core.logistic import NumpyKernel
from lr_pipeline.engines.memory import ArrayRows
from lr_pipeline.engines.torch_kernel import TorchKernel

NAME = "lr_pipeline"


def fit(
    X: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None, kernel: str = "numpy"
) -> LogisticFit:
    """Maximum likelihood with the package's defaults."""
    kernels: dict[str, Any] = {"numpy": NumpyKernel, "torch": TorchKernel}
    return fit_logistic(ArrayRows(X, y, weight), kernels[kernel]())


def parameters(fitted: LogisticFit) -> np.ndarray:
    """(p,) intercept first."""
    return np.r_[fitted.intercept, fitted.coefficients]


def fit_parquet(path: Path) -> LogisticFit:
    """The same of a file that ``Table.write_parquet`` or its like wrote, streamed."""
    from lr_pipeline.engines.streaming import TableRows
    from lr_pipeline.tables.preprocess import Preparation
    from lr_pipeline.tables.table import Table

    train = Table.read_parquet(path)
    return fit_logistic(TableRows(train, Preparation.fit(train)), NumpyKernel())
