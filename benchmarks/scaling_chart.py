"""The chart of docs/scaling.md: measurements beside the model, and the model extrapolated."""

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.scaling_record import STORE, Measured
from lr_pipeline.evaluation.number_format import power_of_ten
from lr_pipeline.report.canvas import INK, SERIES, new_figure, picture, plot_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CURVES = (7, 8, 9, 10, 12)  # powers of ten of rows
MOST_WORKERS = 1_000
COLOURS = (SERIES[2], SERIES[1], SERIES[4])
TICKS = {1: "1 s", 60: "1 min", 3_600: "1 h", 86_400: "1 day", 86_400 * 30: "1 month"}


def chart(measured: Measured) -> bytes:
    """Draw two panels as a PNG."""
    with plot_style():
        figure = new_figure(height=4.4, width=8.6)
        here, elsewhere = figure.subplots(1, 2)
        figure.subplots_adjust(wspace=0.35, bottom=0.21)
        _draw_measured(here, measured)
        _draw_extrapolated(elsewhere, measured)
    return picture(figure)


def _draw_measured(axes: "Axes", measured: Measured) -> None:
    """Draw the measured runs as points on the curves of the model."""
    series = [(0, False, "Parquet engine, alone"), (1, False, "1 worker"), (2, False, "2 workers")]
    for colour, (workers, cached, label) in zip(COLOURS, series, strict=True):
        runs = [run for run in measured.runs if (run.workers, run.cached) == (workers, cached)]
        rows = [run.rows for run in runs]
        axes.plot(rows, [measured.predicted(run) for run in runs], color=colour, linewidth=1.4)
        axes.plot(rows, [run.seconds for run in runs], "o", color=colour, label=label)
    axes.set(xscale="log", yscale="log", xlabel="rows, 20 columns", ylabel="seconds of a fit")
    axes.set_title("Measured on two cores (points), model (lines)")
    _log_ticks(axes, {run.rows: f"{run.rows / 1e6:g}M" for run in measured.runs}, "x")
    _log_ticks(axes, {value: f"{value:g}" for value in (1, 2, 5, 10, 20, 50, 100)}, "y")
    axes.legend(loc="upper left", handlelength=1)


def _draw_extrapolated(axes: "Axes", measured: Measured) -> None:
    """Draw the predicted time against the number of workers for some tables."""
    workers = np.unique(np.geomspace(1, MOST_WORKERS, 60).astype(int))
    rates = measured.rates[0]
    for power in CURVES:
        times = [measured.elsewhere(10**power, int(w), rates, STORE).seconds for w in workers]
        axes.plot(workers, times, color=COLOURS[0], linewidth=1.4)
        axes.annotate(
            f"{power_of_ten(power)} rows",
            (1, times[0]),
            (4, 2),
            textcoords="offset points",
            color=INK,
            va="bottom",
        )
    axes.set(xscale="log", yscale="log", xlabel="workers, files in an object store")
    axes.set_title("Extrapolated, not measured")
    axes.margins(y=0.08)
    _log_ticks(axes, {value: f"{value:,}" for value in (1, 10, 100, 1_000)}, "x")
    _log_ticks(axes, TICKS, "y")


def _log_ticks(axes: "Axes", labels: dict[int, str], axis: str) -> None:
    """Set exactly these ticks, and none between."""
    chosen = axes.xaxis if axis == "x" else axes.yaxis
    chosen.set_ticks(list(labels), list(labels.values()))
    chosen.set_ticks([], minor=True)
