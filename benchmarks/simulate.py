"""Do intervals cover 95 %, and do comparisons err in 5 %? Simulations whose truth is known.

``python -m benchmarks.simulate [--draws 8000] [--processes 2]`` writes results-simulations.md.
Every cell has its own seed, so that the page is the same each time with the same libraries.
"""

import argparse
import math
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
from scipy.optimize import brentq
from scipy.special import logit
from threadpoolctl import threadpool_limits

from benchmarks import markdown
from benchmarks.binormal import Binormal, predictions
from lr_pipeline.evaluation.comparisons.paired import compare_pair
from lr_pipeline.evaluation.intervals.enough import FEWEST_CASES, FEWEST_TO_TEST
from lr_pipeline.evaluation.intervals.model_intervals import model_intervals
from lr_pipeline.evaluation.metrics import METRICS

PAGE = Path(__file__).with_name("results-simulations.md")
Cell = tuple[int, float]  # rows, prevalence
CELLS = [(n, share) for n in (100, 500, 5_000) for share in (0.5, 0.1, 0.02)]
GROUPED_CELLS = [(500, 0.5), (500, 0.1), (5_000, 0.5), (5_000, 0.1)]
POPULATIONS = (
    Binormal("A calibrated model with AUC 0.8", 0.8),
    Binormal("A weak model, AUC 0.65", 0.65),
    Binormal("A strong model, AUC 0.92, with log odds twice as large as they should be", 0.92, 2.0),
)
GROUPED = Binormal("Rows in groups of five that are alike, AUC 0.8", 0.8, group=5)
LOW, HIGH, ERROR = 0.935, 0.965, 0.06
LARGE = 5_000  # rows; of such test sets half as many are drawn
SHOWN = 0.5  # of the draws; of less often shown intervals the coverage is not that of all
HEADINGS = {one.name: one.heading for one in METRICS}


@dataclass
class Tally:
    """How often something was shown, and how often it was right or significant."""

    draws: int = 0
    shown: int = 0
    hits: int = 0

    def add(self, shown: bool, hit: bool) -> None:
        self.draws, self.shown, self.hits = self.draws + 1, self.shown + shown, self.hits + hit

    @property
    def share(self) -> float:
        return self.hits / self.shown if self.shown else math.nan

    @property
    def error(self) -> float:
        """Standard error of the share."""
        return math.sqrt(self.share * (1.0 - self.share) / self.shown)


@dataclass
class Table:
    """Tallies by row and cell."""

    title: str
    cells: list[Cell]
    rows: dict[str, dict[Cell, Tally]] = field(default_factory=dict)

    def tally(self, row: str, cell: Cell) -> Tally:
        return self.rows.setdefault(row, {}).setdefault(cell, Tally())

    @classmethod
    def joined(cls, parts: list["Table"]) -> "Table":
        """Put tables of single cells side by side."""
        whole = cls(parts[0].title, [cell for part in parts for cell in part.cells])
        for part in parts:
            for name, cells in part.rows.items():
                whole.rows.setdefault(name, {}).update(cells)
        return whole


def simulate_coverage(population: Binormal, cell: Cell, draws: int) -> Table:
    """Draw test sets, and count the intervals that contain the population's value."""
    table = Table(population.title, [cell])
    n, share = cell
    truth = population.truth(share)
    rng = _generator(1, cell, population)
    for _ in range(draws):
        rows = population.draw(rng, n, share)
        z = population.log_odds(rows[1], share)
        found = model_intervals(predictions("model", rows, z, share))
        for metric, value in truth.items():
            ends = found[metric].ends
            hit = ends is not None and ends[0] <= value <= ends[1]
            table.tally(HEADINGS[metric], cell).add(ends is not None, hit)
    return table


def simulate_equal_models(population: Binormal, cell: Cell, draws: int) -> Table:
    """Two different models that are equally good: half of their noise is shared."""
    table = Table(population.title, [cell])
    d, (n, share) = population.distance, cell
    rng = _generator(2, cell, population)
    for _ in range(draws):
        y, x, _ = population.draw(rng, n, share)
        common, own = x - d * y, rng.normal(size=(2, n))
        models = []
        for noise in own:
            z = population.log_odds(d * y + np.sqrt(0.5) * (common + noise), share)
            cases = models[0].cases if models else None
            models.append(predictions("model", (y, x, None), z, share, cases))
        for one in compare_pair(*models):
            significant = one.p_value is not None and one.p_value <= 0.05
            table.tally(HEADINGS[one.metric], cell).add(one.p_value is not None, significant)
    return table


def simulate_baseline(population: Binormal, cell: Cell, draws: int) -> Table:
    """Models that are as good as the prevalence: useless ranks, or overconfident by so much."""
    table = Table("A model that is no better than the prevalence", [cell])
    n, share = cell
    nulls = dict(_models_without_skill(share))
    rng = _generator(3, cell, population)
    for _ in range(draws):
        rows = population.draw(rng, n, share)
        base = predictions("baseline", rows, np.full(n, logit(share)), 0.5)
        noise = rng.normal(size=n)
        for metric, model in nulls.items():
            z = noise if model is None else model.log_odds(rows[1], share)
            tested = predictions("model", rows, z, 0.5, base.cases)
            (one,) = (found for found in compare_pair(tested, base) if found.metric == metric)
            significant = one.p_value is not None and one.p_value <= 0.05
            table.tally(HEADINGS[metric], cell).add(one.p_value is not None, significant)
    return table


def _generator(simulation: int, cell: Cell, population: Binormal) -> np.random.Generator:
    n, share = cell
    area = round(100 * population.area)
    return np.random.default_rng([simulation, n, round(100 * share), area, population.group])


