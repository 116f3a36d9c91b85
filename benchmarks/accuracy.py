"""Correct digits of logistic regressions on small hard tables, against optima of 40 digits.

``python -m benchmarks.accuracy``. A cell is the smallest number of correct significant digits over
intercept and coefficients, of at most 17; every peer runs at the tightest tolerance of its ladder.
An exclamation mark means that the peer warned, a word is the error that it raised, and a dash means
that it takes no weights.
"""

import warnings
from collections.abc import Callable

import numpy as np

from benchmarks import markdown, nist, ours
from benchmarks.peers import PEERS, Peer, attempt
from tests.core import tables
from tests.core.reference import correct_digits, maximum_likelihood
from tests.reference.linear_sets import NAMES, load

Problem = tuple[np.ndarray, np.ndarray, np.ndarray | None]
LIMIT = 10.0  # seconds for one fit of a peer
LOGISTIC_SKIPPED = {
    "scikit-learn-intelex lbfgs"
}  # this is scikit-learn's own solver with another kernel


def scaled() -> Problem:
    X, y = tables.overlapping()
    return X * np.array([1e8, 1e-8, 1.0]), y, None


def small_weights() -> Problem:
    X, y = tables.overlapping()
    return X, y, np.where(np.arange(len(y)) % 3 == 0, 1e-6, 1.0)


def ten_columns() -> Problem:
    X, y = tables.breast_cancer()
    return np.ascontiguousarray(X[:, :10]), y, None


def nearly_separated() -> Problem:
    X, y = tables.nearly_separated()
    return (
        X + 0.25,
        y,
        None,
    )  # a symmetric table gives an intercept of 0, which has no digits


def unweighted(build: Callable[[], tuple[np.ndarray, np.ndarray]]) -> Callable[[], Problem]:
    return lambda: (*build(), None)


PROBLEMS: dict[str, Callable[[], Problem]] = {
    "teaching method, 3 columns": unweighted(tables.spector),
    "breast cancer, 10 columns": ten_columns,
    "scales 1e8 beside 1e-8": scaled,
    "one positive in 3,000": unweighted(lambda: tables.one_positive(3_000)),
    "weights 1e-6 beside 1": small_weights,
    "near-duplicate, 1e-3": unweighted(lambda: tables.near_duplicate(1e-3)),
    "near-duplicate, 1e-6": unweighted(lambda: tables.near_duplicate(1e-6)),
    "powers 1 to 8 on [0, 1]": unweighted(tables.polynomial),
    "classes overlap by 1e-6": nearly_separated,
    "undamped Newton diverges": unweighted(tables.undamped_newton_diverges),
}


def logistic_digits() -> str:
    """A table with one row for each problem and one column for each solver."""
    peers = [peer for peer in PEERS if peer.name not in LOGISTIC_SKIPPED]
    rows = []
    for name, build in PROBLEMS.items():
        X, y, weight = build()
        X, y = X.copy(), y.copy()  # pandas' arrays are read-only, of which torch warns
        own = ours.parameters(ours.fit(X, y, weight))
        exact = maximum_likelihood(X, y, own, weight)
        cells = [peer_digits(peer, X, y, weight, exact) for peer in peers]
        rows.append([name, f"{max(correct_digits(own, exact), 0.0):.1f}", *cells])
    return markdown.table(["", ours.NAME, *(peer.name for peer in peers)], rows)


def peer_digits(
    peer: Peer, X: np.ndarray, y: np.ndarray, weight: np.ndarray | None, exact: list
) -> str:
    """The digits that a peer reaches on a problem, as a cell of the table."""
    if peer.missing:
        return peer.missing
    if weight is not None and not peer.weights:
        return "–"
    found = attempt(peer, X, y, peer.ladder[-1], LIMIT, weight)
    if found.failure:
        return found.failure
    if not np.isfinite(found.parameters).all():
        return "not finite"
    digits = max(correct_digits(found.parameters, exact), 0.0)
    return f"{digits:.1f}{' !' if found.warned else ''}"


def linear_digits() -> str:
    """Digits on the NIST sets: of the coefficients, then of the standard errors."""
    solvers = {
        ours.NAME: nist.ours,
        "numpy lstsq": nist.numpy_lstsq,
        "scikit-learn": nist.scikit_learn,
        "statsmodels": nist.statsmodels_ols,
    }
    rows = []
    for name in NAMES:
        data = load(name)
        row = [name]
        for solve in solvers.values():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                coefficients, errors = solve(data)
            first = nist.fewest_digits(coefficients, data.coefficients)
            second = nist.fewest_digits(errors, data.standard_errors)
            row.append(f"{first} / {second}")
        rows.append(row)
    return markdown.table(["", *solvers], rows)


def main() -> None:
    print(linear_digits(), logistic_digits(), sep="\n\n")


if __name__ == "__main__":
    main()
