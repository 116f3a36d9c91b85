"""Firth's penalty and log-F(m, m) on separated tables whose truth is known.

``python -m benchmarks.separated [--runs 40]`` writes results-separated.md. Each kind of table is
drawn again until its classes are separated, since only such tables need a penalty. Every draw has
its own seed, so that the page is the same each time with the same libraries.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

import lr_pipeline
from benchmarks import markdown
from lr_pipeline.core.fitting.logistic_fit import LogisticFit
from lr_pipeline.core.logistic.loss import log_loss, sigmoid

PAGE = Path(__file__).with_name("results-separated.md")
RUNS = 40
MANY_COLUMNS = 20  # from this number on, only a quarter of the runs is made
FRESH = 4_000
PENALTIES = {"firth": ("firth", None), "log-F(1, 1)": ("log-f", 1.0), "log-F(2, 2)": ("log-f", 2.0)}
STARTS = 6  # random starts for Firth's objective
SAME = 1e-6  # of a sum of losses
DRAWS = 2_000

Draw = Callable[[np.random.Generator, int], np.ndarray]


def normals(rng: np.random.Generator, n: int, d: int, correlation: float = 0.3) -> np.ndarray:
    """Draw equally correlated columns of standard deviation 1."""
    common = rng.normal(size=(n, 1))
    return np.sqrt(correlation) * common + np.sqrt(1 - correlation) * rng.normal(size=(n, d))


def rare_dummies(rng: np.random.Generator, n: int, d: int, rare: int) -> np.ndarray:
    """Draw columns as ``normals``, but the first ``rare`` are 1 in a tenth of the rows, else 0."""
    X = normals(rng, n, d)
    X[:, :rare] = X[:, :rare] > 1.2816
    return X


def factors(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Draw columns of three common factors plus a tenth of own noise, deviation about 1."""
    shares = np.random.default_rng(3).dirichlet(np.ones(3), size=d)
    return rng.normal(size=(n, 3)) @ np.sqrt(0.9 * shares).T + np.sqrt(0.1) * rng.normal(
        size=(n, d)
    )


