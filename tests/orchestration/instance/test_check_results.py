"""The failed checks of a model's run, read from the event log."""

import dagster as dg

from lr_pipeline.orchestration.instance.catalogue import materialization_of_version
from lr_pipeline.orchestration.instance.check_results import failed_in_run, refusals

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


def run(instance: dg.DagsterInstance, checks_alone: bool = False, **passes: bool) -> None:
    """Make the model and its checks, or only run the checks again."""
    PASSES.update(passes)
    selection = dg.AssetSelection.all_asset_checks() if checks_alone else None
    job = dg.define_asset_job("job", selection=selection or dg.AssetSelection.all())
    defs = dg.Definitions([model], asset_checks=[close, sound], jobs=[job])
    assert defs.resolve_job_def("job").execute_in_process(instance=instance).success


def failed_of_version(instance: dg.DagsterInstance, version: str) -> tuple[str, ...]:
    """The failed checks of the run that made a version."""
    entry = materialization_of_version(instance, KEY, version)
    assert entry is not None
    return failed_in_run(instance, entry.run_id)


def test_failed_checks_are_described_and_cut(instance) -> None:
    """The artifact's version finds them; another version or asset finds nothing."""
    run(instance, close=False, sound=True)
    (said,) = failed_of_version(instance, SHA[:12])
    assert said.startswith("churn/model: close: far off xxx")
    assert len(said) < 500
    assert materialization_of_version(instance, KEY, "ffff") is None
    assert materialization_of_version(instance, dg.AssetKey("other"), SHA[:12]) is None


def test_the_latest_result_of_the_same_version_counts(instance) -> None:
    """A check that passes when run again is no longer listed; one that fails then is."""
    run(instance, close=False, sound=True)
    run(instance, checks_alone=True, close=True, sound=False)
    assert failed_of_version(instance, SHA) == ("churn/model: sound: failed",)


def test_a_later_version_speaks_for_itself(instance) -> None:
    """Its results do not count for an earlier version with other bytes."""
    run(instance, close=False, sound=False)
    assert len(failed_of_version(instance, SHA)) == 2
    run(instance, close=True, sound=True)
    assert failed_of_version(instance, SHA) == ()


def blocking(passed: bool, severity=dg.AssetCheckSeverity.ERROR) -> dg.AssetChecksDefinition:
    """The check of the split for leaks, which passes or not."""

    @dg.asset_check(asset=dg.AssetKey(["churn", "train_set"]), name="no_leakage", blocking=True)
    def no_leakage() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=passed, severity=severity, description="3 rows in both")

    return no_leakage


@dg.asset(key=dg.AssetKey(["churn", "train_set"]))
def train_set() -> None:
    """The rows of the split."""


def test_a_model_is_refused_for_the_latest_check_of_its_split(instance) -> None:
    """An error and a split that was never checked refuse the model; a warning does not."""
    model = dg.AssetKey(["churn", "numpy_model"])

    def reasons(*checks: dg.AssetChecksDefinition) -> tuple[str, ...]:
        if checks:
            job = dg.define_asset_job("job", selection=dg.AssetSelection.all())
            defs = dg.Definitions([train_set], asset_checks=checks, jobs=[job])
            defs.resolve_job_def("job").execute_in_process(instance=instance, raise_on_error=False)
        return refusals(instance, model, "another run")

    assert reasons() == ("churn/train_set: no_leakage was never run",)
    assert reasons(blocking(False)) == ("churn/train_set: no_leakage: 3 rows in both",)
    assert reasons(blocking(False, WARN)) == ()
    assert reasons(blocking(True)) == ()
