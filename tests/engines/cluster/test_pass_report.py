"""What the report says about passes over a cluster: asset, speed, bytes, slowest worker."""

import numpy as np

from lr_pipeline.engines.cluster.pass_report import Pass, describe_passes
from lr_pipeline.engines.cluster.worker_tasks import Work, travelling_bytes

SUMMED = Work({"tcp://a": 600, "tcp://b": 400}, {"tcp://a": 1.0, "tcp://b": 2.0}, 3_000)


def test_a_pass_names_its_rows_bytes_and_slowest_worker():
    """The slowest worker summed the fewest rows a second."""
    assert str(Pass(SUMMED, 2.5)) == (
        "1,000 rows in 2.50 s (400 rows/s), 3,000 bytes of sums moved, "
        "slowest of 2 workers tcp://b (200 rows/s while summing)"
    )
    alone = Pass(Work({"tcp://a": 600}, {"tcp://a": 1.0}, 10), 2.0)
    assert str(alone).endswith("sums moved, one worker tcp://a (600 rows/s while summing)")


def test_work_adds_up():
    """Rows and seconds are added by worker, bytes in all."""
    other = Work({"tcp://b": 1, "tcp://c": 2}, {"tcp://b": 0.5, "tcp://c": 0.25}, 7)
    both = SUMMED + other
    assert both.rows == {"tcp://a": 600, "tcp://b": 401, "tcp://c": 2}
    assert both.seconds == {"tcp://a": 1.0, "tcp://b": 2.5, "tcp://c": 0.25}
    assert both.bytes == 3_007


def test_passes_are_told_by_asset_and_none_is_left_out_silently():
    """It lists all together, each asset's passes, its first 20, and how many more there are."""
    passes = [Pass(SUMMED, 1.0, False, "one")] * 40 + [Pass(SUMMED, 1.0, True, "two")] * 12
    told = dict(describe_passes(passes))
    assert told["Passes"] == (
        "52 in 52.0 s, 1,000 rows/s, "
        "120,000 bytes of sums and 36,000 bytes of gathered values moved"
    )
    assert told["Passes of one"].startswith("40 in 40.0 s")
    assert told["Passes of two"] == (
        "12 in 12.0 s, 1,000 rows/s, 36,000 bytes of gathered values moved"
    )
    assert told["Pass 1, one"] == str(passes[0])
    assert told["Pass 20, one"] == str(passes[19])
    assert told["Pass 21 and on, one"] == "20, not listed one by one"
    assert told["Pass 12, two"] == str(passes[-1])
    assert "Pass 13, two" not in told
    assert list(describe_passes([])) == []


def test_the_passes_of_a_single_asset_need_not_name_it():
    """They are in the asset's own metadata."""
    assert list(dict(describe_passes([Pass(SUMMED, 1.0, False, "one")]))) == ["Passes", "Pass 1"]


def test_bytes_are_those_that_travel():
    """An array's bytes count, also inside an object whose size in memory is different."""

    class Holder:
        def __init__(self) -> None:
            self.values = np.zeros(10_000)

    assert travelling_bytes((np.zeros(1_000),)) == 8_000
    assert 80_000 <= travelling_bytes((Holder(),)) < 82_000
