"""After any prune of a table's history, all that can be reached from what stays still loads."""

import shutil
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from lr_pipeline.cli.command_line import main
from lr_pipeline.lifecycle.history import earlier_champions
from lr_pipeline.orchestration.instance.catalogue import (
    latest_materialization,
    load_recorded,
    materialization_of_run,
)
from lr_pipeline.orchestration.instance.pruning import carry_out, plan_prune
from lr_pipeline.orchestration.instance.retention import RetentionPolicy
from lr_pipeline.orchestration.instance.rulings import (
    champion_key,
    current_champion,
    records_of,
    rulings,
)

SPECTOR = Path(__file__).parents[3] / "data" / "samples" / "spector.csv"
ASSETS = ("dataset", "train_set", "test_set", "numpy_model", "evaluation_report")


def call(*arguments: object) -> None:
    """Run a verb that must succeed."""
    result = CliRunner().invoke(main, [str(one) for one in arguments])
    assert result.exit_code == 0, result.output


@pytest.fixture(scope="module")
def year(tmp_path_factory) -> Path:
    """A folder with the history of a table: unchanged and changed data, promotions, a rollback."""
    folder = tmp_path_factory.mktemp("year")
    frame = pd.read_csv(SPECTOR)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for night in range(7):
            frame.iloc[: 32 - night // 2].to_csv("t.csv", index=False)
            call("run", "t.csv", "--target", "GRADE")
            if night in (1, 3, 4):
                call("champion", "t", "--promote", "latest", "--because", "said")
            if night == 5:
                call("champion", "t", "--rollback", "--because", "said")
    shutil.copytree(folder, folder.parent / "saved-year")
    return folder


@pytest.mark.slow
@settings(max_examples=12)
@given(
    days=st.sampled_from([0.0, 90.0]),
    runs=st.integers(1, 7),
    limit=st.none() | st.integers(1, 4_000_000),
)
def test_what_can_be_reached_loads_after_any_prune(year, days, runs, limit) -> None:
    """The champion, those to which a rollback can return, their training, and kept reports."""
    shutil.rmtree(year)
    shutil.copytree(year.parent / "saved-year", year)
    key = champion_key(["t"])
    with dg.DagsterInstance.from_config(str(year / ".dagster_home")) as instance:
        before = records_of(rulings(instance, key))
        carry_out(instance, plan_prune(instance, RetentionPolicy(days, runs, limit)))
        entries = rulings(instance, key)
        after = records_of(entries)
        assert current_champion(instance, key).version == before[-1].version
        assert earlier_champions(after) == earlier_champions(before)
        for entry, record in zip(entries, after, strict=True):
            load_recorded(key, entry)
            if record.changed and record.run:
                of_run = [
                    materialization_of_run(instance, dg.AssetKey(["t", one]), record.run)
                    for one in ASSETS
                ]
                model, train = (
                    load_recorded(dg.AssetKey(["t", ASSETS[place]]), of_run[place])
                    for place in (3, 1)
                )
                assert model.train_fingerprint == train.fingerprint
                assert Path(record.ruling.report).exists()
        for asset in instance.get_asset_keys():
            assert latest_materialization(instance, asset) is not None
            for one in instance.fetch_materializations(asset, limit=100).records:
                load_recorded(asset, one.event_log_entry)
        report = dg.AssetKey(["t", "evaluation_report"])
        numbers = load_recorded(report, latest_materialization(instance, report)).numbers
        assert instance.get_run_by_id(numbers["run"]["since"]["run"]) is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(year)
        call("champion", "t", "--rollback", "--because", "after the prune")
