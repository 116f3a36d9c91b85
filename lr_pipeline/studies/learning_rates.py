"""The grid search for a learning rate, on a table's own log loss (tutorial, "学习率的最佳取值").

There are two bounds. Below 2/L, with L ≥ λ_max(∇²f) everywhere, the loss can only fall. Near the
minimum only its curvature λ* matters: the minimum attracts below 2/λ* ≥ 2/L, and repels above.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.columns.rank import analyse_columns
from lr_pipeline.core.columns.standardize import standardized, table_units
from lr_pipeline.core.existence.existence import SeparationError, Verdict
from lr_pipeline.core.fitting.fit import fit_logistic
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.rows import Rows
from lr_pipeline.core.solvers.step_size import (
    CosineDecay,
    ExponentialDecay,
    FixedStep,
    InverseTimeDecay,
    StepDecay,
    StepSize,
    largest_stable_step,
)
from lr_pipeline.report.canvas import picture
from lr_pipeline.studies.learning_rate_figures import draw_final_loss, draw_loss_curves
from lr_pipeline.studies.run_verdicts import Curve, run_verdict
from lr_pipeline.studies.simultaneous_descent import descend_together
from lr_pipeline.studies.study import Study

CAUTIOUS_RATE = 0.01
PER_DECADE = (1.0, 1.6, 2.5, 4.0, 6.3)
MOST_RATES = 24
# The minimum counts as reached when the mean log loss is this close to it.
NEAR = 1e-6


@dataclass(frozen=True)
class Landscape:
    """What is known about learning rates before any descent.

    ``guaranteed``: 2/L; ``local``: 2/λ*. ``local`` and ``minimum``, the smallest mean log loss,
    are None for separated classes, whose loss has no minimum; ``separation`` says which kind.
    """

    guaranteed: float
    local: float | None
    minimum: float | None
    separation: Verdict | None = None


@dataclass(frozen=True, eq=False)
class Run:
    """One descent: its schedule, its initial rate, and its mean log loss by step."""

    schedule: str
    learning_rate: float
    loss: Curve
    verdict: str


def learning_rate_study(
    rows: Rows,
    learning_rates: Sequence[float] = (),
    iterations: int = 1_000,
    standardize: bool = False,
) -> Study:
    """Descend the mean log loss from w = 0 with each rate, fixed and decaying.

    Without ``learning_rates``, a grid from 0.01 up to four times 2/λ*. ``standardize``: descend on
    columns of mean 0 and deviation 1 rather than the table's own.

    ``numbers["runs"]``: schedule, learning_rate, verdict, loss (at the end), excess (above the
    minimum), steps (until within 1e-6 of it); ``numbers["bounds"]``: guaranteed, local;
    ``numbers["best"]``: the fixed rate to choose; ``numbers["advice"]``: how to set it.
    Pictures: ``loss_curves``, ``final_loss``.
    """
    analysis = analyse_columns(rows)
    every = tuple(range(rows.num_columns))
    coordinates = (standardized if standardize else table_units)(analysis, every, False)
    solving = coordinates.rows(rows)
    guaranteed = largest_stable_step(solving)
    try:
        fit = fit_logistic(rows, NumpyKernel())
    except SeparationError as error:
        landscape = Landscape(guaranteed, None, None, error.existence.verdict)
    else:
        w = coordinates.from_table(fit.intercept, fit.coefficients)
        landscape = Landscape(guaranteed, largest_attracting_step(solving, w), fit.value)
    rates = tuple(learning_rates) or rate_grid(landscape)
    runs = run_grid(solving, rates, iterations, landscape.local, landscape.separation)
    best = best_run(runs, landscape)
    numbers = {
        "columns": "standardized" if standardize else "raw",
        "rows": rows.num_rows,
        "iterations": iterations,
        "start": "w = 0",
        "minimum": landscape.minimum,
        "bounds": {"guaranteed": landscape.guaranteed, "local": landscape.local},
        "schedules": SCHEDULE_FORMULAS,
        "runs": [run_numbers(run, landscape) for run in runs],
        "best": best and run_numbers(best, landscape),
        "advice": advise(best, landscape, iterations, standardize),
    }
    pictures = {
        "loss_curves": picture(draw_loss_curves(runs, landscape, best)),
        "final_loss": picture(draw_final_loss(runs, landscape)),
    }
    return Study(numbers, pictures)


def largest_attracting_step(rows: Rows, w: Float64[np.ndarray, " p"]) -> float:
    """Return 2 / λ*, λ* the largest eigenvalue of the mean log loss's Hessian at the minimum w."""
    objective = LogisticObjective(rows, NumpyKernel(), NoPenalty())
    hessian = objective.value_gradient_hessian(w)[2]
    return float(2.0 / np.linalg.eigvalsh(hessian)[-1])


