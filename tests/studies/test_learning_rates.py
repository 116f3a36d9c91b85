"""The grid search: its bounds against independent ones, every verdict, and its advice."""

import json
import re

import numpy as np
import pytest
import statsmodels.api as sm
import yaml

from lr_pipeline.core.existence.existence import Verdict
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.engines.memory import ArrayRows
from lr_pipeline.orchestration.config.training_config import GradientDescentConfig
from lr_pipeline.studies.learning_rate_figures import draw_final_loss, draw_loss_curves
from lr_pipeline.studies.learning_rates import (
    Landscape,
    Run,
    advise,
    best_run,
    learning_rate_study,
    rate_grid,
    run_grid,
    steps_until_near,
)
from tests.core.tables import overlapping, spector


def separated() -> ArrayRows:
    """Return a table where the sign of the one column is the label."""
    x = np.array([-2.0, -1.0, -0.5, 0.5, 1.0, 2.0])
    return ArrayRows(x[:, None], (x > 0) * 1.0)


def partly_separated() -> ArrayRows:
    """Return a table where the column's sign is the label, but at 0 both labels occur."""
    x = np.array([-1.0, -2.0, 0.0, 0.0, 0.0, 1.0, 2.0])
    return ArrayRows(x[:, None], np.array([0.0, 0, 0, 1, 1, 1, 1]))


@pytest.fixture(scope="module")
def study():
    """Return the study of a table whose estimate exists."""
    return learning_rate_study(ArrayRows(*overlapping()), iterations=400)


def runs_by_rate(study, schedule: str) -> dict[float, dict]:
    """Return rows of the study's table."""
    return {
        run["learning_rate"]: run for run in study.numbers["runs"] if run["schedule"] == schedule
    }


@pytest.mark.parametrize("table", [overlapping, spector])
@pytest.mark.parametrize("standardize", [False, True])
def test_the_bounds_are_those_of_singular_values_and_statsmodels(table, standardize) -> None:
    """2/L is from the largest singular value of (1, x), 2/λ* from statsmodels' Hessian."""
    X, y = table()
    numbers = learning_rate_study(ArrayRows(X, y), [0.01], 2, standardize).numbers
    if standardize:
        X = (X - X.mean(axis=0)) / X.std(axis=0)
    design = sm.add_constant(X)
    lipschitz = np.linalg.svd(design, compute_uv=False)[0] ** 2 / (4 * len(y))
    assert numbers["bounds"]["guaranteed"] == pytest.approx(2 / lipschitz, rel=1e-10)
    model = sm.Logit(y, design)
    fit = model.fit(method="newton", tol=1e-14, disp=0)
    curvature = np.linalg.eigvalsh(-model.hessian(fit.params) / len(y))[-1]
    assert numbers["bounds"]["local"] == pytest.approx(2 / curvature, rel=1e-6)
    assert numbers["minimum"] == pytest.approx(-fit.llf / len(y), rel=1e-12)
    assert numbers["columns"] == ("standardized" if standardize else "raw")


def test_below_the_guaranteed_bound_the_loss_only_falls(study) -> None:
    """Far enough below the bound no step overshoots."""
    rows, bound = ArrayRows(*overlapping()), study.numbers["bounds"]["guaranteed"]
    for run in run_grid(rows, [0.3 * bound, 0.7 * bound, 0.999 * bound], 300):
        assert np.diff(run.loss).max() <= 1e-15
    assert {run.verdict for run in run_grid(rows, [0.01, 0.3 * bound], 300)} == {"monotone"}


def test_past_it_descent_converges_up_to_the_local_limit_and_cycles_beyond(study) -> None:
    """The grid is finer, and every fixed rate is a twentieth away from the limit."""
    bounds = study.numbers["bounds"]
    assert bounds["local"] > 1.1 * bounds["guaranteed"]
    rows = ArrayRows(*overlapping())
    inside = np.linspace(bounds["guaranteed"], 0.95 * bounds["local"], 4).tolist()
    outside = (bounds["local"] * np.array([1.05, 1.5, 3.0])).tolist()
    fixed = [run for run in run_grid(rows, inside + outside, 400) if run.schedule == "fixed"]
    minimum = study.numbers["minimum"]
    for run in fixed[:4]:
        assert run.verdict in ("monotone", "oscillating")
        assert run.loss[-1] == pytest.approx(minimum, abs=1e-8)
    for run in fixed[4:]:
        assert run.verdict == "cycling"
        assert run.loss[-1] > minimum + 1e-4


