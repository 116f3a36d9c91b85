"""The figure of Newton's steps: the valley of the loss, and the distance by step."""

from typing import TYPE_CHECKING

import numpy as np

from lr_pipeline.evaluation.number_format import count, power_of_ten
from lr_pipeline.report.canvas import INK, MUTED, SERIES, new_figure, plot_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lr_pipeline.studies.newton_steps import NewtonSteps

NEWTON, DESCENT = SERIES[1], SERIES[2]
LEAST_DISTANCE = 1e-12  # smaller distances are rounding


def draw_newton_steps(found: "NewtonSteps", rate: float) -> "Figure":
    """Draw on the left the paths in the valley of the loss, on the right the distances to w*."""
    with plot_style():
        figure = new_figure(height=3.9, width=8.2, bottom=0.95)
        figure.subplots_adjust(wspace=0.3)
        left, right = figure.subplots(1, 2)
        _draw_valley(left, found)
        _draw_distances(right, found)
        label = f"gradient descent, η = {rate:g}"
        lines = [
            right.plot([], [], color=DESCENT, linewidth=2, label=label)[0],
            right.plot([], [], "o-", color=NEWTON, markersize=4, label="Newton's method")[0],
        ]
        figure.legend(handles=lines, loc="lower left", bbox_to_anchor=(0.06, 0), ncols=2)
    return figure


def _draw_valley(axes: "Axes", found: "NewtonSteps") -> None:
    descent, newton = found.valley_descent, found.valley_newton
    across = np.linspace(-3.0, 1.5, 60)
    up = np.linspace(-1.5, 1.5, 50)
    loss = np.array([[found.valley.value(np.array([a, b])) for a in across] for b in up])
    levels = loss.min() + np.linspace(0.02, 0.6, 13) ** 2 * 2
    axes.contour(across, up, loss, levels=levels, colors=MUTED, linewidths=0.7)
    axes.plot(descent[:, 0], descent[:, 1], color=DESCENT, linewidth=2, zorder=3)
    axes.plot(newton[:, 0], newton[:, 1], "o-", color=NEWTON, markersize=4, zorder=4)
    axes.plot(0, 0, "+", color=INK, markersize=11, zorder=5)
    label = f"after {count(found.epochs)} steps"
    axes.annotate(label, descent[-1], (6, 8), textcoords="offset points", color=DESCENT)
    axes.set(xlim=(across[0], across[-1]), ylim=(up[0], up[-1]))
    axes.set(xlabel="flattest direction", ylabel="steepest direction")
    axes.set_title("Contours of the log loss; + is its minimum")


def _draw_distances(axes: "Axes", found: "NewtonSteps") -> None:
    steps, distances = found.descent.T
    axes.plot(steps, distances, color=DESCENT, linewidth=2)
    shown = [one for one in found.distances[1:] if one > LEAST_DISTANCE]
    axes.plot(range(1, len(shown) + 1), shown, "o-", color=NEWTON, markersize=4)
    axes.set(xscale="log", yscale="log", ylim=(LEAST_DISTANCE, 20), xlim=(0.8, steps[-1] * 2))
    axes.set(xlabel="step", ylabel="distance to the minimum")
    axes.set_title("One multiplies the distance, the other squares it")
    axes.yaxis.set_major_formatter(lambda x, _: power_of_ten(round(np.log10(x))))
    axes.xaxis.set_major_formatter(lambda x, _: count(round(x)))
    axes.minorticks_off()
