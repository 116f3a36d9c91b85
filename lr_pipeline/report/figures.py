"""The figures of a report, from curves and bins that :mod:`lr_pipeline.evaluation` computed.

``canvas.picture`` and ``canvas.inline_svg`` convert a figure to bytes and HTML.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lr_pipeline.evaluation.curves import RankCurves
from lr_pipeline.evaluation.intervals.interval import Interval
from lr_pipeline.evaluation.number_format import count, metric, significant, with_interval
from lr_pipeline.report.canvas import (
    MUTED,
    legend_below,
    new_figure,
    plot_label,
    plot_style,
    series_style,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Counts = tuple[int | float, int | float]
Intervals = Mapping[str, Interval]

REFERENCE: dict[str, Any] = {"color": MUTED, "linewidth": 1, "linestyle": (0, (2, 2)), "zorder": 2}


def roc_curves(
    curves: Mapping[str, RankCurves], classes: Counts, areas: Intervals | None = None
) -> "Figure":
    """Draw true against false positive rate for every threshold, one curve for each title.

    ``classes``: rows, or cases, with label 0 and with label 1. ``areas``: the intervals of the
    areas by title, where they are known; the legend has their digits.
    """
    known = areas or {}
    with plot_style():
        figure, axes = _unit_square("ROC curves on the test set", classes, len(curves) + 2)
        for index, (title, curve) in enumerate(curves.items()):
            axes.plot(
                curve.false_positive_rate,
                curve.true_positive_rate,
                label=_with_area(title, curve.roc_auc, known),
                clip_on=False,
                **series_style(index),
            )
        axes.plot([0, 1], [0, 1], label="0.5  no skill", **REFERENCE)
        axes.set(xlabel="false positive rate", ylabel="true positive rate")
        legend_below(figure, _legend_title("area under the curve", known))
    return figure


def precision_recall_curves(
    curves: Mapping[str, RankCurves], classes: Counts, areas: Intervals | None = None
) -> "Figure":
    """Draw precision against recall for every threshold, one curve for each title.

    The curves are drawn as steps, whose area is the average precision. ``areas``: as for
    `roc_curves`.
    """
    known = areas or {}
    with plot_style():
        heading = "Precision and recall on the test set"
        figure, axes = _unit_square(heading, classes, len(curves) + 2)
        for index, (title, curve) in enumerate(curves.items()):
            axes.plot(
                curve.recall,
                curve.precision,
                drawstyle="steps-post",
                label=_with_area(title, curve.average_precision, known),
                clip_on=False,
                **series_style(index),
            )
        share = classes[1] / sum(classes)
        axes.plot([0, 1], [share, share], label=f"{significant(share, 3)}  no skill", **REFERENCE)
        axes.set(xlabel="recall (true positive rate)", ylabel="precision")
        legend_below(figure, _legend_title("average precision", known))
    return figure


def _with_area(title: str, area: float, known: Intervals) -> str:
    """Return the legend's text, with the digits that the interval justifies, if there is one."""
    ends = known[title].ends if title in known else None
    if ends is None:
        return f"{metric(area)}  {plot_label(title)}"
    return f"{with_interval(area, ends)}  {plot_label(title, 34)}"


def _legend_title(text: str, known: Intervals) -> str:
    return f"{text} (95 % interval)" if known else text


def _unit_square(title: str, classes: Counts, legend_lines: int) -> "tuple[Figure, Axes]":
    zeros, ones = classes
    legend = 0.18 * legend_lines + 0.1
    figure = new_figure(height=4.25 + legend, bottom=0.45 + legend)
    axes = figure.subplots()
    counts = f"n = {count(zeros + ones)}: {count(ones)} ones, {count(zeros)} zeros"
    axes.set_title(f"{title}\n{counts}")
    axes.set(xlim=(0, 1), ylim=(0, 1.01))
    return figure, axes