def test_decay_rescues_a_rate_that_cycles(study) -> None:
    """A cosine schedule from beyond the limit ends at the minimum."""
    beyond = max(runs_by_rate(study, "fixed"))
    assert runs_by_rate(study, "fixed")[beyond]["verdict"] == "cycling"
    assert runs_by_rate(study, "cosine")[beyond]["verdict"] == "oscillating"
    assert runs_by_rate(study, "cosine")[beyond]["excess"] < 1e-8


def test_every_verdict_is_seen_on_a_run() -> None:
    """Some of them the tutorial meets as an exception or as NaN."""
    rows = ArrayRows(*overlapping())
    rates = {0.1: "monotone", 8.0: "oscillating", 40.0: "cycling", 1e308: "overflow"}
    found = [run.verdict for run in run_grid(rows, list(rates), 300) if run.schedule == "fixed"]
    assert found == list(rates.values())
    runs = run_grid(separated(), [0.1, 1e3], 50, separation=Verdict.COMPLETE_SEPARATION)
    assert {run.verdict for run in runs} == {"separable"}


def test_a_separated_table_has_no_best_rate() -> None:
    """Its loss falls at every rate, but has no minimum."""
    study = learning_rate_study(separated(), [0.1, 10.0, 1e3], 50)
    numbers = study.numbers
    assert {run["verdict"] for run in numbers["runs"]} == {"separable"}
    assert {run["excess"] for run in numbers["runs"]} == {None}
    assert (numbers["minimum"], numbers["bounds"]["local"], numbers["best"]) == (None, None, None)
    assert "separated" in numbers["advice"]
    losses = [run["loss"] for run in numbers["runs"] if run["schedule"] == "fixed"]
    assert np.log(2) > losses[0] > losses[1] > losses[2] >= 0.0


def test_a_partly_separated_table_cycles_at_a_rate_too_large() -> None:
    """The rows at 0 have their own minimum, which a large step overshoots for ever."""
    numbers = learning_rate_study(partly_separated(), [0.1, 100.0], 1_000).numbers
    fixed = {run["learning_rate"]: run for run in numbers["runs"] if run["schedule"] == "fixed"}
    assert {rate: run["verdict"] for rate, run in fixed.items()} == {
        0.1: "separable",
        100.0: "cycling",
    }
    at_zero = -(2 * np.log(2 / 3) + np.log(1 / 3)) / 7
    assert at_zero < fixed[0.1]["loss"] < np.log(2) < fixed[100.0]["loss"]
    assert numbers["best"] is None
    assert "partly separated" in numbers["advice"]
    assert "cycles at a rate too large" in numbers["advice"]


@pytest.mark.parametrize(("share", "iterations"), [(0.999, 400), (0.9999, 400), (0.95, 3)])
def test_a_swing_that_shrinks_inside_the_local_limit_is_no_cycle(study, share, iterations) -> None:
    """It may shrink slowly, and only few of its steps may be seen."""
    local = study.numbers["bounds"]["local"]
    numbers = learning_rate_study(ArrayRows(*overlapping()), [share * local], iterations).numbers
    assert numbers["runs"][0]["verdict"] == "oscillating"


def test_an_overflow_is_said_and_not_a_number() -> None:
    """JSON is strict, pictures are drawn, and the advice is a lower rate."""
    study = learning_rate_study(ArrayRows(*overlapping()), [1e308, 50.0], 20)
    json.dumps(study.numbers, allow_nan=False)
    assert runs_by_rate(study, "fixed")[1e308] == {
        "schedule": "fixed",
        "learning_rate": 1e308,
        "verdict": "overflow",
        "loss": None,
        "excess": None,
        "steps": None,
    }
    assert study.numbers["best"] is None
    assert "Take rates below 2/L" in study.numbers["advice"]


def test_the_grid_begins_at_the_cautious_rate_and_passes_both_bounds(study) -> None:
    """It has five rates a decade from 0.01."""
    rates = list(runs_by_rate(study, "fixed"))
    assert rates[:6] == [0.01, 0.016, 0.025, 0.04, 0.063, 0.1]
    assert max(rates) > 2 * study.numbers["bounds"]["local"]


