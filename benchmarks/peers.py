"""Other packages' unpenalised logistic regressions, each with its ladder of tolerances.

A peer maps ``(X, y, weight, tolerance)`` to (p,) parameters, intercept first. The ladder starts at
the package's default and tightens; iteration limits are five times scikit-learn's default.
"""

import importlib
import signal
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from benchmarks.optimum import QUALIFIES, Optimum

Arrays = tuple[np.ndarray, np.ndarray]
Fit = Callable[[np.ndarray, np.ndarray, np.ndarray | None, float], np.ndarray]
ITERATIONS = 500
LADDER = tuple(10.0**-k for k in range(4, 12))


@dataclass(frozen=True)
class Peer:
    """A package's solver; ``package`` is the distribution that has to be installed."""

    name: str
    package: str
    fit: Fit
    ladder: tuple[float, ...]
    weights: bool = True

    @property
    def missing(self) -> str | None:
        """Say why the peer cannot run here; None if it can."""
        try:
            version(self.package)
        except PackageNotFoundError:
            return "not installed"
        return None


def scikit_learn(solver: str, module: str = "sklearn", C: float = np.inf) -> Fit:
    def fit(X: np.ndarray, y: np.ndarray, weight: np.ndarray | None, tol: float) -> np.ndarray:
        model = importlib.import_module(f"{module}.linear_model").LogisticRegression
        fitted = model(C=C, solver=solver, tol=tol, max_iter=ITERATIONS).fit(X, y, weight)
        return np.r_[fitted.intercept_, fitted.coef_[0]]

    return fit


def glum(X: np.ndarray, y: np.ndarray, weight: np.ndarray | None, tol: float) -> np.ndarray:
    from glum import GeneralizedLinearRegressor

    fitted = GeneralizedLinearRegressor(
        family="binomial", alpha=0, solver="irls-ls", gradient_tol=tol, max_iter=ITERATIONS
    ).fit(X, y, sample_weight=weight)
    return np.r_[fitted.intercept_, fitted.coef_]


def statsmodels_logit(
    X: np.ndarray, y: np.ndarray, weight: np.ndarray | None, tol: float
) -> np.ndarray:
    import statsmodels.api as sm

    design = sm.add_constant(X, has_constant="add")
    return sm.Logit(y, design).fit(disp=0, method="newton", tol=tol, maxiter=ITERATIONS).params


def statsmodels_glm(
    X: np.ndarray, y: np.ndarray, weight: np.ndarray | None, tol: float
) -> np.ndarray:
    import statsmodels.api as sm

    design = sm.add_constant(X, has_constant="add")
    model = sm.GLM(y, design, family=sm.families.Binomial(), freq_weights=weight)
    return model.fit(tol=tol, maxiter=ITERATIONS).params


def torch_lbfgs(X: np.ndarray, y: np.ndarray, weight: np.ndarray | None, tol: float) -> np.ndarray:
    """L-BFGS of torch: full batch, float64, mean loss by autograd, strong Wolfe line search."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    rows, labels = torch.from_numpy(X), torch.from_numpy(y)
    weights = None if weight is None else torch.from_numpy(weight / weight.mean())
    w = torch.zeros(X.shape[1], dtype=torch.float64, requires_grad=True)
    b = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [b, w],
        max_iter=ITERATIONS,
        max_eval=10 * ITERATIONS,
        tolerance_grad=tol,
        tolerance_change=tol * 1e-2,  # the ratio of the defaults, 1e-7 and 1e-9
        line_search_fn="strong_wolfe",
    )

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = binary_cross_entropy_with_logits(torch.addmv(b, rows, w), labels, weights)
        loss.backward()
        return loss

    optimizer.step(closure)
    return torch.cat([b, w]).detach().numpy()


TORCH = Peer("torch LBFGS", "torch", torch_lbfgs, (*LADDER[3:], 1e-12, 1e-13))
PEERS = (
    Peer("scikit-learn lbfgs", "scikit-learn", scikit_learn("lbfgs"), LADDER),
    Peer(
        "scikit-learn newton-cholesky",
        "scikit-learn",
        scikit_learn("newton-cholesky"),
        LADDER,
    ),
    # C = inf falls back to plain scikit-learn there; 1e30 is unpenalised to rounding.
    Peer(
        "scikit-learn-intelex lbfgs",
        "scikit-learn-intelex",
        scikit_learn("lbfgs", "sklearnex", 1e30),
        LADDER,
    ),
    Peer("glum irls-ls", "glum", glum, LADDER),
    Peer("statsmodels Logit", "statsmodels", statsmodels_logit, (1e-8, 1e-10, 1e-12), False),
    Peer("statsmodels GLM", "statsmodels", statsmodels_glm, (1e-8, 1e-10, 1e-12)),
    TORCH,
)


@dataclass(frozen=True)
class Attempt:
    """One fit: seconds, parameters (None if it failed), kinds of warnings, the error."""

    tolerance: float
    seconds: float
    parameters: np.ndarray | None
    warnings: frozenset[str]
    failure: str = ""

    @property
    def warned(self) -> bool:
        """Whether there was a warning other than a deprecation."""
        return bool(self.warnings)

    @property
    def gave_up(self) -> bool:
        """Whether a tighter tolerance would certainly end the same way."""
        return bool(self.failure) or "ConvergenceWarning" in self.warnings


def attempt(
    peer: Peer, X: np.ndarray, y: np.ndarray, tolerance: float, limit: float, weight=None
) -> Attempt:
    """Fit once, within ``limit`` seconds; an exception of the peer is its result."""
    start = time.perf_counter()
    parameters, failure = None, ""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with time_limit(limit):
                parameters = peer.fit(X, y, weight, tolerance)
        except TimeoutError:
            failure = f"out of time after {limit:.0f} s"
        except Exception as error:  # noqa: BLE001 (a peer may raise anything; the row shows it)
            failure = type(error).__name__
    seconds = time.perf_counter() - start
    ignored = DeprecationWarning | FutureWarning
    kinds = {one.category.__name__ for one in caught if not issubclass(one.category, ignored)}
    return Attempt(tolerance, seconds, parameters, frozenset(kinds), failure)


def climb(
    peer: Peer, X: np.ndarray, y: np.ndarray, optimum: Optimum, limit: float
) -> tuple[Attempt, float]:
    """Tighten the tolerance until a fit qualifies; if none does, return the nearest fit.

    The whole search has ``limit`` seconds; a fit that exceeds them, fails, or reports that it used
    up its iterations ends the search.
    """
    best, nearest = None, float("inf")
    end = time.perf_counter() + limit
    for tolerance in peer.ladder:
        found = attempt(peer, X, y, tolerance, max(end - time.perf_counter(), 0.01))
        away = float("inf") if found.failure else optimum.distance(found.parameters)
        if best is None or away < nearest:
            best, nearest = found, away
        if nearest <= QUALIFIES or found.gave_up:
            break
    return best, nearest


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeoutError, between two Python instructions, after ``seconds``."""

    def stop(signum: int, frame: object) -> None:
        raise TimeoutError

    previous = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
