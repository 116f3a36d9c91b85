"""The figures of the likelihood study."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lr_pipeline.core.types import RowVector
from lr_pipeline.evaluation.number_format import MINUS, count, power_of_ten, significant
from lr_pipeline.report.canvas import INK, MUTED, SERIES, new_figure, plot_label, plot_style
from lr_pipeline.studies.gaussian import density

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lr_pipeline.studies.likelihood import LikelihoodGrid, Product

# Contours are drawn where the log likelihood is this much below its maximum.
DROPS = (0.5, 1, 2, 4, 8, 16, 32)
SMALLEST_POWER = -323.3


def draw_probability_and_likelihood(deviations: Sequence[float]) -> "Figure":
    """Draw N(0, σ²) with σ fixed and x varying, and beside it with x fixed and σ varying."""
    x = np.linspace(-3.0 * max(deviations), 3.0 * max(deviations), 401)
    sigma = np.geomspace(min(deviations) / 5.0, 5.0 * max(deviations), 400)
    with plot_style():
        figure = new_figure(height=3.3, width=7.6)
        figure.subplots_adjust(wspace=0.25)
        left, right = figure.subplots(1, 2)
        for index, value in enumerate(deviations):
            colour = SERIES[index % len(SERIES)]
            left.plot(x, density(x, 0.0, value), color=colour, label=f"σ = {value:g}")
            # One observation x = σ: its likelihood is largest where the deviation is |x − μ|.
            likelihood = [float(density(np.array([value]), 0.0, s)[0]) for s in sigma.tolist()]
            right.plot(sigma, likelihood, color=colour, label=f"x = {value:g}")
            right.plot(value, max(likelihood), "o", color=colour, markersize=4)
        left.set(xlabel="x (varies)", ylabel="density f(x; 0, σ)")
        left.set_title("Probability: σ known, x unknown\nthe area under each curve is 1")
        right.set(xlabel="σ (varies)", ylabel="likelihood f(x; 0, σ)")
        right.set_title("Likelihood: x observed, σ unknown\nlargest at σ = |x − μ|; no area of 1")
        for axes in (left, right):
            axes.legend(handlelength=1.5)
            axes.set_ylim(bottom=0.0)
    return figure


def draw_log_likelihood(
    grid: "LikelihoodGrid", mean: float, deviation: float, feature: str
) -> "Figure":
    """Draw contours of the log likelihood over μ and σ, and the closed form's maximum."""
    drop = grid.log_likelihood.max() - grid.log_likelihood
    with plot_style():
        figure = new_figure(height=4.2, width=5.0, left=0.75)
        axes = figure.subplots()
        lines = axes.contour(
            grid.means,
            grid.deviations,
            -drop.T,
            [-level for level in reversed(DROPS)],
            colors=SERIES[2],
            linestyles="solid",
            linewidths=1,
        )
        axes.clabel(lines, fmt=lambda level: f"{MINUS}{-level:g}")
        axes.plot(mean, deviation, "X", color=INK, markersize=10, zorder=4)
        axes.set(xlabel="mean μ", ylabel="deviation σ")
        largest = significant(float(grid.log_likelihood.max()), 6)
        axes.set_title(
            f"Log likelihood of {plot_label(feature, 30)} below its maximum {largest}\n"
            f"at μ̂ = Σx/n = {significant(mean)}, "
            f"σ̂ = √(Σ(x {MINUS} μ̂)²/n) = {significant(deviation)}"
        )
    return figure


def draw_log_loss(y: RowVector, share: float, target: str) -> "Figure":
    """Draw −log p of a row by its label, and the mean over all rows for a constant p."""
    p = np.linspace(0.002, 0.998, 500)
    ones, zeros = -np.log(p), -np.log1p(-p)
    mean = share * ones + (1.0 - share) * zeros
    with plot_style():
        figure = new_figure(height=3.8, width=5.2)
        axes = figure.subplots()
        axes.plot(p, ones, color=SERIES[1], label="a row of label 1: −log p")
        axes.plot(p, zeros, color=SERIES[0], label="a row of label 0: −log(1 − p)")
        axes.plot(p, mean, color=INK, linewidth=2, label="mean of all rows: the log loss")
        axes.plot(share, np.interp(share, p, mean), "X", color=INK, markersize=9)
        axes.set(xlim=(0, 1), ylim=(0, 4.5), xlabel="probability p given to label 1")
        axes.set_ylabel("loss of a row, −log of its probability")
        axes.set_title(
            f"Bernoulli likelihood of {plot_label(target, 30)}: {count(int(y.sum()))} ones in "
            f"{count(len(y))} rows\nleast loss, so greatest likelihood, at p = {significant(share)}"
        )
        axes.legend(loc="upper center", handlelength=2)
    return figure


def draw_underflow(products: "Sequence[Product]") -> "Figure":
    """Draw each product by the number of its factors, and where it becomes 0 or ∞ in float64."""
    last = max(product.rows or 0 for product in products) or len(products[0].log_terms)
    rows = np.arange(1, int(1.15 * last) + 2)
    with plot_style():
        figure = new_figure(height=4.3, width=5.8, left=0.75, bottom=1.05)
        axes = figure.subplots()
        for index, product in enumerate(products):
            terms = np.resize(product.log_terms, len(rows))
            powers = np.cumsum(terms) / np.log(10.0)
            axes.plot(rows, powers, color=SERIES[index + 1], label=plot_label(product.name))
            if product.rows:
                _mark_end(axes, product, product.rows, float(powers[product.rows - 1]))
        axes.axhline(SMALLEST_POWER, color=MUTED, linewidth=1, label="smallest float64 above 0")
        axes.set(xlabel="rows multiplied (the training rows, over and over)")
        axes.set_ylabel("size of the product")
        axes.set_title("The product of the rows is lost; the sum of its logarithms is not")
        axes.yaxis.set_major_formatter(lambda power, _: power_of_ten(round(power)))
        figure.legend(loc="lower left", bbox_to_anchor=(0.06, 0), handlelength=2)
    return figure


def _mark_end(axes: "Axes", product: "Product", rows: int, power: float) -> None:
    """Label the row where the product becomes 0 or ∞, on the free side of its line."""
    axes.plot(rows, power, "o", color=INK, markersize=4, zorder=4)
    value, below = ("0.0", True) if product.value == 0.0 else ("∞", False)
    axes.annotate(
        f"row {count(rows)}: product {value},\nlogarithm {significant(product.logarithm)}",
        (rows, power),
        xytext=(-6, -6 if below else 6),
        textcoords="offset points",
        ha="right",
        va="top" if below else "bottom",
    )