@pytest.mark.parametrize("scale", [1e-9, 1e-4, 1.0, 1e6])
def test_the_grid_fits_any_scale_of_the_columns(scale) -> None:
    """It goes from below 2/L to beyond 2/λ*, with a bounded number of rates."""
    rates = rate_grid(Landscape(guaranteed=3.0 * scale, local=6.0 * scale, minimum=0.4))
    assert min(rates) < 3.0 * scale
    assert max(rates) > 6.0 * scale
    assert 5 <= len(rates) <= 24


@pytest.mark.parametrize(
    ("loss", "steps"),
    [([3.0, 2, 1, 1], 2), ([3.0, 1, 2, 1], 3), ([1.0, 1, 1, 1], 0), ([3.0, 2, 2, 2], None)],
)
def test_steps_are_counted_until_the_loss_stays_near(loss, steps) -> None:
    """A loss that is near only for a moment does not count."""
    assert steps_until_near(np.array(loss), 1.0) == steps


def test_the_advice_trains_to_the_loss_that_it_names(study) -> None:
    """With its settings, training reaches the study's own loss."""
    best, advice = study.numbers["best"], study.numbers["advice"]
    settings = yaml.safe_load(re.search(r"solver: (\{.*\}\})", advice)[1])["gradient_descent"]
    config = GradientDescentConfig(**settings)
    X, y = overlapping()
    objective = LogisticObjective(ArrayRows(X, y), NumpyKernel(), NoPenalty())
    result = config.solver().minimize(objective, config.start()(X.shape[1] + 1))
    assert result.value == pytest.approx(best["loss"], rel=1e-12)
    assert best["learning_rate"] == config.learning_rate
    assert best["steps"] == min(
        run["steps"] for run in runs_by_rate(study, "fixed").values() if run["steps"] is not None
    )


def test_a_small_rate_is_advised_as_a_number_that_yaml_reads() -> None:
    """YAML reads 1e-05 as text."""
    run = Run("fixed", 1e-5, np.array([0.7, 0.6]), "monotone")
    advice = advise(run, Landscape(1e-4, 2e-4, 0.3), 1, standardize=True)
    settings = yaml.safe_load(re.search(r"solver: (\{.*\}\})", advice)[1])["gradient_descent"]
    assert settings["learning_rate"] == 1e-5


def test_slow_descent_on_raw_columns_is_advised_to_standardize() -> None:
    """In Greene's table the columns' means are many deviations from 0."""
    raw = learning_rate_study(ArrayRows(*spector()), [0.01], 100).numbers
    standardized = learning_rate_study(ArrayRows(*spector()), [4.0], 100, True).numbers
    assert raw["best"]["steps"] is None
    assert "standardized columns would need fewer" in raw["advice"]
    assert standardized["best"]["steps"] < 100
    assert "standardize: true" in standardized["advice"]


def test_the_figures_show_every_schedule_and_both_bounds(study) -> None:
    """Loss by step is in two panels; final loss is by rate."""
    rows = ArrayRows(*overlapping())
    runs = run_grid(rows, [0.01, 0.1, 1.0, 8.0, 40.0, 1e308], 60)
    bounds = study.numbers["bounds"]
    landscape = Landscape(bounds["guaranteed"], bounds["local"], study.numbers["minimum"])
    left, right = draw_loss_curves(runs, landscape, best_run(runs, landscape)).axes
    assert len(left.lines) in (5, 6)
    assert right.lines[0].get_label() == "fixed: cycling"
    assert len(right.lines) == 5
    labels = [left.yaxis.get_major_formatter()(loss) for loss in (1e-16, 1e-14, 1.0, 1e3)]
    assert labels == ["≤ 10⁻¹⁶", "10⁻¹⁴", "10⁰", "≥ 10³"]
    (axes,) = draw_final_loss(runs, landscape).axes
    texts = [text.get_text() for text in axes.texts]
    assert texts == [f"2/L = {bounds['guaranteed']:.3g}", f"2/λ* = {bounds['local']:.3g}"]
    assert all(png.startswith(b"\x89PNG") for png in study.pictures.values())
