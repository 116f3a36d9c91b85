"""The figures of the descent study: paths on the curve, distances by step."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.logistic.objective import SmoothFunction
from lr_pipeline.evaluation.number_format import count, power_of_ten
from lr_pipeline.report.canvas import INK, MUTED, SERIES, new_figure, plot_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lr_pipeline.studies.descent import Path

COLUMNS = 3
# The range of the curve that is drawn if the path stays in it (the tutorial's range), and how far a
# diverging path is drawn.
CURVE = (-1.0, 6.0)
FARTHEST = 20.0
NEAREST_DRAWN, FARTHEST_DRAWN = 1e-6, 1e4


def draw_paths(
    paths: "Sequence[Path]", verdicts: Sequence[str], function: SmoothFunction, minimum: float
) -> "Figure":
    """Draw one panel for each path: the curve of ``function`` and the path's points on it."""
    lines = -(-len(paths) // COLUMNS)
    columns = min(len(paths), COLUMNS)
    with plot_style():
        figure = new_figure(height=2.55 * lines + 0.35, width=2.75 * columns + 0.4)
        figure.subplots_adjust(hspace=0.52, wspace=0.28)
        grid = figure.subplots(lines, columns, squeeze=False)
        for axes, path, verdict in zip(grid.flat, paths, verdicts, strict=False):
            near = np.abs(path.theta - minimum) <= FARTHEST
            drawn = len(near) if near.all() else int(np.argmin(near))
            _draw_path(axes, path.theta[:drawn], function)
            points = count(len(path.theta))
            if drawn < len(path.theta):
                points = f"first {drawn} of {points}"
            axes.set_title(f"η = {path.learning_rate:g}: {verdict}\n{points} points")
        for axes in grid.flat[len(paths) :]:
            axes.set_axis_off()
        for axes in grid[:, 0]:
            axes.set_ylabel("loss f(θ)")
        for axes in grid.flat[max(len(paths) - columns, 0) : len(paths)]:
            axes.set_xlabel("θ")
    return figure


def _draw_path(
    axes: "Axes", theta: Float64[np.ndarray, " points"], function: SmoothFunction
) -> None:
    low, high = min(CURVE[0], theta.min()), max(CURVE[1], theta.max())
    curve = np.linspace(low, high, 150)
    axes.plot(curve, _values(function, curve), color=SERIES[0], linewidth=2)
    axes.plot(theta, _values(function, theta), "+-", color=SERIES[1], linewidth=1, markersize=5)
    axes.plot(theta[:1], _values(function, theta[:1]), "o", color=INK, markersize=4, zorder=4)


def _values(
    function: SmoothFunction, points: Float64[np.ndarray, " points"]
) -> Float64[np.ndarray, " points"]:
    return np.array([function.value(points[k : k + 1]) for k in range(len(points))])


def draw_distances(paths: "Sequence[Path]", verdicts: Sequence[str], minimum: float) -> "Figure":
    """Draw |θ − minimum| after each step on logarithmic axes, one curve for each learning rate."""
    longest: dict[float, tuple[Path, str]] = {}
    for path, verdict in zip(paths, verdicts, strict=True):
        longest.setdefault(path.learning_rate, (path, verdict))
    with plot_style():
        legend = 0.19 * len(longest) + 0.3
        figure = new_figure(height=3.4 + legend, width=5.6, bottom=0.45 + legend)
        figure.subplots_adjust(right=1 - 0.35 / 5.6)  # room for the last number on the axis
        axes = figure.subplots()
        for index, (path, verdict) in enumerate(longest.values()):
            distance = np.abs(path.theta[1:] - minimum)
            shown = (distance > 0) & (distance < 10 * FARTHEST_DRAWN)
            label = f"η = {path.learning_rate:g}: {verdict}, {count(len(path.theta))} points"
            axes.plot(np.flatnonzero(shown) + 1, distance[shown], label=label, **_style(index))
        start = abs(paths[0].theta[0] - minimum)
        axes.axhline(start, color=MUTED, linewidth=0.8, zorder=1, label="distance at the start")
        axes.set(xscale="log", yscale="log", xlim=(0.9, max(len(p.theta) for p in paths) * 1.1))
        axes.set(ylim=(NEAREST_DRAWN, FARTHEST_DRAWN))
        axes.set(xlabel="step", ylabel="distance to the minimum, |θ − 2.5|")
        axes.set_title("Each step multiplies the distance by |1 − 2η|")
        axes.yaxis.set_major_formatter(lambda x, _: power_of_ten(round(np.log10(x))))
        axes.xaxis.set_major_formatter(lambda x, _: count(round(x)))
        axes.minorticks_off()
        figure.legend(loc="lower left", bbox_to_anchor=(0.06, 0))
    return figure


def _style(index: int) -> dict[str, Any]:
    """Return colour and dashes of one of up to fifteen curves."""
    dashes = ("solid", "dashed", "dotted")[index // len(SERIES) % 3]
    return {"color": SERIES[index % len(SERIES)], "linestyle": dashes, "linewidth": 1.6}
