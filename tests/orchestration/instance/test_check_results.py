"""The checks that failed of a model's run, as the event log knows them."""

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
    """A version."""
    return dg.MaterializeResult(metadata={"sha256": SHA})


@dg.asset_check(asset=KEY, name="close")
def close() -> dg.AssetCheckResult:
    """Passes when it is told to."""
    return dg.AssetCheckResult(
        passed=PASSES["close"], description="far off " + "x" * 10_000, severity=WARN
    )


@dg.asset_check(asset=KEY, name="sound")
def sound() -> dg.AssetCheckResult:
    """The same."""
    return dg.AssetCheckResult(passed=PASSES["sound"], severity=WARN)


WARN = dg.AssetCheckSeverity.WARN


@pytest.fixture
def instance(tmp_path) -> Iterator[dg.DagsterInstance]:
    """A home without history."""
    with dg.DagsterInstance.from_config(str(initialise_home(tmp_path / "home"))) as found:
        yield found


def run(instance: dg.DagsterInstance, checks_alone: bool = False, **passes: bool) -> None:
    """Make the model and its checks, or the checks once more."""
    PASSES.update(passes)
    selection = dg.AssetSelection.all_asset_checks() if checks_alone else None
    job = dg.define_asset_job("job", selection=selection or dg.AssetSelection.all())
    defs = dg.Definitions([model], asset_checks=[close, sound], jobs=[job])
    assert defs.resolve_job_def("job").execute_in_process(instance=instance).success


def test_failed_checks_are_described_and_cut(instance, tmp_path) -> None:
    """By the version of the artifact; another version, another asset: nothing."""
    run(instance, close=False, sound=True)
    (said,) = failed_of_version(instance, KEY, SHA[:12])
    assert said.startswith("churn/model: close: far off xxx")
    assert len(said) < 500
    assert failed_of_version(instance, KEY, "ffff") == ()
    assert failed_of_version(instance, dg.AssetKey("other"), SHA[:12]) == ()
    assert failed_checks("churn/model", SHA[:12], Path(tmp_path / "home")) == (said,)


def test_the_latest_result_of_the_same_version_counts(instance) -> None:
    """A check that is made once more and passes says no more; one that fails then does."""
    run(instance, close=False, sound=True)
    run(instance, checks_alone=True, close=True, sound=False)
    assert failed_of_version(instance, KEY, SHA) == ("churn/model: sound: failed",)


def test_a_later_version_speaks_for_itself(instance) -> None:
    """The results of its run are not those of an earlier one with other bytes."""
    run(instance, close=False, sound=False)
    assert len(failed_of_version(instance, KEY, SHA)) == 2
    run(instance, close=True, sound=True)
    assert failed_of_version(instance, KEY, SHA) == ()