def rate_grid(landscape: Landscape) -> tuple[float, ...]:
    """Return five rates a decade, from 0.01, or from below 2/L if that is less, to beyond 2/λ*."""
    low = min(CAUTIOUS_RATE, landscape.guaranteed / 4.0)
    high = max(CAUTIOUS_RATE, 4.0 * (landscape.local or 8.0 * landscape.guaranteed))
    decades = range(int(np.floor(np.log10(low))) - 1, int(np.ceil(np.log10(high))) + 1)
    rates = [float(f"{m}e{decade}") for decade in decades for m in PER_DECADE]
    inside = [rate for rate in rates if low <= rate <= high]
    return tuple(inside[:: -(-len(inside) // MOST_RATES)])


SCHEDULE_FORMULAS = {
    "fixed": "η",
    "step": "η halved after every fifth of the steps",
    "exponential": "η exp(−k ln 100 / N)",
    "inverse time": "η / (1 + 9 k / N)",
    "cosine": "η (1 + cos(π k / N)) / 2",
}


def schedules(rate: float, iterations: int) -> dict[str, StepSize]:
    """Return step sizes from ``rate``; after N iterations 1/16, 1/100, 1/10 or 0 of it is left."""
    return {
        "fixed": FixedStep(rate),
        "step": StepDecay(rate, 0.5, max(iterations // 5, 1)),
        "exponential": ExponentialDecay(rate, log(100.0) / iterations),
        "inverse time": InverseTimeDecay(rate, 9.0 / iterations),
        "cosine": CosineDecay(rate, iterations),
    }


def run_grid(
    rows: Rows,
    rates: Sequence[float],
    iterations: int,
    local: float | None = None,
    separation: Verdict | None = None,
) -> list[Run]:
    """Run every schedule from every rate; ``local`` and ``separation`` as in ``Landscape``."""
    chosen = [
        (name, rate, step_size)
        for rate in rates
        for name, step_size in schedules(rate, iterations).items()
    ]
    descents = descend_together(rows, [step_size for _, _, step_size in chosen], iterations)
    return [
        Run(
            name,
            rate,
            loss,
            run_verdict(loss, reversal, _attracted(step_size, iterations, local), separation),
        )
        for (name, rate, step_size), loss, reversal in zip(
            chosen, descents.loss.T, descents.reversal.T, strict=True
        )
    ]


def _attracted(step_size: StepSize, iterations: int, local: float | None) -> bool:
    """Tell whether the minimum attracts at the size of the last step."""
    return local is not None and step_size(iterations - 1) < local


def run_numbers(run: Run, landscape: Landscape) -> dict[str, Any]:
    """Return one row of the study's table."""
    end = float(run.loss[-1])
    overflown = run.verdict == "overflow"
    minimum = landscape.minimum
    return {
        "schedule": run.schedule,
        "learning_rate": run.learning_rate,
        "verdict": run.verdict,
        "loss": None if overflown else end,
        "excess": None if overflown or minimum is None else max(end - minimum, 0.0),
        "steps": None if minimum is None else steps_until_near(run.loss, minimum),
    }


def steps_until_near(loss: Curve, minimum: float) -> int | None:
    """Return after how many steps the loss stays within 1e-6 of the minimum, or None."""
    far = np.flatnonzero(~(loss - minimum <= NEAR))
    steps = int(far[-1]) + 1 if len(far) else 0
    return steps if steps < len(loss) else None


def best_run(runs: Sequence[Run], landscape: Landscape) -> Run | None:
    """Return the fixed rate that is near the minimum first, else the one that ends lowest."""
    minimum = landscape.minimum
    settled = [run for run in runs if run.schedule == "fixed"]
    settled = [run for run in settled if run.verdict in ("monotone", "oscillating")]
    if minimum is None or not settled:
        return None

    def rank(run: Run) -> tuple[float, float]:
        steps = steps_until_near(run.loss, minimum)
        return (np.inf if steps is None else float(steps), float(run.loss[-1]))

    return min(settled, key=rank)


def advise(best: Run | None, landscape: Landscape, iterations: int, standardize: bool) -> str:
    """Return which rate to set, and where; the study itself sets nothing."""
    if landscape.separation is not None:
        complete = landscape.separation is Verdict.COMPLETE_SEPARATION
        ends = (
            "separated: at any rate the loss falls towards its infimum in the end, "
            if complete
            else "partly separated: the loss falls towards its infimum, or cycles at a rate too "
            "large, "
        )
        return (
            f"The classes are {ends}while the weights grow without bound. No rate is best: leave "
            "penalty auto (Firth's)."
        )
    if best is None:
        return (
            "Every rate of this grid cycles or overflows. Take rates below 2/L = "
            f"{landscape.guaranteed:.3g}, or standardize."
        )
    numbers: Mapping[str, Any] = run_numbers(best, landscape)
    steps = numbers["steps"]
    where = (
        f"is within {NEAR:g} of the minimum after {steps:,} steps"
        if steps is not None
        else f"is {numbers['excess']:.2g} above the minimum after {iterations:,} steps"
    )
    if steps is None and not standardize:
        where += ", where standardized columns would need fewer"
    # Write no exponent: YAML would read it as text.
    rate = np.format_float_positional(best.learning_rate, trim="-")
    return (
        f"η = {rate} {where}. Nothing takes it over; to train with it, give numpy_model or "
        f"torch_model the config solver: {{gradient_descent: {{learning_rate: {rate}, iterations: "
        f"{iterations}, initial: zeros, standardize: {str(standardize).lower()}}}}}. Newton, the "
        "default, needs no learning rate."
    )
