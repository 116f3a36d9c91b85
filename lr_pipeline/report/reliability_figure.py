"""The reliability curve: how often a predicted probability came true, for all models in one."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lr_pipeline.evaluation.calibration import CalibrationBin, PredictionHistogram
from lr_pipeline.evaluation.number_format import count
from lr_pipeline.evaluation.reliability.reliability import NEARLY_ALL, Reliability
from lr_pipeline.report.canvas import (
    INK,
    MUTED,
    legend_below,
    new_figure,
    plot_label,
    plot_style,
    series_style,
)
from lr_pipeline.report.figures import REFERENCE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


UNEQUAL = 10  # times as many cases of one class in a bin as of the other in any


def reliability_figure(
    models: Sequence[Reliability],
    histogram: PredictionHistogram,
    histogram_title: str,
    class_names: tuple[str, str],
    unit: str,
) -> "Figure":
    """Draw observed shares against predictions, and below the predictions of one model.

    Points are bins with Wilson intervals; lines are calibration lines with 95 % bands.
    """
    furthest = max(map(_furthest, models))
    end = 1.0 if furthest > NEARLY_ALL else 1.1 * furthest
    lines = 2 * len(models) + 3
    with plot_style():
        figure = new_figure(4.6 + 0.195 * lines, left=_left(histogram), bottom=0.47 + 0.195 * lines)
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3.4, 1))
        upper.plot([0, 1], [0, 1], label="right probabilities", **REFERENCE)
        for one in models:
            _draw(upper, one)
        upper.set(ylim=(-0.02 * end, 1.02 * end), ylabel="share of ones observed")
        total = count(sum(bin_.cases for bin_ in models[0].bins))
        upper.set_title(f"Observed against predicted\nn = {total} {unit}")
        _draw_histogram(lower, histogram, class_names, unit)
        least = min(0.0, *(bin_.mean_prediction for one in models for bin_ in one.bins))
        lower.set(xlim=(least - 0.02 * end, 1.02 * end))
        lower.set(xlabel=f"prediction (below: of {plot_label(histogram_title, 26)})")
        legend_below(figure)
    return figure


def _left(histogram: PredictionHistogram) -> float:
    """Return inches left of the axes, which have room for the largest count."""
    largest = max(float(histogram.zeros.max()), float(histogram.ones.max()), 1.0)
    return 0.6 + 0.06 * max(len(count(math.ceil(largest))) - 3, 0)


def _furthest(one: Reliability) -> float:
    ends = [max(bin_.mean_prediction, bin_.upper) for bin_ in one.bins]
    return max(ends) if one.curve is None else max(*ends, float(one.curve.predicted[-1]))


def _draw(axes: "Axes", one: Reliability) -> None:
    style = series_style(one.alike.place)
    colour = style["color"]
    if one.curve is not None:
        axes.fill_between(
            one.curve.predicted, one.curve.lower, one.curve.upper, color=colour, alpha=0.18, lw=0
        )
        drawn: dict[str, Any] = {"color": colour, "linewidth": 1.6, "zorder": 3}
        axes.plot(one.curve.predicted, one.curve.observed, label=_label("line", one), **drawn)
    axes.errorbar(
        [bin_.mean_prediction for bin_ in one.bins],
        [bin_.observed_share for bin_ in one.bins],
        yerr=np.transpose([_interval_lengths(bin_) for bin_ in one.bins]),
        fmt="o",
        color=colour,
        markersize=4,
        elinewidth=1,
        clip_on=False,
        label=_label("bins", one),
        zorder=4,
    )


def _label(what: str, one: Reliability) -> str:
    return f"{plot_label(one.alike.model.title, 34)}, {what}"


def _interval_lengths(bin_: CalibrationBin) -> tuple[float, float]:
    """Return lengths below and above the point; rounding could make one negative at 0 or 1."""
    below = max(bin_.observed_share - bin_.lower, 0.0)
    return below, max(bin_.upper - bin_.observed_share, 0.0)


def _draw_histogram(
    axes: "Axes", histogram: PredictionHistogram, class_names: tuple[str, str], unit: str
) -> None:
    """Draw ones upwards and zeros downwards, in greys: colours are those of models.

    A class of far fewer cases, which would not be seen, has a scale of its own.
    """
    edges, zeros, ones = histogram
    tops = [max(1, math.ceil(heights.max())) for heights in (zeros, ones)]
    highest = max(tops)
    if highest < UNEQUAL * min(tops):
        tops = [highest, highest]
    for heights, top, name, colour in (
        (ones, tops[1], class_names[1], INK),
        (-zeros, tops[0], class_names[0], MUTED),
    ):
        scaled = heights if top == highest else heights * (highest / top)
        axes.stairs(scaled, edges, fill=True, color=colour, label=plot_label(name, 36))
    axes.axhline(0, color=MUTED, linewidth=0.8)
    axes.set_yticks([-highest, 0, highest], [count(tops[0]), "0", count(tops[1])])
    axes.set(ylim=(-1.15 * highest, 1.15 * highest), ylabel=unit)
