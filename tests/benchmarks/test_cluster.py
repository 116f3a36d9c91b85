"""How the sides of the comparison on a cluster are measured, and what the page shows."""

import json

import numpy as np
import pytest

from benchmarks import cluster
from benchmarks.cluster import (
    CASES,
    DASK,
    DASK_GLM,
    PLAIN,
    SPARK,
    Case,
    Side,
    measure_here,
    prepared,
)
from benchmarks.cluster_report import page
from benchmarks.optimum import QUALIFIES
from benchmarks.tables import TableSpec

SPEC = TableSpec("2,000 × 3", 2_000, 3)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A small table and its optimum."""
    with cluster.stored_table(SPEC, 1, tmp_path_factory.mktemp("scratch")) as found:
        yield found


def sides(ratio: float) -> list[Side]:
    """Two rounds in which the workers take ``ratio`` times as long as one process."""
    plain = Side(PLAIN, 1e-4, 1e-6, "", [10.0, 12.0], [0.0, 0.0], {"process": 400.0})
    times = [ratio * seconds for seconds in plain.times]
    workers = Side(DASK, 1e-4, 1e-6, "", times, [2.0, 2.0], {"driver": 200.0, "worker 1": 300.0})
    spark = Side(SPARK, 1e-7, 1e-4, "", [120.0, 130.0], [20.0, 20.0], {"JVM": 7e3})
    return [plain, workers, spark, Side(DASK_GLM, remark="not installed: pip install dask-glm")]


def test_a_side_is_measured_with_its_processes(stored) -> None:
    """The result has seconds, peak memory by process, and parameters at the optimum."""
    path, optimum = stored
    found = measure_here(PLAIN, path, 1e-4)
    assert optimum.distance(np.array(found["parameters"])) < QUALIFIES
    assert found["seconds"] > 0
    assert found["peaks"]["process"] > 50


@pytest.mark.dask
@pytest.mark.parametrize("name", [DASK, cluster.CACHED])
def test_workers_find_the_optimum_and_tell_their_memory(stored, name) -> None:
    """Memory is reported for the driver and both workers."""
    side = Side(name, 1e-4)
    cluster.measure(side, *stored)
    assert side.remark == ""
    assert side.qualifies
    assert list(side.peaks) == ["driver", "worker 1", "worker 2"]


def test_a_peer_that_is_missing_says_so(stored, monkeypatch) -> None:
    """The remark says how to install it, and the comparison goes on."""
    monkeypatch.setitem(CASES, SPARK, Case(CASES[SPARK].fit, "no-such-package-here"))
    found = prepared(SPARK, *stored, {})
    assert found.remark == "not installed: pip install no-such-package-here"
    text = page(SPEC, 1, "", [found])
    assert "Spark MLlib | not measured" in text
    assert found.remark in text


def test_the_loosest_tolerance_that_qualifies_is_taken_once_found(stored, monkeypatch) -> None:
    """The tolerance is tightened until a fit is near enough; a known tolerance is not searched."""
    tried = []

    def measured(side, path, optimum):
        tried.append(side.tolerance)
        side.distance = 10 * side.tolerance

    monkeypatch.setattr(cluster, "measure", measured)
    monkeypatch.setitem(CASES, SPARK, Case(CASES[SPARK].fit, "numpy", (1e-2, 1e-3, 1e-4, 1e-5)))
    assert prepared(SPARK, *stored, {}).tolerance == 1e-4
    assert tried == [1e-2, 1e-3, 1e-4]
    assert prepared(SPARK, *stored, {SPARK: 1e-4}).tolerance == 1e-4
    assert len(tried) == 3


def test_a_process_that_fails_is_a_remark(stored) -> None:
    """The remark is its last line of output, and no time is recorded."""
    path, optimum = stored
    side = Side(PLAIN, 1e-4)
    cluster.measure(side, path.with_name("absent.parquet"), optimum)
    assert "no such file" in side.remark
    assert side.times == []


@pytest.mark.parametrize(("ratio", "reached"), [(1.4, "yes"), (1.6, "**no**")])
def test_the_page_holds_ratios_to_their_targets(ratio, reached) -> None:
    """Targets: at most 1.5 times the time of one process, at least 5 times faster than Spark."""
    text = page(SPEC, 1, "| machine |", sides(ratio))
    overhead = next(line for line in text.splitlines() if line.startswith(f"| {DASK}: overhead"))
    assert overhead.split(" | ")[2:] == [
        f"{ratio:.2f}",
        f"{ratio:.2f}–{ratio:.2f}",
        f"{(11 * ratio + 2) / 11:.2f}",
        "≤ 1.5",
        f"{reached} |",
    ]
    assert "driver 200 MB, worker 1 300 MB" in text


def test_what_does_not_qualify_is_in_no_ratio() -> None:
    """A fast but wrong answer does not count as faster."""
    found = sides(1.0)
    found[2].distance = 1.0
    text = page(SPEC, 1, "", found)
    assert "Spark MLlib, does not qualify" in text
    assert "| Spark MLlib | – |" in text


def test_tolerances_are_kept_beside_the_table(stored, monkeypatch) -> None:
    """The search is slow on a large table, so its result is kept; slow sides run less often."""
    path, optimum = stored

    def measured(side, path, optimum):
        side.distance = 1e-6
        side.times.append(100.0 if side.name == SPARK else 1.0)
        side.starts.append(0.0)

    monkeypatch.setattr(cluster, "measure", measured)
    monkeypatch.setattr(cluster, "touch_memory", lambda: None)  # 8 GB, for timed fits only
    monkeypatch.setitem(CASES, SPARK, Case(CASES[SPARK].fit, "numpy", (1e-6,)))
    plain, spark = cluster.compare(path, optimum, 3, [PLAIN, SPARK])
    assert (len(plain.times), len(spark.times)) == (3, 2)
    assert json.loads(path.with_suffix(".tolerances.json").read_text()) == {SPARK: 1e-6}
