"""Assets follow `dataset` by themselves: once, and only after other rows that passed their checks.

The graph is a small one with the same conditions; the daemon's behaviour with the real graph is in
tests/test_automation_daemon.py.
"""

from collections.abc import Iterator

import dagster as dg
import pytest

from lr_pipeline.orchestration.automation.follow_dataset import follow_condition
from lr_pipeline.orchestration.pipeline import build_definitions
from lr_pipeline.tables.sources.declared_tables import SyntheticTable

# Dagster's tester of conditions selects in a way that Dagster calls beta.
pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning")

ROWS, PASSES = {"version": "first"}, {"passed": True, "trains": True}


@dg.asset(code_version="1")
def dataset() -> dg.MaterializeResult:
    """Rows, whose data version is their content."""
    return dg.MaterializeResult(data_version=dg.DataVersion(ROWS["version"]))


@dg.asset_check(asset=dataset, blocking=True)
def contract() -> dg.AssetCheckResult:
    """Whether the rows are sound."""
    return dg.AssetCheckResult(passed=PASSES["passed"])


@dg.asset(deps=[dataset], code_version="1", automation_condition=follow_condition())
def model() -> None:
    """What is made of the rows."""
    if not PASSES["trains"]:
        raise RuntimeError("no model")


@dg.asset(deps=[model, dataset], code_version="1", automation_condition=follow_condition())
def report() -> None:
    """What is made of both."""


ASSETS = [dataset, model, report, contract]


class Followed:
    """The conditions, evaluated tick by tick on an instance in memory."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self.instance, self.cursor = instance, None

    def tick(self) -> set[str]:
        """Return the assets that are requested."""
        result = dg.evaluate_automation_conditions(
            dg.Definitions(assets=ASSETS[:3], asset_checks=[contract]),
            instance=self.instance,
            cursor=self.cursor,
        )
        self.cursor = result.cursor
        keys = (dataset.key, model.key, report.key)
        return {key.to_user_string() for key in keys if result.get_num_requested(key)}

    def make(self, *names: str) -> bool:
        """Materialize some assets in one run; return whether it ended well."""
        chosen = dg.AssetSelection.assets(*names)
        return dg.materialize(
            ASSETS, selection=chosen, instance=self.instance, raise_on_error=False
        ).success


@pytest.fixture
def followed() -> Iterator[Followed]:
    """Everything was made once, and nothing is to do."""
    ROWS["version"], PASSES["passed"], PASSES["trains"] = "first", True, True
    with dg.DagsterInstance.ephemeral() as instance:
        found = Followed(instance)
        found.make("dataset", "model", "report")
        assert found.tick() == set()
        assert found.tick() == set()
        yield found


def test_other_rows_are_followed_once(followed) -> None:
    """Both assets are requested at the same tick, for one run."""
    ROWS["version"] = "second"
    followed.make("dataset")
    assert followed.tick() == {"model", "report"}
    followed.make("model", "report")
    assert followed.tick() == set()
    assert followed.tick() == set()


def test_equal_rows_are_not_followed(followed) -> None:
    """Nothing is trained again on unchanged data."""
    followed.make("dataset")
    assert followed.tick() == set()


def test_rows_that_failed_a_blocking_check_are_not_followed_until_it_passes(followed) -> None:
    """A check that is repeated and passes releases them."""
    ROWS["version"], PASSES["passed"] = "second", False
    followed.make("dataset")
    assert followed.tick() == set()
    PASSES["passed"] = True
    selection = dg.AssetSelection.checks(contract)
    assert dg.materialize(ASSETS, selection=selection, instance=followed.instance).success
    assert followed.tick() == {"model", "report"}


def test_a_run_of_all_is_not_done_twice(followed) -> None:
    """What a schedule, a sensor or a person starts has its own models."""
    ROWS["version"] = "second"
    followed.make("dataset", "model", "report")
    assert [followed.tick() for _ in range(3)] == [set()] * 3


def test_what_a_failed_run_left_undone_is_requested_once(followed) -> None:
    """A fault that stays is not tried for ever."""
    ROWS["version"], PASSES["trains"] = "second", False
    assert not followed.make("dataset", "model", "report")
    assert followed.tick() == {"model", "report"}
    assert not followed.make("model", "report")
    assert [followed.tick() for _ in range(2)] == [set()] * 2


def test_the_real_assets_have_the_condition_only_where_it_is_asked_for() -> None:
    """`dataset` is made by nobody but a person, a schedule or the sensor."""
    for follow in (False, True):
        defs = build_definitions(SyntheticTable(), follow=follow)
        graph = defs.resolve_asset_graph()
        following = {
            key.path[-1]
            for key in graph.get_all_asset_keys()
            if graph.get(key).automation_condition is not None
        }
        names = {one.name for one in defs.sensors}
        assert names == ({"follow_dataset"} if follow else set())
        if not follow:
            assert not following
            continue
        assert {"train_set", "numpy_model", "evaluation_report", "champion"} <= following
        assert not {"dataset", "predictions", "drift_report"} & following
