"""The page on scaling shows the model's results, and the model computes what it claims."""

import io
import re
from dataclasses import replace
from math import ceil, inf
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.cost_model import (
    EVALUATIONS,
    Machines,
    Overheads,
    Rates,
    alone_costs,
    fit_costs,
    levels_of,
    part_rows,
    pass_seconds,
    sum_bytes,
)
from benchmarks.scaling import Run
from benchmarks.scaling_chart import chart
from benchmarks.scaling_page import duration, render
from benchmarks.scaling_record import Measured, break_even, stops_paying
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.rows import Block
from tests.core.tables import overlapping

DOCS = Path(__file__).parents[2] / "docs"
RATES = Rates(20, 200.0, 4e-7, 1e-7, 2e-7, 6e-7, 5e-7)
FREE = Overheads(0.0, 0.0, 0.0, inf, 0.0)
COSTLY = Overheads(1e-3, 4e-3, 0.03, 1e8, 2.0)


@pytest.fixture(scope="module")
def measured() -> Measured:
    """The recorded measurements."""
    return Measured.recorded()


def test_the_page_is_what_the_model_yields_from_the_recorded_constants(measured) -> None:
    """No number is typed by hand; ``python -m benchmarks.scaling_page`` writes the page again."""
    assert (DOCS / "scaling.md").read_text(encoding="utf-8") == render(measured)


def test_the_chart_is_small_and_as_large_as_drawn_now(measured) -> None:
    """It has less than 100 kB; its pixels differ between machines, its size does not."""
    kept = (DOCS / "scaling.png").read_bytes()
    sizes = [Image.open(io.BytesIO(png)).size for png in (kept, chart(measured))]
    assert len(kept) < 100_000
    assert sizes[0] == sizes[1]


def test_the_page_states_the_error_of_its_model(measured) -> None:
    """The numbers in the text are those of the table of runs."""
    text = render(measured)
    table = text.split("## Measured: fits beside the model")[1].split("##")[0]
    lines = [line.split("|") for line in table.splitlines() if re.match(r"\| \d", line)]
    assert len(lines) == len(measured.runs)
    worst = max(abs(float(line[-2]) - 1) for line in lines if line[4].strip() == "no")
    stated = int(re.search(r"(\d+) % at worst", text)[1])
    assert stated / 100 == pytest.approx(worst, abs=0.011)


def test_the_stretch_is_what_the_smaller_runs_say() -> None:
    """If runs take twice as long as the model predicts, the stretch is 2."""
    runs = []
    for rows in (500_000, 1_000_000, 10_000_000):
        costs = fit_costs(rows, RATES, COSTLY, Machines(2))
        runs.append(Run(rows, 2, False, EVALUATIONS, costs.driver + 2.0 * costs.passes))
    found = Measured("", "", (RATES,), COSTLY, tuple(runs))
    assert found.fitted.stretch == pytest.approx(2.0)
    assert found.errors(False) == pytest.approx([0.0])


def test_without_overheads_time_is_shared_by_the_workers() -> None:
    """If the parts divide evenly, 4 workers take a quarter of the time."""
    rows = 64 * part_rows(10**7, 20)
    one, four = (pass_seconds(rows, 4e-7, 1e-7, RATES, FREE, Machines(w)) for w in (1, 4))
    assert one == pytest.approx(rows * (RATES.read + 1e-7))
    assert four == pytest.approx(one / 4)


def test_a_second_core_reads_ahead_and_a_slow_disk_decides() -> None:
    """With two cores the time is the longer of reading and computing, or that of the disk."""
    rows = part_rows(10**7, 20)
    one, two = (pass_seconds(rows, 4e-7, 1e-7, RATES, FREE, Machines(1, cores)) for cores in (1, 2))
    slow = pass_seconds(rows, 4e-7, 1e-7, RATES, FREE, Machines(1, disk=1e7))
    assert [one, two, slow] == pytest.approx([rows * 5e-7, rows * 4e-7, rows * 200 / 1e7])


def test_the_scheduler_bounds_a_pass_of_many_workers() -> None:
    """It runs all tasks, those of the tree included, one after the other."""
    rows, size = 10**9, part_rows(10**9, 20)
    parts = ceil(rows / size)
    tasks = parts + sum(levels_of(parts))
    found = pass_seconds(rows, 0.0, 0.0, RATES, replace(FREE, scheduler_task=1.0), Machines(10**6))
    assert found == pytest.approx(tasks)
    assert list(levels_of(64)) == [8, 1]
    assert list(levels_of(1)) == [1]


def test_memory_saves_reading() -> None:
    """If all rows fit, the medians and the sampling pass read them, but the evaluations do not."""
    machines = Machines(1, memory=1e12)
    read, kept = (
        fit_costs(10**6, RATES, FREE, machines, cached, evaluations=5).passes
        for cached in (False, True)
    )
    assert read - kept == pytest.approx(5 * 10**6 * RATES.read)


def test_the_sample_bounds_what_the_driver_holds() -> None:
    """The driver holds a tenth of the rows, at most 8 million numbers."""
    few, many = (
        fit_costs(rows, RATES, COSTLY, Machines(10)).driver_bytes for rows in (10**6, 10**12)
    )
    assert few == pytest.approx(0.1 * 10**6 * 8 * 21)
    assert many == pytest.approx(2**23 / 20 * 8 * 21)


def test_one_process_has_no_overheads() -> None:
    """It takes less time than one worker of two cores."""
    worker = fit_costs(10**7, RATES, COSTLY, Machines(1, cores=2)).seconds
    assert 0 < alone_costs(10**7, RATES).seconds < worker


def test_the_sums_have_the_bytes_that_the_model_counts() -> None:
    """The counted bytes equal those of the kernel's results."""
    X, y = overlapping()
    d, kernel, w = X.shape[1], NumpyKernel(), [0.0] * (X.shape[1] + 1)
    loss, gradient, hessian = kernel.loss_gradient_information(Block(X, y), np.array(w))
    assert np.float64(loss).nbytes + gradient.nbytes == sum_bytes(d)
    assert np.float64(loss).nbytes + gradient.nbytes + hessian.nbytes == sum_bytes(d, hessian=True)


def test_break_even_and_the_last_worker_that_pays(measured) -> None:
    """With the start of a cluster it pays off later; a larger table keeps more workers busy."""
    rates = measured.rates[0]
    standing, started = (break_even(measured, 10, rates, start) for start in (0.0, 60.0))
    assert standing < started
    assert stops_paying(measured, 10**7, rates) <= stops_paying(measured, 10**9, rates)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.5, "0.5 s"), (12.3, "12 s"), (90, "1.5 min"), (7_200, "2.0 h"), (86_400 * 20, "20 days")],
)
def test_durations_are_told_in_a_unit_that_suits(seconds, shown) -> None:
    """They have two digits, since the model is not more accurate."""
    assert duration(seconds) == shown
