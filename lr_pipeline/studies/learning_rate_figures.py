"""The figures of the learning-rate study: loss by step, final loss by rate."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float64

from lr_pipeline.evaluation.number_format import power_of_ten
from lr_pipeline.report.canvas import INK, MUTED, SERIES, new_figure, plot_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lr_pipeline.studies.learning_rates import Landscape, Run

MOST_CURVES = 5
# A difference of two losses below the first limit is rounding; larger ones than the second are
# drawn at the upper edge.
FLOOR = 1e-16
HIGHEST = 1e3
MARKERS = {"monotone": "o", "oscillating": "^", "cycling": "X", "separable": "o", "overflow": "s"}


def draw_loss_curves(runs: "Sequence[Run]", landscape: "Landscape", best: "Run | None") -> "Figure":
    """Draw loss above its minimum by step: some fixed rates, and all schedules from one rate."""
    fixed = [run for run in runs if run.schedule == "fixed"]
    chosen = _representative(fixed, best)
    bound = landscape.local or landscape.guaranteed
    beyond = [run for run in fixed if run.learning_rate > bound]
    rate = (beyond[0] if beyond else fixed[-1]).learning_rate
    decaying = [run for run in runs if run.learning_rate == rate]
    with plot_style():
        figure = new_figure(height=4.7, width=7.6, left=0.9, bottom=1.6)
        figure.subplots_adjust(wspace=0.12)
        left, right = figure.subplots(1, 2, sharey=True)
        for index, run in enumerate(chosen):
            _draw_run(left, run, landscape, index, f"η = {run.learning_rate:g}: {run.verdict}")
        for index, run in enumerate(decaying):
            _draw_run(right, run, landscape, index, f"{run.schedule}: {run.verdict}")
        left.set_title("Fixed learning rates")
        right.set_title(f"Decaying from η = {rate:g}")
        left.set_ylabel(_loss_label(landscape))
        _whole_decades(left)
        for axes in (left, right):
            axes.set(xscale="log", xlabel="step")
            axes.xaxis.set_major_formatter(lambda x, _: f"{round(x):,}")
            axes.minorticks_off()
            axes.legend(loc="upper left", bbox_to_anchor=(-0.03, -0.14))
    return figure


def _representative(fixed: "Sequence[Run]", best: "Run | None") -> "list[Run]":
    """Return the first, the last, the best, and others spread between them."""
    places = {round(place) for place in np.linspace(0, len(fixed) - 1, MOST_CURVES)}
    if best is not None:
        middle = sorted(places)[1:-1]
        if middle and fixed.index(best) not in places:
            places.remove(min(middle, key=lambda place: abs(place - fixed.index(best))))
        places.add(fixed.index(best))
    return [fixed[place] for place in sorted(places)]


def _draw_run(axes: "Axes", run: "Run", landscape: "Landscape", index: int, label: str) -> None:
    excess = _above_minimum(run.loss, landscape)[1:]
    style: dict[str, Any] = {"color": SERIES[index % len(SERIES)], "linewidth": 1.5}
    axes.plot(np.arange(1, len(excess) + 1), excess, label=label, **style)


def _above_minimum(
    loss: Float64[np.ndarray, " points"], landscape: "Landscape"
) -> Float64[np.ndarray, " points"]:
    return np.clip(loss - (landscape.minimum or 0.0), FLOOR, HIGHEST)


def _whole_decades(axes: "Axes") -> None:
    """Set a logarithmic y-axis that begins and ends at powers of ten, so that some are labelled."""
    losses = np.concatenate([np.asarray(line.get_ydata(), float) for line in axes.lines])
    low, high = np.log10(np.min(losses)), np.log10(np.max(losses))
    axes.set(yscale="log", ylim=(10.0 ** np.floor(low - 0.2), 10.0 ** np.ceil(high + 0.1)))
    axes.yaxis.set_major_formatter(lambda x, _: _decade(x))
    axes.minorticks_off()


def _decade(loss: float) -> str:
    """Return 10ⁿ, with ≤ or ≥ at the edges, where values beyond them are drawn too."""
    beyond = "≤ " if np.isclose(loss, FLOOR, atol=0.0) else ""
    beyond = "≥ " if np.isclose(loss, HIGHEST) else beyond
    return f"{beyond}{power_of_ten(round(np.log10(loss)))}"


def _loss_label(landscape: "Landscape") -> str:
    return "mean log loss" + ("" if landscape.minimum is None else " above its minimum")


def draw_final_loss(runs: "Sequence[Run]", landscape: "Landscape") -> "Figure":
    """Draw the final loss above its minimum by (initial) learning rate, with 2/L and 2/λ*."""
    from matplotlib.lines import Line2D

    names = list(dict.fromkeys(run.schedule for run in runs))
    with plot_style():
        figure = new_figure(height=5.0, width=6.2, left=0.9, bottom=1.6)
        axes = figure.subplots()
        axes.set(xscale="log", xlim=_around([run.learning_rate for run in runs]))
        for index, name in enumerate(names):
            own = [run for run in runs if run.schedule == name]
            ends = np.array([_above_minimum(run.loss[-1:], landscape)[0] for run in own])
            colour = SERIES[index % len(SERIES)] if index else INK
            rates = [run.learning_rate for run in own]
            axes.plot(rates, ends, color=colour, linewidth=1.4, label=name, zorder=4 - index / 9)
            for run, end in zip(own, ends, strict=True):
                axes.plot(run.learning_rate, end, MARKERS[run.verdict], color=colour, markersize=5)
        axes.set_xlabel("learning rate η at the first step")
        axes.set(ylabel=f"final {_loss_label(landscape)}")
        axes.set_title(f"After {len(runs[0].loss) - 1:,} steps of gradient descent", pad=18)
        axes.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
        _whole_decades(axes)
        _draw_bound(axes, landscape.guaranteed, "2/L", (0, (4, 2)))
        if landscape.local is not None:
            _draw_bound(axes, landscape.local, "2/λ*", "solid")
        verdicts = [v for v in MARKERS if any(run.verdict == v for run in runs)]
        marks = [
            Line2D([], [], color=MUTED, marker=MARKERS[v], linestyle="", label=v) for v in verdicts
        ]
        figure.add_artist(figure.legend(loc="lower left", bbox_to_anchor=(0.06, 0)))
        figure.legend(handles=marks, loc="lower left", bbox_to_anchor=(0.5, 0.05))
    return figure


def _around(rates: Sequence[float]) -> tuple[float, float]:
    """Return limits of an axis with all rates up to 10¹⁰⁰, beyond which matplotlib overflows."""
    powers = np.log10(rates)
    return float(10.0 ** (powers.min() - 0.2)), float(10.0 ** min(powers.max() + 0.2, 100.0))


def _draw_bound(axes: "Axes", rate: float, name: str, dashes: Any) -> None:
    axes.axvline(rate, color=MUTED, linewidth=1.2, linestyle=dashes, zorder=1)
    axes.annotate(
        f"{name} = {rate:.3g}",
        (rate, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(0, 3),
        textcoords="offset points",
        ha="right" if name == "2/L" else "left",
        color=INK,
    )
