"""``init`` as a user types it: which history it copies."""

from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner, Result

from lr_pipeline.cli.command_line import main
from tests.homes import ready_home

KEY = dg.AssetKey(["t", "predictions"])


def init(home: Path, old: Path) -> Result:
    """Prepare a home with the history of another."""
    return CliRunner().invoke(main, ["init", "--home", str(home), "--history-from", str(old)])


def test_a_folder_that_is_no_home_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    """Dagster would make a home of it, and copy no runs."""
    (tmp_path / "typo").mkdir()
    result = init(tmp_path / "new", tmp_path / "typo")
    assert result.exit_code == 1
    assert "expected the Dagster home of the runs, found a folder without" in result.stderr
    assert list(tmp_path.rglob("*")) == [tmp_path / "typo"]


@pytest.mark.filterwarnings("ignore::dagster.BetaWarning")
def test_what_was_recorded_without_a_run_is_copied_too(tmp_path: Path) -> None:
    """Metrics of rows scored from a terminal are observations that belong to no run."""
    old = ready_home(tmp_path / "old")
    with dg.DagsterInstance.from_config(str(old)) as instance:
        instance.report_runless_asset_event(dg.AssetMaterialization(KEY, metadata={"n": 1}))
        instance.report_runless_asset_event(dg.AssetObservation(KEY, metadata={"auc": 0.75}))
    result = init(tmp_path / "new", old)
    assert result.exit_code == 0, result.output
    assert "0 runs copied from" in result.output
    with dg.DagsterInstance.from_config(str(tmp_path / "new")) as instance:
        (seen,) = instance.fetch_observations(KEY, limit=9).records
        (made,) = instance.fetch_materializations(KEY, limit=9).records
    assert seen.asset_observation.metadata["auc"].value == 0.75
    assert made.asset_materialization.metadata["n"].value == 1
