"""The figures of a report, from curves and bins that :mod:`lr_pipeline.evaluation` computed.

``canvas.picture`` and ``canvas.inline_svg`` convert a figure to bytes and HTML.
"""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lr_pipeline.evaluation.calibration import CalibrationBin, PredictionHistogram
from lr_pipeline.evaluation.curves import Calibration, RankCurves
from lr_pipeline.evaluation.number_format import count, metric
from lr_pipeline.report.canvas import (
    MUTED,
    POINT,
    SERIES,
    new_figure,
    plot_label,
    plot_style,
    series_style,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Counts = tuple[int | float, int | float]

REFERENCE: dict[str, Any] = {"color": MUTED, "linewidth": 1, "linestyle": (0, (2, 2)), "zorder": 2}


def roc_curves(curves: Mapping[str, RankCurves], classes: Counts) -> "Figure":
    """Draw true against false positive rate for every threshold, one curve for each title.

    ``classes``: rows, or cases, with label 0 and with label 1.
    """
    with plot_style():
        figure, axes = _unit_square("ROC curves on the test set", classes, len(curves) + 2)
        for index, (title, curve) in enumerate(curves.items()):
            axes.plot(
                curve.false_positive_rate,
                curve.true_positive_rate,
                label=f"{metric(curve.roc_auc)}  {plot_label(title)}",
                clip_on=False,
                **series_style(index),
            )
        axes.plot([0, 1], [0, 1], label="0.5000  no skill", **REFERENCE)
        axes.set(xlabel="false positive rate", ylabel="true positive rate")
        _legend_below(figure, title="area under the curve")
    return figure


def precision_recall_curves(curves: Mapping[str, RankCurves], classes: Counts) -> "Figure":
    """Draw precision against recall for every threshold, one curve for each title.

    The curves are drawn as steps, whose area is the average precision.
    """
    with plot_style():
        heading = "Precision and recall on the test set"
        figure, axes = _unit_square(heading, classes, len(curves) + 2)
        for index, (title, curve) in enumerate(curves.items()):
            axes.plot(
                curve.recall,
                curve.precision,
                drawstyle="steps-post",
                label=f"{metric(curve.average_precision)}  {plot_label(title)}",
                clip_on=False,
                **series_style(index),
            )
        share = classes[1] / sum(classes)
        axes.plot([0, 1], [share, share], label=f"{metric(share)}  no skill", **REFERENCE)
        axes.set(xlabel="recall (true positive rate)", ylabel="precision")
        _legend_below(figure, title="average precision")
    return figure


def calibration_curve(
    calibration: Calibration,
    title: str,
    class_names: tuple[str, str] = ("0", "1"),
    unit: str = "rows",
) -> "Figure":
    """Draw the share of ones against mean prediction, and below it the predictions' histogram.

    Each point is a bin with its Wilson interval; ``unit`` is what was counted, rows or cases.
    """
    bins, edges = calibration.bins, calibration.histogram.edges
    with plot_style():
        figure = new_figure(height=4.7, width=3.6, bottom=1.25)
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.2))
        upper.plot([0, 1], [0, 1], label="perfectly calibrated", **REFERENCE)
        upper.errorbar(
            [bin_.mean_prediction for bin_ in bins],
            [bin_.observed_share for bin_ in bins],
            yerr=np.transpose([_interval_lengths(bin_) for bin_ in bins]),
            fmt="o",
            color=POINT,
            markersize=5,
            elinewidth=1.2,
            clip_on=False,
            label=f"bin of {unit}, 95 % Wilson interval",
            zorder=3,
        )
        upper.set(ylim=(-0.02, 1.02), ylabel="share of ones observed")
        upper.set_title(f"Calibration: {plot_label(title)}\n{_bin_sizes(bins, unit)}")
        _draw_histogram(lower, calibration.histogram, class_names, unit)
        probable = edges[0] >= 0.0 and edges[-1] <= 1.0
        lower.set(xlabel="predicted probability" if probable else "prediction")
        lower.set(xlim=(edges[0] - 0.02, edges[-1] + 0.02))
        _legend_below(figure)
    return figure


def _unit_square(title: str, classes: Counts, legend_lines: int) -> "tuple[Figure, Axes]":
    zeros, ones = classes
    legend = 0.18 * legend_lines + 0.1
    figure = new_figure(height=4.25 + legend, bottom=0.45 + legend)
    axes = figure.subplots()
    counts = f"n = {count(zeros + ones)}: {count(ones)} ones, {count(zeros)} zeros"
    axes.set_title(f"{title}\n{counts}")
    axes.set(xlim=(0, 1), ylim=(0, 1.01))
    return figure, axes


def _legend_below(figure: "Figure", title: str | None = None, ncols: int = 1) -> None:
    figure.legend(
        loc="lower left", bbox_to_anchor=(0.06, 0), title=title, alignment="left", ncols=ncols
    )


def _interval_lengths(bin_: CalibrationBin) -> tuple[float, float]:
    """Return lengths below and above the point; rounding could make one negative at 0 or 1."""
    below = max(bin_.observed_share - bin_.lower, 0.0)
    return below, max(bin_.upper - bin_.observed_share, 0.0)


def _bin_sizes(bins: Sequence[CalibrationBin], unit: str) -> str:
    sizes = sorted({bin_.cases for bin_ in bins})
    each = f"{count(sizes[0])} to {count(sizes[-1])}" if len(sizes) > 1 else count(sizes[0])
    total = count(sum(bin_.cases for bin_ in bins))
    return f"n = {total} in {len(bins)} {'bins' if len(bins) > 1 else 'bin'} of {each} {unit}"


def _draw_histogram(
    axes: "Axes", histogram: PredictionHistogram, class_names: tuple[str, str], unit: str
) -> None:
    """Draw ones upwards and zeros downwards, so that neither hides the other."""
    edges, zeros, ones = histogram
    highest = max(1, math.ceil(zeros.max()), math.ceil(ones.max()))
    for heights, name, colour in (
        (ones, class_names[1], SERIES[1]),
        (-zeros, class_names[0], SERIES[0]),
    ):
        axes.stairs(heights, edges, fill=True, color=colour, label=plot_label(name, 36))
    axes.axhline(0, color=MUTED, linewidth=0.8)
    axes.set_yticks([-highest, 0, highest], [count(highest), "0", count(highest)])
    axes.set(ylim=(-1.15 * highest, 1.15 * highest), ylabel=unit)
