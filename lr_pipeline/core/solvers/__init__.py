"""Minimisers: each takes an objective and a start to a ``FitResult``."""

from lr_pipeline.core.solvers.gradient_descent import GradientDescent
from lr_pipeline.core.solvers.lbfgs import Lbfgs
from lr_pipeline.core.solvers.newton import Newton
from lr_pipeline.core.solvers.result import FitResult, Progress, Status, TracePoint
from lr_pipeline.core.solvers.solver import Solver

__all__ = [
    "FitResult",
    "GradientDescent",
    "Lbfgs",
    "Newton",
    "Progress",
    "Solver",
    "Status",
    "TracePoint",
]
