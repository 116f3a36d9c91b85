"""The package's own fit, as the benchmarks call it."""

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
