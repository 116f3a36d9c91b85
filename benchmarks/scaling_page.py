"""Writes docs/scaling.md and its chart: ``python -m benchmarks.scaling_page``."""

from math import inf, log10
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from benchmarks import markdown
from benchmarks.cost_model import (
    Costs,
    Rates,
    alone_costs,
    sum_bytes,
)
from benchmarks.scaling_record import STORE, Measured, break_even, fits_stretch, stops_paying
from benchmarks.streaming import ROOT
from lr_pipeline.evaluation.number_format import power_of_ten

DOCS = ROOT / "docs"
WORKERS = (1, 10, 100, 1_000)
EXTRAPOLATED = (10**7, 10**8, 10**9, 10**12)
UNITS = (("days", 86_400.0), ("h", 3_600.0), ("min", 60.0), ("s", 1.0))


def render(measured: Measured) -> str:
    """The page's text."""
    environment = Environment(
        loader=FileSystemLoader(DOCS / "templates"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    return environment.get_template("scaling.md").render(**values(measured))


def values(measured: Measured) -> dict[str, Any]:
    """Tables and numbers of the page."""
    small = measured.rates[0]
    fitted, others = measured.errors(True), measured.errors(False)
    return {
        "measured": measured,
        "rates": _rates_table(measured),
        "overheads": _overheads_table(measured),
        "runs": _runs_table(measured),
        "stretch": f"{measured.fitted.stretch:.2f}",
        "fitted_error": _percent(float(np.median(fitted))),
        "median_error": _percent(float(np.median(others))),
        "worst_error": _percent(others[-1]),
        "extrapolated": [
            (rates.columns, _extrapolated_table(measured, rates)) for rates in measured.rates
        ],
        "breaks_even": _break_even_table(measured, small),
        "stops": _stops_table(measured, small),
    }


def _rates_table(measured: Measured) -> str:
    names = ("read and decode", "gradient pass", "Hessian pass", "medians", "sample, a row of it")
    fields = ("read", "gradient", "hessian", "prepare", "sample")
    columns = [f"d = {rates.columns}" for rates in measured.rates]
    rows = [
        [name, *(_nanoseconds(getattr(rates, field)) for rates in measured.rates)]
        for name, field in zip(names, fields, strict=True)
    ]
    rows.append(["bytes in the file", *(f"{rates.file_bytes:.0f}" for rates in measured.rates)])
    for hessian, name in ((False, "a gradient's sums"), (True, "a Hessian's sums")):
        sizes = (sum_bytes(rates.columns, hessian) for rates in measured.rates)
        rows.append([f"bytes a block: {name}", *(f"{size:,}" for size in sizes)])
    return markdown.table(["a row", *columns], rows)


def _overheads_table(measured: Measured) -> str:
    o = measured.overheads
    rows = [
        ["scheduler, a task", markdown.seconds(o.scheduler_task), _a_second(o.scheduler_task)],
        ["worker, a task without rows", markdown.seconds(o.worker_task), _a_second(o.worker_task)],
        ["a pass over a few rows", markdown.seconds(o.round_trip), "–"],
        ["start of two local workers", markdown.seconds(o.start), "–"],
        ["from a worker to the driver", "–", f"{o.transfer / 1e6:.0f} MB/s"],
    ]
    return markdown.table(["", "takes", "that is"], rows)


def _runs_table(measured: Measured) -> str:
    rows = [
        [
            f"{run.rows:,}",
            "alone" if run.workers == 0 else str(run.workers),
            "yes" if run.cached else "no",
            "yes" if fits_stretch(run) else "no",
            f"{run.seconds:.1f} s",
            f"{measured.predicted(run):.1f} s",
            f"{measured.predicted(run) / run.seconds:.2f}",
        ]
        for run in measured.runs
    ]
    return markdown.table(
        ["rows", "workers", "kept", "fitted to", "measured", "model", "model / measured"], rows
    )


def _extrapolated_table(measured: Measured, rates: Rates) -> str:
    headers = ["rows", "files", "alone", *(f"{workers:,} workers" for workers in WORKERS[1:])]
    rows = [
        [
            power_of_ten(round(log10(n))),
            where,
            _shown(alone_costs(n, rates, disk)),
            *(_shown(measured.elsewhere(n, w, rates, disk)) for w in WORKERS[1:]),
        ]
        for n in EXTRAPOLATED
        for where, disk in (("local", inf), ("store", STORE))
    ]
    return markdown.table(headers, rows)


def _break_even_table(measured: Measured, rates: Rates) -> str:
    rows = []
    for workers in (2, 4, 10, 100):
        standing = break_even(measured, workers, rates, 0.0)
        started = break_even(measured, workers, rates, measured.overheads.start)
        rows.append([str(workers), _rows(standing), _rows(started)])
    return markdown.table(["workers", "cluster stands", "cluster is started"], rows)


def _stops_table(measured: Measured, rates: Rates) -> str:
    rows = []
    for n in EXTRAPOLATED:
        workers = stops_paying(measured, n, rates)
        time = _shown(measured.elsewhere(n, workers, rates, STORE))
        rows.append([power_of_ten(round(log10(n))), f"{workers:,}", time])
    return markdown.table(["rows", "workers", "time"], rows)


def _shown(costs: Costs) -> str:
    return duration(costs.seconds)


def duration(seconds: float) -> str:
    """Format a time with two digits, in the largest unit that gives 1 or more."""
    for unit, size in UNITS:
        if seconds >= size or unit == "s":
            value = seconds / size
            return f"{value:,.0f} {unit}" if value >= 9.95 else f"{value:.1f} {unit}"
    raise AssertionError


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _nanoseconds(seconds: float) -> str:
    return f"{seconds * 1e9:,.0f} ns"


def _a_second(seconds: float) -> str:
    return f"{float(f'{1 / seconds:.2g}'):,.0f} a second"


def _rows(rows: float) -> str:
    return "never" if rows == inf else f"{rows:,}"


def main() -> None:
    from benchmarks.scaling_chart import chart

    measured = Measured.recorded()
    (DOCS / "scaling.md").write_text(render(measured), encoding="utf-8")
    (DOCS / "scaling.png").write_bytes(chart(measured))


if __name__ == "__main__":
    main()
