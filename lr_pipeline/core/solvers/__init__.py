"""Minimisers: each takes an objective and a start, and returns a ``SolverResult``."""

from lr_pipeline.core.solvers.gradient_descent import GradientDescent
from lr_pipeline.core.solvers.lbfgs import Lbfgs
from lr_pipeline.core.solvers.newton import Newton
from lr_pipeline.core.solvers.result import Progress, SolverResult, Status, TracePoint
from lr_pipeline.core.solvers.solver import Solver

__all__ = [
    "GradientDescent",
    "Lbfgs",
    "Newton",
    "Progress",
    "Solver",
    "SolverResult",
    "Status",
    "TracePoint",
]
