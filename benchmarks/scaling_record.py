"""The record of ``benchmarks.scaling``, and the cost model's predictions, here and elsewhere."""

import json
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil, inf, log10

import numpy as np

from benchmarks.cost_model import (
    EVALUATIONS,
    Costs,
    Machines,
    Overheads,
    Rates,
    alone_costs,
    fit_costs,
    sample_rows,
)
from benchmarks.scaling import MEASURED, Run
from lr_pipeline.core.acceleration.regimes import REGIMES

# Assumptions about another cluster: workers of one core, 10 Gbit/s between machines, and either a
# copy of the file on each machine's own disk, or an object store.
ELSEWHERE = {"bandwidth": 1.25e9, "latency": 5e-4, "memory": 8e9}
STORE = 100e6
FITTED_ROWS = 2_000_000


@dataclass(frozen=True)
class Measured:
    """The record of ``benchmarks.scaling``."""

    date: str
    processor: str
    rates: tuple[Rates, ...]
    overheads: Overheads
    runs: tuple[Run, ...]

    @classmethod
    def recorded(cls) -> "Measured":
        found = json.loads(MEASURED.read_text(encoding="utf-8"))
        return cls(
            found["date"],
            found["processor"],
            tuple(Rates(**one) for one in found["rates"]),
            Overheads(**found["overheads"]),
            tuple(Run(**one) for one in found["runs"]),
        )

    @cached_property
    def fitted(self) -> Overheads:
        """Return the overheads with the median stretch of the smaller runs on a cluster."""
        found = []
        for run in self.runs:
            if fits_stretch(run):
                costs = self._costs(run, self.overheads)
                found.append((run.seconds - costs.driver) / costs.passes)
        return replace(self.overheads, stretch=float(np.median(found)))

    def predicted(self, run: Run) -> float:
        """Seconds that the model predicts for a run here, where all workers share two cores."""
        return self._costs(run, self.fitted).seconds

    def _costs(self, run: Run, overheads: Overheads) -> Costs:
        rates, evaluations = self.rates[0], run.evaluations
        if run.workers == 0:
            return alone_costs(run.rows, rates, evaluations=evaluations)
        machines = Machines(run.workers, cores=2 // run.workers)
        return fit_costs(run.rows, rates, overheads, machines, run.cached, evaluations)

    def errors(self, fitted: bool) -> list[float]:
        """|predicted / measured − 1|, sorted: of the runs that determine the stretch, or others."""
        runs = [run for run in self.runs if fits_stretch(run) == fitted]
        return sorted(abs(self.predicted(run) / run.seconds - 1) for run in runs)

    def elsewhere(self, rows: int, workers: int, rates: Rates, disk: float = inf) -> Costs:
        """Costs of a fit on another cluster."""
        machines = Machines(workers, disk=disk, **ELSEWHERE)
        starts_further = REGIMES.sample_share * rows / sample_rows(rows, rates.columns)
        more = ceil(log10(max(starts_further, 1.0)) / 2)  # a tenth as far after each pass
        return fit_costs(rows, rates, self.fitted, machines, True, EVALUATIONS + more)


def fits_stretch(run: Run) -> bool:
    """Whether the stretch is fitted to this run."""
    return run.workers > 0 and run.rows <= FITTED_ROWS


def break_even(measured: Measured, workers: int, rates: Rates, start: float) -> float:
    """Rows, to two digits, at which a cluster begins to be faster than one process; or infinite."""
    for n in (int(round(10 ** (k / 20), 1 - int(k / 20))) for k in range(80, 241)):
        cluster = measured.elsewhere(n, workers, rates).seconds + start
        if cluster < alone_costs(n, rates).seconds:
            return n
    return inf


def stops_paying(measured: Measured, rows: int, rates: Rates) -> int:
    """Workers, a power of two, for which doubling them saves less than a quarter of the time."""
    workers = 1
    while workers < 2**14:
        now, then = (
            measured.elsewhere(rows, w, rates, STORE).seconds for w in (workers, 2 * workers)
        )
        if then > 0.75 * now:
            break
        workers *= 2
    return workers
