"""The forest plot: odds ratios of the largest effects with their intervals."""

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from lr_pipeline.evaluation.effects.effects import ColumnEffect, Effects, FeatureEffects
from lr_pipeline.evaluation.number_format import power_of_ten
from lr_pipeline.report.canvas import INK, MUTED, new_figure, plot_label, plot_style, series_style
from lr_pipeline.report.effects_view import change_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_DRAWN = 25
WIDEST = math.log(100.0)  # an interval is cut this far beyond the outermost estimates
TICKS = (1.0, 2.0, 5.0)
LONGEST_NAMES = (24, 16, 12, 8)  # letters of a name, tried until the labels leave room
WIDEST_LABELS = 0.58  # of the figure


def forest_rows(effects: Effects) -> list[tuple[FeatureEffects, ColumnEffect]]:
    """Return the columns whose effects can be told, the largest by deviation first."""
    rows = [
        (feature, column)
        for feature in effects.features
        for column in feature.columns
        if not column.withheld
    ]
    return sorted(rows, key=lambda row: -row[1].size)


def _label(feature: FeatureEffects, column: ColumnEffect, longest: int) -> str:
    """Return what changes, with names cut so that the step or reference stays."""
    feature = replace(
        feature,
        name=plot_label(feature.name, longest),
        reference=plot_label(feature.reference or "", longest // 2),
    )
    column = replace(column, level=plot_label(column.level, longest // 2))
    return change_name(feature, column, several=len(feature.columns) > 1)


def forest_plot(effects: Effects, index: int) -> "Figure":
    """Draw the odds ratios of the 25 largest effects, on a logarithmic axis.

    ``index``: the model's place among all models, which decides its colour.
    """
    rows = forest_rows(effects)
    shown = rows[:MOST_DRAWN]
    colour = series_style(index)["color"]
    low, high = _limits([column for _, column in shown])
    with plot_style():
        figure = new_figure(height=0.95 + 0.21 * max(len(shown), 3), width=4.6)
        axes = figure.subplots()
        axes.axvline(0.0, color=MUTED, linewidth=1)
        for place, (_, column) in enumerate(shown):
            if column.interval is not None:
                ends = [min(max(end * column.step, low), high) for end in column.interval]
                axes.plot(ends, [place, place], color=colour, linewidth=1.6)
            axes.plot(column.coefficient * column.step, place, "o", color=colour, markersize=5)
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.grid(visible=False, axis="y")
        for longest in LONGEST_NAMES:
            axes.set_yticks(range(len(shown)), [_label(*row, longest) for row in shown])
            extents = (label.get_window_extent().width for label in axes.get_yticklabels())
            left = max(extents, default=0.0) / figure.bbox.width + 0.04
            if left <= WIDEST_LABELS:
                break
        figure.subplots_adjust(left=left, right=0.97)
        axes.set(ylim=(max(len(shown), 1) - 0.4, -0.6), xlim=(low, high))
        axes.set_xlabel("odds ratio, logarithmic axis")
        _ratio_ticks(axes, low, high)
        some = (
            f"{len(shown)} largest of {len(rows)} effects" if len(rows) > len(shown) else "Effects"
        )
        bars = any(column.interval for _, column in shown)
        below = "bars: 95 % intervals" if bars else "no intervals given"
        heading = f"{some}: {plot_label(effects.title, 40)}\n{below}"
        figure.text(0.03, 0.985, heading, va="top", fontsize=9.5)
    return figure


def _limits(columns: list[ColumnEffect]) -> tuple[float, float]:
    """Return the ends of the axis, as logarithms: around all points, and most intervals."""
    points = [column.coefficient * column.step for column in columns] + [0.0]
    low, high = min(points), max(points)
    ends = [
        min(max(end * column.step, low - WIDEST), high + WIDEST)
        for column in columns
        for end in column.interval or ()
    ]
    low, high = min([low, *ends]), max([high, *ends])
    margin = 0.05 * (high - low) or 0.5
    return low - margin, high + margin


def _ratio_ticks(axes: "Axes", low: float, high: float) -> None:
    """Label 0.5, 1, 2 …, or powers of ten where the axis is long."""
    decades = (high - low) / math.log(10.0)
    exponents = range(math.floor(low / math.log(10.0)), math.ceil(high / math.log(10.0)) + 1)
    every = max(1, round(decades / 6))
    mantissas = TICKS if decades <= 2.2 else (1.0,)
    ticks = {
        math.log(m) + k * math.log(10.0): f"{m * 10.0**k:g}" if -4 < k < 5 else power_of_ten(k)
        for k in exponents
        for m in mantissas
        if k % every == 0
    }
    if decades < 0.35:
        ticks = _fine_ticks(low, high)
    inside = {at: text for at, text in ticks.items() if low <= at <= high}
    axes.set_xticks(list(inside), list(inside.values()))


def _fine_ticks(low: float, high: float) -> dict[float, str]:
    """Return about five ratios in round steps, for an axis that is shorter than a factor of two."""
    start, stop = math.exp(low), math.exp(high)
    step = 10.0 ** math.floor(math.log10((stop - start) / 2.0))
    step *= next(m for m in (1, 2, 5, 10) if (stop - start) / (m * step) <= 6)
    first = math.ceil(start / step)
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    ratios = [k * step for k in range(first, math.floor(stop / step) + 1)]
    return {math.log(ratio): f"{ratio:.{places}f}" for ratio in ratios}
