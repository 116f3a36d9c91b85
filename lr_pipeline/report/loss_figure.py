"""The figure of a descent: the objective and its gradient, from iteration to iteration."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lr_pipeline.core.solvers.result import TracePoint
from lr_pipeline.evaluation.number_format import count, power_of_ten, significant
from lr_pipeline.report.canvas import POINT, new_figure, plot_label, plot_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FEW_POINTS = 30
DRAWABLE = 1e100  # a larger objective or gradient is of a descent that diverges


def loss_curve(trace: Sequence[TracePoint], title: str) -> "Figure":
    """Draw the objective and the norm of its gradient at each recorded iteration.

    An objective that changes by less than a hundredth of itself is drawn as the difference from its
    least value. Points beyond 10¹⁰⁰ (a diverging descent) are left out, and counted in the title.
    """
    from matplotlib.ticker import MaxNLocator

    shown = [p for p in trace if abs(p.value) < DRAWABLE and p.gradient_norm < DRAWABLE]
    left_out = len(trace) - len(shown)
    beyond = f", {count(left_out)} beyond {power_of_ten(100)}" if left_out else ""
    iterations = [point.iteration for point in shown]
    marker = "o" if len(shown) < FEW_POINTS else ""
    style: dict[str, Any] = {"color": POINT, "marker": marker, "markersize": 4}
    with plot_style():
        figure = new_figure(height=4.0, left=0.8)
        upper, lower = figure.subplots(2, 1, sharex=True)
        heights, ylabel = _above_the_least([point.value for point in shown])
        upper.plot(iterations, heights, **style)
        lower.plot(iterations, [point.gradient_norm for point in shown], **style)
        upper.set(ylabel=ylabel)
        lower.set(ylabel="gradient norm", xlabel="iteration")
        _choose_scale(upper, heights, least_ratio=1e3)
        _choose_scale(lower, [point.gradient_norm for point in shown], least_ratio=10.0)
        points = f"recorded iterations: {count(len(trace))}{beyond}"
        upper.set_title(f"Descent: {plot_label(title)}\n{points}")
        lower.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
        lower.xaxis.set_major_formatter(lambda x, _: count(round(x)))
        if len(shown) == 1:
            lower.set(xlim=(iterations[0] - 1, iterations[0] + 1))
    return figure


def _above_the_least(values: list[float]) -> tuple[list[float], str]:
    """Return what is drawn and its label: the objective, or its excess over the least value.

    The excess is used where the objective hardly changes. Values that differ only by rounding are
    drawn as equal.
    """
    least, largest = min(values), max(map(abs, values))
    span = max(values) - least
    if not 0 < span < 0.01 * largest:
        return values, "objective (mean)"
    if span < 8 * np.finfo(float).eps * largest:
        return [least] * len(values), "objective (mean)"
    shown = significant(least, 6)
    label = f"objective − ({shown})" if least < 0 else f"objective − {shown}"
    return [value - least for value in values], label


def _choose_scale(axes: "Axes", values: Sequence[float], least_ratio: float) -> None:
    """Choose a logarithmic axis if the values are positive and span more than ``least_ratio``.

    On a linear axis, numbers that need a power of ten have it in the axis' label.
    """
    positive = [value for value in values if value > 0]
    if len(positive) < max(len(values) - 1, 1) or max(positive) < least_ratio * min(positive):
        largest = max(map(abs, values))
        if largest > 0 and not 1e-3 <= largest < 1e5:
            exponent = int(np.floor(np.log10(largest)))
            axes.yaxis.set_major_formatter(lambda x, _: f"{round(x / 10.0**exponent, 6):g}")
            axes.set_ylabel(f"{axes.get_ylabel()}\nin units of {power_of_ten(exponent)}")
        return
    axes.set_yscale("log", nonpositive="mask")
    axes.yaxis.set_major_formatter(lambda x, _: power_of_ten(round(np.log10(x))))
    axes.yaxis.set_minor_formatter("")
