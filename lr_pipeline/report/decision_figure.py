"""Net benefit and cost of every threshold, for all models."""

from typing import TYPE_CHECKING, Any

import numpy as np

from lr_pipeline.evaluation.answers.net_benefit import DecisionCurves
from lr_pipeline.report.canvas import (
    INK,
    legend_below,
    new_figure,
    plot_label,
    plot_style,
    series_style,
)
from lr_pipeline.report.figures import REFERENCE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

THOUSAND = 1000.0
LEFT = 0.72  # inches: numbers of four digits beside the axes' names
BELOW = 0.3  # of the largest net benefit that is drawn below 0


def decision_figure(found: DecisionCurves, threshold: float, rows: str) -> "Figure":
    """Draw net benefit above and cost below, per thousand rows, with the threshold in use."""
    lines = len(found.curves) + 3
    t = found.thresholds
    with plot_style():
        figure = new_figure(4.9 + 0.2 * lines, left=LEFT, bottom=0.47 + 0.195 * lines)
        upper, lower = figure.subplots(2, 1, sharex=True)
        upper.axhline(0, label="no for every row", color=INK, linewidth=1, zorder=2)
        upper.plot(t, THOUSAND * found.flag_all, label="yes for every row", **REFERENCE)
        for one in found.curves:
            style = series_style(one.place) | {"linewidth": 2.0}
            title = plot_label(one.title, 36)
            upper.plot(t, THOUSAND * one.net_benefit, label=title, **style)
            lower.plot(t, THOUSAND * one.cost, **style)
        lower.axhline(THOUSAND * found.cost_all, **REFERENCE)
        lower.axhline(THOUSAND * found.cost_none, color=INK, linewidth=1, zorder=2)
        upright: dict[str, Any] = {"color": INK, "linewidth": 0.9, "linestyle": (0, (1, 1.5))}
        beyond = " (further right)" if threshold > t[-1] else ""
        upper.axvline(threshold, label=f"threshold in use, {threshold:.3g}{beyond}", **upright)
        lower.axvline(threshold, **upright)
        highest = THOUSAND * max(float(found.flag_all[0]), 1e-6)
        upper.set(ylim=(-BELOW * highest, 1.1 * highest), ylabel="net benefit per 1,000")
        costs = [THOUSAND * found.cost_all, THOUSAND * found.cost_none]
        costs += [float(v) for one in found.curves for v in THOUSAND * one.cost[[0, -1]]]
        costs += [float(THOUSAND * one.cost.min()) for one in found.curves]
        margin = 0.06 * max(float(np.ptp(costs)), 1e-6)
        lower.set(ylim=(min(costs) - margin, max(costs) + margin))
        unit = "cost" if found.costs_given else "wrong answers"
        lower.set(xlabel="threshold", ylabel=f"{unit} per 1,000", xlim=(0, float(t[-1])))
        upper.set_title(f"Net benefit and {unit}\n{rows}")
        legend_below(figure)
    return figure