def zeros(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Draw columns; the first is 0 in half of the rows (as hours of work are), else positive."""
    X = normals(rng, n, d)
    X[:, 0] = np.where(X[:, 0] > 0.0, np.exp(X[:, 0]), 0.0)
    return X


class Kind(NamedTuple):
    """Tables of ``n`` rows with coefficients ``beta``; if ``exact``, y = 1 exactly where z > 0."""

    title: str
    n: int
    beta: tuple[float, ...]
    draw: Draw
    exact: bool = False


def _falling(largest: float, d: int, effects: int) -> tuple[float, ...]:
    """Coefficients of decreasing size and alternating sign, followed by zeros."""
    signs = np.where(np.arange(effects) % 2, -1.0, 1.0)
    return (*(largest * signs / np.sqrt(1.0 + np.arange(effects))), *np.zeros(d - effects))


KINDS = (
    Kind("2 columns", 25, (2.5, 0.0), partial(normals, d=2)),
    Kind("5 columns", 40, _falling(2.0, 5, 3), partial(normals, d=5)),
    Kind(
        "5 columns, a rare level that answers", 60, (2.5, 0.5, 0.5, -0.5, 0.0),
        partial(rare_dummies, d=5, rare=1),
    ),
    Kind(
        "12 columns, 4 rare levels", 120, (2.5, -2.0, 0.0, 0.0, *_falling(1.0, 8, 4)),
        partial(rare_dummies, d=12, rare=4),
    ),
    Kind("12 columns", 60, _falling(2.0, 12, 5), partial(normals, d=12)),
    Kind("12 columns, weak effects", 40, _falling(0.5, 12, 5), partial(normals, d=12)),
    Kind(
        "20 columns, correlated", 150, _falling(4.0, 20, 8),
        partial(normals, d=20, correlation=0.7),
    ),
    Kind("20 columns, weak effects", 60, _falling(0.5, 20, 5), partial(normals, d=20)),
    Kind("20 columns of 3 factors", 200, _falling(8.0, 20, 5), partial(factors, d=20)),
    Kind("30 columns", 120, _falling(2.0, 30, 10), partial(normals, d=30)),
    Kind("6 columns, weak effects", 16, _falling(0.5, 6, 2), partial(normals, d=6)),
    Kind("8 columns, weak effects", 24, _falling(0.5, 8, 3), partial(normals, d=8)),
    Kind("15 columns", 40, _falling(1.0, 15, 5), partial(normals, d=15)),
    Kind("12 columns, one decides", 100, (1.0, *np.zeros(11)), partial(normals, d=12), exact=True),
    Kind("12 columns, many zeros", 200, (1.0, *np.zeros(11)), partial(zeros, d=12), exact=True),
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """The result of one penalty on one table; intervals are of standardized coefficients."""

    squared_error: float
    loss: float
    slope: float
    given: int
    covered: int
    widths: tuple[float, ...]


@dataclass(frozen=True)
class Table:
    """A table's outcomes, and the minima of Firth's objective found from random starts."""

    outcomes: dict[str, Outcome]
    agreed: bool
    best: bool


def simulate(kind: Kind, runs: int) -> Iterator[Table]:
    """Return the outcomes of the first ``runs`` draws that are separated."""
    found, runs = 0, runs if len(kind.beta) < MANY_COLUMNS else -(-runs // 4)
    for seed in range(DRAWS):
        rng = np.random.default_rng([seed, kind.n, len(kind.beta)])
        X, y = _draw(kind, rng, kind.n)
        if not 0.0 < y.mean() < 1.0 or not lr_pipeline.assess_existence(X, y).separated:
            continue
        yield _table(kind, X, y, rng)
        found += 1
        if found == runs:
            return


def _draw(kind: Kind, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    X = kind.draw(rng, n)
    z = X @ np.array(kind.beta)
    limit = 0.5 if kind.exact else rng.uniform(size=n)
    return X, (limit < sigmoid(z)).astype(np.float64)


def _table(kind: Kind, X: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> Table:
    fresh = _draw(kind, rng, FRESH)
    fits = {
        name: lr_pipeline.fit_logistic(X, y, penalty=penalty, log_f=m)
        for name, (penalty, m) in PENALTIES.items()
    }
    outcomes = {name: _outcome(kind, X, y, fresh, fit) for name, fit in fits.items()}
    values = np.array(list(_random_minima(X, y, rng)))
    own = fits["firth"].value * len(y)
    agreed = bool(np.all(np.abs(values - own) <= SAME))
    return Table(outcomes, agreed, bool(own <= values.min(initial=np.inf) + SAME))


def _random_minima(X: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> Iterator[float]:
    """Firth's objective at the end of Newton's method, for the random starts that converge."""
    for _ in range(STARTS):
        start = rng.normal(scale=3.0, size=X.shape[1] + 1)
        try:
            fit = lr_pipeline.fit_logistic(X, y, penalty="firth", start=start)
        except ArithmeticError:
            continue
        if fit.status.label == "converged":
            yield fit.value * len(y)


def _outcome(
    kind: Kind,
    X: np.ndarray,
    y: np.ndarray,
    fresh: tuple[np.ndarray, np.ndarray],
    fit: LogisticFit,
) -> Outcome:
    unit = X.std(axis=0)
    truth = np.array(kind.beta) * unit
    found = lr_pipeline.infer(fit, X, y)
    lower, upper = found.lower[1:] * unit, found.upper[1:] * unit
    given = ~np.isnan(lower) & ~np.isnan(upper)
    z = fit.intercept + fresh[0] @ fit.coefficients
    again = lr_pipeline.fit_logistic(z[:, None], fresh[1], penalty="auto")
    return Outcome(
        squared_error=float(np.mean((fit.coefficients * unit - truth) ** 2)),
        loss=float(np.mean(log_loss(z, fresh[1]))),
        slope=float(again.coefficients[0]),
        given=int(given.sum()),
        covered=int(np.sum(given & (lower <= truth) & (truth <= upper))),
        widths=tuple((upper - lower)[given].tolist()),
    )


def lines(kind: Kind, tables: list[Table]) -> Iterator[list[str]]:
    """The page's lines: first the tables with one minimum, then those with several."""
    for title, chosen in (
        ("one minimum", [table for table in tables if table.agreed]),
        ("several minima", [table for table in tables if not table.agreed]),
    ):
        for name in PENALTIES if chosen else ():
            outcomes = [table.outcomes[name] for table in chosen]
            yield [
                f"{kind.title}, n = {kind.n}",
                f"{title}: {len(chosen)}",
                name,
                *_numbers(outcomes, len(kind.beta), kind.exact),
            ]


def _numbers(outcomes: list[Outcome], d: int, exact: bool) -> list[str]:
    given = sum(one.given for one in outcomes)
    widths = [width for one in outcomes for width in one.widths]
    covered = f"{sum(one.covered for one in outcomes) / given:.1%}" if given else "–"
    error = np.sqrt(np.median([one.squared_error for one in outcomes]))
    return [
        f"{given / (d * len(outcomes)):.0%}",
        "–" if exact else covered,
        f"{np.median(widths):.2f}" if widths else "–",
        "–" if exact else f"{error:.2f}",
        f"{np.mean([one.loss for one in outcomes]):.3f}",
        f"{np.median([one.slope for one in outcomes]):.2f}",
    ]


HEADERS = (
    "table", "Firth's starts", "penalty", "intervals given", "coverage", "median width",
    "coefficient error", "log loss", "calibration slope",
)  # fmt: skip

TEXT = f"""# Firth's penalty and log-F on separated tables

`python -m benchmarks.separated`, {{runs}} separated tables of each kind, of 20 columns and more a
quarter as many. Every number is of the tables in its line alone; coefficients are in standard
deviations of their columns.

- *Firth's starts*: Firth's objective is minimised from {STARTS} random starts too. *One minimum*:
  all end where the fit did. *Several minima*: not all; how many tables.
- *Intervals given*, *coverage*, *median width*: 95% profile-likelihood intervals of the slopes.
- *Coefficient error*: root mean square over the slopes, the median table.
- *Log loss* and *calibration slope* on {FRESH:,} fresh rows: the mean table's, the median table's.
  A slope below 1 says that the probabilities are too extreme.
- *One decides*, *many zeros*: y = 1 where x₁ > 0, so that no finite coefficient is right.

{{table}}

Firth's fit was not the lowest minimum known in {{missed}} of {{several}} tables with several.
"""


def main() -> None:
    """Simulate, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS, help="separated tables of each kind")
    runs = parser.parse_args().runs
    with threadpool_limits(1):
        tables = {kind: list(simulate(kind, runs)) for kind in KINDS}
    rows = [line for kind, found in tables.items() for line in lines(kind, found)]
    every = [table for found in tables.values() for table in found]
    text = TEXT.format(
        runs=runs,
        table=markdown.table(HEADERS, rows),
        missed=sum(not table.best for table in every),
        several=sum(not table.agreed for table in every),
    )
    PAGE.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
