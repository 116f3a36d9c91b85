"""Times a gradient of the mean log loss: the torch kernel against torch on the whole table.

Run from the repository's root: ``python -m benchmarks.torch_kernel [runs]``. The peer is the
closure that users hand to ``torch.optim.LBFGS``: the whole float64 table, BCEWithLogitsLoss,
``backward()``. All run in turn in one process, torch with its default number of threads.
"""

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import torch

from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.engines.memory import ArrayRows
from lr_pipeline.engines.torch.torch_kernel import TorchKernel

TABLES = {"1M × 20": (1_000_000, 20), "1M × 100": (1_000_000, 100)}


def draw(n: int, d: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw a table and parameters."""
    rng = np.random.default_rng(seed)
    X, w = rng.standard_normal((n, d)), rng.standard_normal(d + 1) / np.sqrt(d)
    y = (rng.random(n) < 1 / (1 + np.exp(-(w[0] + X @ w[1:])))).astype(float)
    return X, y, w


def closure(X: np.ndarray, y: np.ndarray, w: np.ndarray) -> Callable[[], float]:
    """One evaluation by plain torch."""
    tensor_x, tensor_y = torch.from_numpy(X), torch.from_numpy(y)
    coefficients = torch.tensor(w[1:], requires_grad=True)
    bias = torch.tensor(w[:1], requires_grad=True)
    criterion = torch.nn.BCEWithLogitsLoss()

    def evaluate() -> float:
        coefficients.grad = bias.grad = None
        loss = criterion(tensor_x @ coefficients + bias, tensor_y)
        loss.backward()
        return loss.item()

    return evaluate


def cases(table: str, seed: int = 0) -> dict[str, Callable[[], float]]:
    """Name → one evaluation of value and gradient; the first is the peer's."""
    X, y, w = draw(*TABLES[table], seed)

    def ours(kernel: TorchKernel) -> Callable[[], float]:
        objective = LogisticObjective(ArrayRows(X, y), kernel, NoPenalty())
        return lambda: objective.value_gradient(w)[0]

    return {
        "plain torch": closure(X, y, w),
        "kernel, autograd": ours(TorchKernel(autograd=True)),
        "kernel, closed form": ours(TorchKernel()),
    }


def milliseconds(run: Callable[[], float]) -> float:
    """Wall time of one run."""
    start = time.perf_counter()
    run()
    return 1e3 * (time.perf_counter() - start)


def main(runs: int) -> None:
    """Print medians and ratios."""
    print(f"Value and gradient, {runs} alternated runs, milliseconds (wall):")
    for table in TABLES:
        each = cases(table)
        values = [run() for run in each.values()]  # warm-up of all
        assert np.allclose(values, values[0], rtol=1e-12, atol=0)
        times = np.array([[milliseconds(run) for run in each.values()] for _ in range(runs)])
        for name, column in zip(each, times.T, strict=True):
            ratio = statistics.median(column / times[:, -1])
            print(f"  {table}: {name:20} {np.median(column):7.1f}, over closed form {ratio:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
