"""The page's table of how each model was fitted, and the figure of their descents."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lr_pipeline.core.solvers.result import TracePoint
from lr_pipeline.evaluation.findings import Findings, ModelSection
from lr_pipeline.evaluation.number_format import UNDEFINED, count, power_of_ten
from lr_pipeline.report.canvas import legend_below, new_figure, plot_label, plot_style, series_style
from lr_pipeline.report.loss_figure import DRAWABLE
from lr_pipeline.report.model_view import fit_lines

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OBJECTIVE = "Objective"
DESCENT = "gradient_descent"  # a part of the solvers' names whose loss is drawn


def fact_rows(models: Sequence[ModelSection]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return headings and rows, model × fact, without the objectives: provenance has them."""
    facts = {model.title: fit_lines(model) for model in models}
    facts = {title: lines for title, lines in facts.items() if lines}
    labels = dict.fromkeys(label for lines in facts.values() for label in lines)
    labels.pop(OBJECTIVE, None)
    rows = [(label, *(lines.get(label, UNDEFINED) for lines in facts.values())) for label in labels]
    return ("Fact", *facts), rows


def descending(findings: Findings) -> dict[str, tuple[int, tuple[TracePoint, ...]]]:
    """Return title → place and trace of the models, if one of them was fitted by descent."""
    traces = {
        model.title: (place, model.fit.trace)
        for place, model in enumerate(findings.models)
        if model.fit is not None and model.fit.trace
    }
    solvers = [model.fit.solver for model in findings.models if model.fit is not None]
    return traces if any(DESCENT in solver for solver in solvers) else {}


def descent_curves(traces: Mapping[str, tuple[int, Sequence[TracePoint]]]) -> "Figure":
    """Draw the mean objective of every model at each recorded iteration, in the models' colours."""
    from matplotlib.ticker import MaxNLocator

    with plot_style():
        figure = new_figure(height=3.2, left=0.75, bottom=0.95)
        axes = figure.subplots()
        for title, (place, trace) in traces.items():
            shown = [p for p in trace if abs(p.value) < DRAWABLE]
            label = f"{plot_label(title, 30)}: {count(trace[-1].iteration)} iterations"
            style: dict[str, Any] = series_style(place)
            axes.plot([p.iteration for p in shown], [p.value for p in shown], label=label, **style)
        axes.set(xlabel="iteration", ylabel="objective (mean)")
        axes.set_title("Objective by iteration")
        values = [p.value for _, trace in traces.values() for p in trace if 0 < p.value < DRAWABLE]
        if values and max(values) > 1e3 * min(values):
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter(lambda x, _: power_of_ten(round(np.log10(x))))
        last = max(trace[-1].iteration for _, trace in traces.values())
        if last > 1000:
            axes.set_xscale("symlog", linthresh=last / 100)
        else:
            axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
        axes.xaxis.set_major_formatter(lambda x, _: count(round(x)))
        legend_below(figure)
    return figure
