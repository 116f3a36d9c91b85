"""Times the tutorial's loop of 5,000 epochs as written there, and by ``GradientDescent``.

Run from the repository's root: ``python -m benchmarks.tutorial_loop [runs]``. Peer and ours run in
turn in one process, torch on one thread (more make its loop slower on so few rows), in float64,
from the same start; the ratio is taken pair by pair. Both evaluate all gradients; ours evaluates
the loss at every 100th epoch, which is where the tutorial's numpy loop prints it.
"""

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import torch

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.rows import gather
from lr_pipeline.core.solvers.gradient_descent import GradientDescent, normal_start
from lr_pipeline.engines.memory import ArrayRows
from lr_pipeline.engines.streaming import TableRows
from lr_pipeline.engines.torch.torch_descent import ManualGradientDescent
from lr_pipeline.engines.torch.torch_kernel import TorchKernel
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.sources.declared_tables import SyntheticTable

ROWS, FEATURES, EPOCHS, RATE = 1_000, 5, 5_000, 1e-3
Run = Callable[[], np.ndarray]
Case = tuple[str, Run, Run]


def tutorial_rows(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """X (1000, 5) and y of the tutorial's generator."""
    table = SyntheticTable(ROWS, FEATURES, seed).read()
    X, y, _ = gather(TableRows(table, Preparation.fit(table)))
    return X, y


def naive_numpy(X: np.ndarray, y: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The loop of the tutorial's "逻辑回归模型构建及训练流程", with the mean over the rows."""
    theta, bias = start[1:].copy(), start[0]
    for _ in range(EPOCHS):
        y_hat = 1 / (1 + np.exp(-(X @ theta + bias)))
        np.mean(-y * np.log(y_hat + 1e-8) - (1 - y) * np.log(1 - y_hat + 1e-8))
        theta = theta - RATE * (X.T @ (y_hat - y) / len(y))
        bias = bias - RATE * np.mean(y_hat - y)
    return np.array([bias, *theta])


def autograd_torch(X: np.ndarray, y: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The loop of the tutorial's "Pytorch实现逻辑回归", in float64, without its printing."""
    tensor_x, tensor_y = torch.from_numpy(X), torch.from_numpy(y)
    w = torch.tensor(start[None, 1:], requires_grad=True)
    b = torch.tensor(start[:1], requires_grad=True)
    for _ in range(EPOCHS):
        r = torch.sigmoid(torch.nn.functional.linear(tensor_x, w, b))
        loss = torch.nn.functional.binary_cross_entropy(r.squeeze(1), tensor_y, reduction="mean")
        loss.backward()
        with torch.autograd.no_grad():
            w -= RATE * w.grad
            w.grad.zero_()
            b -= RATE * b.grad
            b.grad.zero_()
        loss.item()
    return np.array([b.item(), *w[0].tolist()])


def cases(seed: int = 0) -> list[Case]:
    """Name, the tutorial's loop, our loop; both return their last (intercept, coefficients…)."""
    X, y = tutorial_rows(seed)
    start = normal_start(FEATURES + 1, seed)

    def descend(solver: GradientDescent, kernel: NumpyKernel | TorchKernel) -> np.ndarray:
        objective = LogisticObjective(ArrayRows(X, y), kernel, NoPenalty())
        return solver.minimize(objective, start).parameters

    numpy_solver = GradientDescent(RATE, EPOCHS, record_every=100)
    torch_solver = ManualGradientDescent(RATE, EPOCHS, record_every=100)
    return [
        (
            "numpy",
            lambda: naive_numpy(X, y, start),
            lambda: descend(numpy_solver, NumpyKernel()),
        ),
        (
            "torch",
            lambda: autograd_torch(X, y, start),
            lambda: descend(torch_solver, TorchKernel(autograd=True)),
        ),
    ]


def seconds(run: Run) -> float:
    """Wall time of one run."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def main(runs: int) -> None:
    """Print medians and ratios."""
    torch.set_num_threads(1)
    print(f"{ROWS} × {FEATURES}, {EPOCHS} epochs, {runs} alternated runs, seconds (wall):")
    for name, peer, ours in cases():
        difference = np.max(np.abs(peer() - ours()))  # warm-up of both
        pairs = [(seconds(peer), seconds(ours)) for _ in range(runs)]
        ratios = sorted(a / b for a, b in pairs)
        theirs, mine = (statistics.median(times) for times in zip(*pairs, strict=True))
        print(
            f"  {name}: tutorial's loop {theirs:.3f}, ours {mine:.3f}, "
            f"ratio {statistics.median(ratios):.1f} ({ratios[0]:.1f} to {ratios[-1]:.1f}); "
            f"last parameters differ by {difference:.0e}"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
