"""Small multiples: binned empirical logits of a few columns beside the model's own."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lr_pipeline.evaluation.diagnostics.linearity import BinnedColumn, BinnedLogit
from lr_pipeline.evaluation.number_format import MINUS, significant
from lr_pipeline.report.canvas import MUTED, new_figure, plot_label, plot_style, series_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 2
HALF = 0.5  # is added to both counts, so that a bin without ones has a logit


def empirical_logit(share: float, cases: float) -> float:
    """log((o + ½) / (n − o + ½)) of o ones in n cases."""
    ones = share * cases
    return math.log((ones + HALF) / (cases - ones + HALF))


def linearity_figure(columns: Sequence[BinnedColumn], index: int) -> "Figure":
    """Draw each column's binned logits with 95 % intervals, and the mean predictions' logits.

    ``index``: the model's place among all models, which decides its colour.
    """
    lines = -(-len(columns) // COLUMNS)
    with plot_style():
        figure = new_figure(height=1.1 + 1.6 * lines, width=4.6, left=0.45, bottom=0.7)
        grid = figure.subplots(lines, min(COLUMNS, len(columns)), squeeze=False)
        figure.subplots_adjust(hspace=0.6, wspace=0.28, top=1 - 0.55 / figure.get_figheight())
        panels = grid.ravel().tolist()
        for axes, column in zip(panels, columns, strict=False):
            _draw(axes, column, index)
        for axes in panels[len(columns) :]:
            axes.set_axis_off()
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(
            handles, labels, loc="lower left", bbox_to_anchor=(0.04, 0), alignment="left", ncols=2
        )
        figure.text(
            0.04, 1 - 0.08 / figure.get_figheight(), "Log odds by value", va="top", size=9.5
        )
    return figure


def _draw(axes: "Axes", column: BinnedColumn, index: int) -> None:
    bins = column.bins
    values = [one.value for one in bins]
    logits = [empirical_logit(one.observed, one.cases) for one in bins]
    below, above = zip(*(_bar(one) for one in bins), strict=True)
    style = series_style(index)
    axes.errorbar(
        values, logits, yerr=[below, above], fmt="o", color=MUTED, markersize=4, elinewidth=1,
        label="observed, 95 %",
    )  # fmt: skip
    predicted = [_logit(one.predicted, one.cases) for one in bins]
    axes.plot(values, predicted, color=style["color"], linewidth=1.6, label="predicted")
    axes.set_title(plot_label(column.column, 26), fontsize=8.5)
    axes.tick_params(labelsize=7.5)
    from matplotlib.ticker import MaxNLocator

    whole = all(float(value).is_integer() for value in values)
    axes.xaxis.set_major_locator(MaxNLocator(3, integer=whole))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(lambda x, _: _short(x))


def _short(x: float) -> str:
    """Return a tick's number: 20, 1,500, 2 × 10⁶."""
    plain = f"{x:,.10g}".replace("-", MINUS)
    return plain if 1e-4 <= abs(x) < 1e5 or x == 0 else significant(x, 2)


def _logit(share: float, cases: float) -> float:
    inside = min(max(share, HALF / (cases + 1.0)), 1.0 - HALF / (cases + 1.0))
    return math.log(inside / (1.0 - inside))


def _bar(one: BinnedLogit) -> tuple[float, float]:
    """Return how far the interval reaches below and above the point, on the scale of log odds."""
    at = empirical_logit(one.observed, one.cases)
    low, high = (_logit(end, one.cases) for end in (one.lower, one.upper))
    return max(at - low, 0.0), max(high - at, 0.0)