def _models_without_skill(share: float) -> Iterator[tuple[str, Binormal | None]]:
    """Yield metric → the model whose metric is the baseline's; None ranks at random."""
    entropy = -share * math.log(share) - (1.0 - share) * math.log(1.0 - share)
    for metric, target in (("log_loss", entropy), ("brier_score", share * (1.0 - share))):

        def excess(slope: float, metric: str = metric, target: float = target) -> float:
            return replace(POPULATIONS[0], slope=slope).truth(share)[metric] - target

        yield metric, replace(POPULATIONS[0], slope=brentq(excess, 1.2, 60.0, xtol=1e-6))
    yield "roc_auc", None


def in_markdown(table: Table, low: float, high: float) -> str:
    """Return a table of shares in percent; those outside of the limits are bold."""
    heading = [table.title, *(f"n = {n:,}, {share:.0%}" for n, share in table.cells)]
    body = [
        [name, *(_cell(cells[cell], low, high) for cell in table.cells)]
        for name, cells in table.rows.items()
    ]
    return markdown.table(heading, body)


def _cell(tally: Tally, low: float, high: float) -> str:
    withheld = 1.0 - tally.shown / tally.draws
    if withheld > 1.0 - SHOWN:
        return f"withheld ({withheld:.0%})"
    text = f"{tally.share:.1%}"
    if not low <= round(tally.share, 4) <= high:
        text = f"**{text}**"
    return f"{text} (withheld {withheld:.0%})" if withheld >= 0.005 else text


def outside(tables: list[Table], low: float, high: float) -> int:
    """Number of shown cells whose share is outside of the limits by more than chance explains."""
    return sum(
        tally.share + 1.96 * tally.error < low or tally.share - 1.96 * tally.error > high
        for table in tables
        for cells in table.rows.values()
        for tally in cells.values()
        if tally.shown > SHOWN * tally.draws
    )


Simulation = Callable[[Binormal, Cell, int], Table]


def simulate_all(draws: int, processes: int) -> Iterator[Table]:
    """Yield the four tables of coverage, then the four of errors, of half as many draws."""
    half = draws // 2
    simulations: list[tuple[Simulation, Binormal, list[Cell], int]] = [
        *((simulate_coverage, one, CELLS, draws) for one in POPULATIONS),
        (simulate_coverage, GROUPED, GROUPED_CELLS, draws),
        *((simulate_equal_models, one, CELLS, half) for one in POPULATIONS),
        (simulate_baseline, POPULATIONS[0], CELLS, half),
    ]
    with ProcessPoolExecutor(processes, initializer=partial(threadpool_limits, 1)) as pool:
        parts = [
            [
                pool.submit(simulate, population, cell, number if cell[0] < LARGE else number // 2)
                for cell in cells
            ]
            for simulate, population, cells, number in simulations
        ]
        for table in parts:
            yield Table.joined([part.result() for part in table])


def write_page(draws: int, processes: int) -> str:
    """Simulate, and return the page."""
    start = time.perf_counter()
    tables = list(simulate_all(draws, processes))
    coverage, errors = tables[:4], tables[4:]
    shown = [
        tally
        for table in coverage
        for cells in table.rows.values()
        for tally in cells.values()
        if tally.shown > SHOWN * tally.draws
    ]
    inside = sum(LOW <= round(one.share, 4) <= HIGH for one in shown)
    few, many = (math.sqrt(0.95 * 0.05 / number) for number in (draws // 2, draws))
    minutes = (time.perf_counter() - start) / 60.0
    print(f"{minutes:.1f} minutes")
    parts = [
        "# Do intervals cover 95 %, and do comparisons err in 5 %?",
        f"`make simulate` writes this page: {draws:,} test sets for each cell, {draws // 2:,} of "
        f"{LARGE:,} rows, drawn from two normal classes (`benchmarks/binormal.py`), whose metrics "
        "are known by formula or quadrature. The labels are drawn too, so that a rare class has a "
        "different number of cases each time. Answers are yes above the prevalence. A share of "
        f"95 % has a standard error of {many:.1%} here, of {few:.1%} with {LARGE:,} rows.",
        "## Coverage of the intervals",
        f"Bold: outside of {LOW:.1%} to {HIGH:.1%}. {inside} of {len(shown)} cells are inside; of "
        f"the others, {outside(coverage, LOW, HIGH)} by more than chance explains. An interval is "
        f"withheld where the rarer class has fewer than {FEWEST_CASES} cases, or a share fewer "
        f"than {FEWEST_CASES} cases to count in; where that happens in most test sets, no coverage "
        "is given, since those that remain have more cases than is usual. KS and the parts of the "
        "Brier score never have an interval: their estimates are biased by more than they vary (of "
        "KS ± 1.96 standard errors, 71 to 93 % cover).",
        *(in_markdown(table, LOW, HIGH) for table in coverage),
        "## Errors of the comparisons at 5 %",
        "Share of test sets, half as many as above, in which a test finds a difference (p ≤ 5 %) "
        f"between two models that are equally good in the population. Bold: more than {ERROR:.0%}; "
        f"{outside(errors, 0.0, ERROR)} cells are above it by more than chance explains. The "
        "report also corrects the p-values for their number (Holm), so that it errs less often. "
        f"Models are not compared with fewer than {FEWEST_TO_TEST} cases of the rarer class.",
        *(in_markdown(table, 0.0, ERROR) for table in errors),
    ]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=8_000)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    PAGE.write_text(write_page(given.draws, given.processes), encoding="utf-8")


if __name__ == "__main__":
    main()
