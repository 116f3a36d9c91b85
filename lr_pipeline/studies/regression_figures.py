"""The figures of the regression study: residuals, two solutions, the sigmoid."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lr_pipeline.core.logistic.loss import sigmoid
from lr_pipeline.core.types import RowVector
from lr_pipeline.evaluation.number_format import MINUS, significant
from lr_pipeline.report.canvas import INK, MUTED, SERIES, new_figure, plot_label, plot_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Line = tuple[float, float]

MOST_COEFFICIENTS = 25


def draw_residuals(x: RowVector, y: RowVector, line: Line, feature: str) -> "Figure":
    """Draw the rows, the least-squares line, and its vertical residuals."""
    fitted = line[0] + line[1] * x
    with plot_style():
        figure = new_figure(height=4.0, width=5.6, bottom=0.75)
        axes = figure.subplots()
        axes.vlines(x, fitted, y, color=MUTED, linewidth=0.7, zorder=2)
        _draw_rows(axes, x, y)
        ends = np.array([x.min(), x.max()])
        axes.plot(ends, line[0] + line[1] * ends, color=INK, linewidth=2, zorder=4)
        axes.set(xlabel=plot_label(feature), ylabel="label y, and fitted ŷ")
        axes.set_title(
            f"ŷ = {significant(line[0])} {_signed(line[1])} x\n"
            f"Σ(y {MINUS} ŷ)² = {significant(float(((y - fitted) ** 2).sum()))}, "
            "the least of all lines"
        )
        figure.legend(loc="lower left", bbox_to_anchor=(0.08, 0), handlelength=1, ncols=2)
    return figure


def draw_sigmoid(
    x: RowVector, y: RowVector, line: Line, logistic: Line | None, feature: str
) -> "Figure":
    """Draw σ(z) alone, and with the rows beside the straight line, which leaves [0, 1]."""
    with plot_style():
        figure = new_figure(height=3.7, width=8.0, bottom=0.5)
        figure.subplots_adjust(wspace=0.25)
        left, right = figure.subplots(1, 2)
        z = np.linspace(-8.0, 8.0, 321)
        left.plot(z, sigmoid(z), color=SERIES[2], linewidth=2)
        left.plot(0, 0.5, "o", color=INK, markersize=4)
        left.set(xlabel="z = β₀ + β₁ x, any real number", ylabel="σ(z), between 0 and 1")
        left.set_title("σ(z) = 1 / (1 + exp(−z))\nσ(0) = 0.5")
        margin = 0.5 * float(np.ptp(x))
        wide = np.linspace(x.min() - margin, x.max() + margin, 321)
        _draw_rows(right, x, y)
        right.plot(wide, line[0] + line[1] * wide, color=INK, linewidth=1.4, label="line")
        title = "The classes are separated: no finite slope is best"
        if logistic is not None:
            probability = sigmoid(logistic[0] + logistic[1] * wide)
            right.plot(wide, probability, color=SERIES[2], linewidth=2, label="sigmoid of a line")
            title = f"p̂ = σ({significant(logistic[0])} {_signed(logistic[1])} x)"
        right.axhspan(0.0, 1.0, color=MUTED, alpha=0.08, linewidth=0)
        right.set(xlabel=plot_label(feature), ylabel="probability of label 1")
        right.set_title(f"{title}\na line leaves the range of probabilities")
        right.legend(loc="best", handlelength=2)
    return figure


def draw_normal_equations(parameters: Sequence[Mapping[str, Any]]) -> "Figure":
    """Draw the normal equations' parameters on the project's; labels give the difference."""
    shown = parameters[:MOST_COEFFICIENTS]
    left_out = len(parameters) - len(shown)
    with plot_style():
        figure = new_figure(height=1.3 + 0.22 * max(len(shown), 3), width=5.4, bottom=0.85)
        axes = figure.subplots()
        places = range(len(shown))
        axes.axvline(0, color=MUTED, linewidth=1)
        axes.plot(
            [row["project"] for row in shown],
            places,
            "o",
            color=SERIES[0],
            markersize=9,
            label="the project's own least squares",
        )
        formula = [(row["normal_equations"], place) for place, row in enumerate(shown)]
        solved = [(value, place) for value, place in formula if value is not None]
        if solved:
            axes.plot(*zip(*solved, strict=True), "x", color=INK, markersize=6, label="(XᵀX)⁻¹Xᵀy")
        axes.set_yticks(places, [plot_label(str(row["name"]), 24) for row in shown])
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        widest = max(label.get_window_extent().width for label in axes.get_yticklabels())
        figure.subplots_adjust(left=widest / figure.bbox.width + 0.04)
        axes.set(ylim=(len(shown) - 0.4, -0.6), xlabel="β̂")
        more = f", first {len(shown)} of {len(parameters)}" if left_out else ""
        axes.set_title(f"{_agreement(parameters)}{more}")
        figure.legend(loc="lower left", bbox_to_anchor=(0.03, 0), handlelength=1, ncols=2)
    return figure


def _agreement(parameters: Sequence[Mapping[str, Any]]) -> str:
    if any(row["normal_equations"] is None for row in parameters):
        return "XᵀX is singular in float64: the formula has no answer"
    largest = max(abs(row["normal_equations"] - row["project"]) for row in parameters)
    return f"Multiple regression: largest difference {significant(largest, 2)}"


def _draw_rows(axes: "Axes", x: RowVector, y: RowVector) -> None:
    for value, colour in ((0.0, SERIES[0]), (1.0, SERIES[1])):
        chosen = y == value
        label = f"label {value:g}"
        axes.plot(x[chosen], y[chosen], "o", color=colour, markersize=4, zorder=3, label=label)


def _signed(value: float) -> str:
    sign = MINUS if value < 0 else "+"
    return f"{sign} {significant(abs(value))}"
