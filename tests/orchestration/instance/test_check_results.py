"""The failed checks of a model's run, read from the event log."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from lr_pipeline.orchestration.instance.check_results import failed_checks, failed_of_version
from lr_pipeline.orchestration.instance.home import initialise_home

SHA = "ab12" * 16
KEY = dg.AssetKey(["churn", "model"])
PASSES = {"close": True, "sound": True}


@dg.asset(key=KEY)
def model() -> dg.MaterializeResult:
    """A version of the model."""
    return dg.MaterializeResult(metadata={"sha256": SHA})


@dg.asset_check(asset=KEY, name="close")
def close() -> dg.AssetCheckResult:
    """A check that passes when the test tells it to."""
    return dg.AssetCheckResult(
        passed=PASSES["close"], description="far off " + "x" * 10_000, severity=WARN
    )


@dg.asset_check(asset=KEY, name="sound")
def sound() -> dg.AssetCheckResult:
    """A second check of the same kind."""
    return dg.AssetCheckResult(passed=PASSES["sound"], severity=WARN)


WARN = dg.AssetCheckSeverity.WARN


@pytest.fixture
def instance(tmp_path) -> Iterator[dg.DagsterInstance]:
    """Yield a home without history."""
    with dg.DagsterInstance.from_config(str(initialise_home(tmp_path / "home"))) as found:
        yield found


def run(instance: dg.DagsterInstance, checks_alone: bool = False, **passes: bool) -> None:
    """Make the model and its checks, or only run the checks again."""
    PASSES.update(passes)
    selection = dg.AssetSelection.all_asset_checks() if checks_alone else None
    job = dg.define_asset_job("job", selection=selection or dg.AssetSelection.all())
    defs = dg.Definitions([model], asset_checks=[close, sound], jobs=[job])
    assert defs.resolve_job_def("job").execute_in_process(instance=instance).success


def test_failed_checks_are_described_and_cut(instance, tmp_path) -> None:
    """The artifact's version finds them; another version or asset finds nothing."""
    run(instance, close=False, sound=True)
    (said,) = failed_of_version(instance, KEY, SHA[:12])
    assert said.startswith("churn/model: close: far off xxx")
    assert len(said) < 500
    assert failed_of_version(instance, KEY, "ffff") == ()
    assert failed_of_version(instance, dg.AssetKey("other"), SHA[:12]) == ()
    assert failed_checks("churn/model", SHA[:12], Path(tmp_path / "home")) == (said,)


def test_the_latest_result_of_the_same_version_counts(instance) -> None:
    """A check that passes when run again is no longer listed; one that fails then is."""
    run(instance, close=False, sound=True)
    run(instance, checks_alone=True, close=True, sound=False)
    assert failed_of_version(instance, KEY, SHA) == ("churn/model: sound: failed",)


def test_a_later_version_speaks_for_itself(instance) -> None:
    """Its results do not count for an earlier version with other bytes."""
    run(instance, close=False, sound=False)
    assert len(failed_of_version(instance, KEY, SHA)) == 2
    run(instance, close=True, sound=True)
    assert failed_of_version(instance, KEY, SHA) == ()
