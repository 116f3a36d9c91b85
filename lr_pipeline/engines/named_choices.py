"""Find kernels and solvers by their names."""

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.kernel import LogisticKernel
from lr_pipeline.core.solvers import GradientDescent, Lbfgs, Newton, Solver

SOLVERS: dict[str, type[Newton] | type[Lbfgs] | type[GradientDescent]] = {
    "newton": Newton,
    "lbfgs": Lbfgs,
    "gradient_descent": GradientDescent,
}


def kernel_named(kernel: str | LogisticKernel) -> LogisticKernel:
    """Return the kernel of this name; a kernel object is returned as it is."""
    if kernel == "numpy":
        return NumpyKernel()
    if kernel == "torch":
        from lr_pipeline.engines.torch.torch_kernel import TorchKernel

        return TorchKernel()
    if isinstance(kernel, LogisticKernel):
        return kernel
    raise ValueError(f"kernel must be numpy, torch or a LogisticKernel, found {kernel!r}")


def solver_named(solver: str | Solver) -> Solver:
    """Return the solver of this name with its defaults; a solver object is returned as it is."""
    if isinstance(solver, str) and solver in SOLVERS:
        return SOLVERS[solver]()
    if isinstance(solver, Solver):
        return solver
    raise ValueError(f"solver must be auto, {', '.join(SOLVERS)} or a Solver, found {solver!r}")
