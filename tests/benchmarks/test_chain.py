"""How whole runs are compared with a plain script, and what the page shows."""

import subprocess
import sys
import time

import numpy as np
import pyarrow.parquet as pq
import pytest

from benchmarks.chain import Comparison, Process, Side, run_plain, run_process
from benchmarks.chain_report import page
from benchmarks.chain_steps import BETWEEN, END, IMPORTS, PLAN, Event, parts_of_run, read_events
from benchmarks.chain_tables import LONG, LONGEST, SHORT, TABLES, ChainTable
from benchmarks.speed import ROOT
from benchmarks.tables import TableSpec

SMALL = ChainTable(TableSpec("small", 600, 3), levels=(2, 4))


def test_a_seed_writes_the_same_file_with_texts_of_the_declared_levels(tmp_path) -> None:
    """The columns are the numbers, the texts and the label; another seed gives other rows."""
    tables = []
    for number, seed in enumerate((1, 1, 2)):
        SMALL.write(tmp_path / f"{number}.parquet", seed)
        tables.append(pq.read_table(tmp_path / f"{number}.parquet"))
    first, again, other = tables
    assert first.column_names == ["x0", "x1", "x2", "t0", "t1", "y"]
    assert sorted(first["t1"].unique().to_pylist()) == ["level a", "level b", "level c", "level d"]
    assert set(first["y"].to_pylist()) == {0, 1}
    assert first.equals(again)
    assert not first.equals(other)


def test_the_plain_script_has_the_log_loss_of_scikit_learns_own_encoding(tmp_path) -> None:
    """Its zeros and ones span the same columns as those of ``OneHotEncoder``."""
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    SMALL.write(tmp_path / "rows.parquet", 1)
    side = Side("plain script")
    run_plain(side, tmp_path / "rows.parquet", tmp_path)
    rows = pq.read_table(tmp_path / "rows.parquet").to_pandas()
    train, test = train_test_split(rows, test_size=0.2, random_state=123, stratify=rows["y"])
    encoder = make_column_transformer(
        (OneHotEncoder(drop="first"), ["t0", "t1"]), remainder="passthrough"
    )
    model = make_pipeline(encoder, LogisticRegression(C=np.inf, tol=1e-8, max_iter=1_000))
    model.fit(train.drop(columns="y"), train["y"])
    expected = log_loss(test["y"], model.predict_proba(test.drop(columns="y")))
    assert side.log_loss["scikit-learn"] == pytest.approx(expected, abs=1e-5)
    assert side.log_loss["torch"] == pytest.approx(expected, abs=1e-4)
    assert sum(side.steps[0].values()) == pytest.approx(side.processes[0].wall)


def test_a_process_is_measured_with_its_memory_and_processor_time(tmp_path) -> None:
    """200 MB of ones take that much memory; a process that fails is an error with its output."""
    process, text = run_process(
        [sys.executable, "-c", "print(sum(bytes([1]) * 200_000_000))"], tmp_path
    )
    assert text == "200000000\n"
    assert process.peak > 200
    assert process.processor > 0
    assert process.started <= time.time() - process.wall + 1.0
    with pytest.raises(RuntimeError, match="no such luck"):
        run_process([sys.executable, "-c", "raise SystemExit('no such luck')"], tmp_path)


def test_the_parts_of_a_run_add_up_to_its_wall_time() -> None:
    """Two steps of 2 s and 3 s, with half a second between them, in a process of 12 s."""
    events = [
        Event(103.0, "ASSET_MATERIALIZATION_PLANNED", "rows"),
        Event(104.0, "STEP_START", "rows"),
        Event(106.0, "STEP_SUCCESS", "rows"),
        Event(106.5, "STEP_START", "table__rows_contract"),
        Event(109.5, "STEP_SUCCESS", "table__rows_contract"),
        Event(110.0, "PIPELINE_SUCCESS", None),
    ]
    assert parts_of_run(events, 100.0, 12.0) == {
        IMPORTS: 3.0,
        PLAN: 1.0,
        "rows": 2.0,
        "rows_contract": 3.0,
        BETWEEN: 0.5,
        END: 2.5,
    }


def test_events_are_those_of_the_homes_latest_run(tmp_path) -> None:
    """They are read in the order of their times."""
    import dagster as dg

    (tmp_path / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")

    @dg.asset
    def early() -> None:
        """Do nothing."""

    @dg.asset
    def late() -> None:
        """Do nothing."""

    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        for one in (early, late):
            dg.materialize([one], instance=instance)
    events = read_events(str(tmp_path))
    assert {event.step for event in events if event.kind == "STEP_SUCCESS"} == {"late"}
    assert events == sorted(events, key=lambda event: event.time)


def compared(ours: float, plain: float, peak: float = 500.0) -> Comparison:
    """Return two rounds, of which the second takes a tenth longer on both sides."""
    losses = {"numpy_model": 0.25, "torch_model": 0.25, "scikit-learn": 0.25, "torch": 0.5}
    sides = [
        Side(
            name,
            [Process(k * wall, 1.5 * wall, peak, 0.0) for k in (1.0, 1.1)],
            [{"read": 0.25 * k * wall, "fit": 0.75 * k * wall} for k in (1.0, 1.1)],
            losses,
        )
        for name, wall in (("lr-pipeline run", ours), ("plain script", plain))
    ]
    return Comparison(SMALL, *sides)


@pytest.mark.parametrize(
    ("plain", "verdict"), [(21.0, "2.10 | 2.10–2.10 | ≥ 2.00, reached"), (19.0, "**not reached**")]
)
def test_the_page_holds_the_ratio_to_its_target(plain, verdict) -> None:
    """The plain script must take twice as long as ours on a large table."""
    text = page({LONG: compared(10.0, plain)}, 1)
    row = next(line for line in text.splitlines() if line.startswith("| 600 × 5, 2 of them text"))
    assert verdict in row


def test_the_page_shows_memory_growth_losses_and_steps() -> None:
    """The growth from 1M to 10M rows and the memory have targets; three quarters are the fit."""
    found = {SHORT: compared(3.0, 2.0), LONG: compared(10.0, 20.0)}
    text = page({**found, LONGEST: compared(110.0, 240.0, peak=700.0)}, 1)
    assert "at most 700 MB; target 600 MB: **not reached**" in text
    assert "grows by 11.0 (plain: 12.0); target at most 10.5: **not reached**" in text
    assert "| 0.25000000, 0.25000000 | 0.25000000, 0.50000000 |" in text
    assert "  fit      7.88 s  75.0% " + 40 * "█" in text
    assert "≥ 0.67, reached" in text


@pytest.mark.slow
def test_the_quick_mode_writes_the_whole_page(tmp_path) -> None:
    """Every table is run by both sides; the log losses of both agree to four digits."""
    command = [sys.executable, "-m", "benchmarks.chain", "--quick", "--runs", "1"]
    subprocess.run([*command, "--out", str(tmp_path / "page.md")], cwd=ROOT, check=True)
    text = (tmp_path / "page.md").read_text()
    assert text.count("  evaluation_report ") == len(TABLES)
    table = text.split("log loss of the test rows")[1].split("## Where")[0]
    rows = [line.replace(",", "").split() for line in table.splitlines() if " 0." in line]
    assert len(rows) == len(TABLES)
    for row in rows:
        losses = [float(word) for word in row if word.startswith("0.")]
        assert losses == pytest.approx(4 * [losses[0]], abs=1e-4)
