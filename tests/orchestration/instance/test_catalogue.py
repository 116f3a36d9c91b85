"""`load` finds an asset's latest artifact by its name."""

from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from lr_pipeline.orchestration.instance.catalogue import (
    load,
    materialization_of_version,
    recorded,
    stored_assets,
)
from lr_pipeline.orchestration.instance.home import initialise_home
from lr_pipeline.orchestration.instance.io_manager import ArtifactIOManager
from lr_pipeline.storage.storage_error import ArtifactError
from lr_pipeline.tables.table import Table


def test_load_returns_the_latest_of_each_kind(tmp_path: Path, home: Path):
    """The instance's event log gives a table, and a dictionary under a prefix."""
    frame = pd.DataFrame({"x": [0.5, 1.5], "y": ["no", "yes"]})

    @dg.asset
    def dataset() -> Table:
        return Table.from_pandas(frame, target="y")

    @dg.asset(key_prefix="breast_cancer")
    def profile(config: ProfileConfig) -> dict:
        return {"mean": config.mean}

    @dg.asset
    def without_value() -> None:
        return None

    with dg.DagsterInstance.from_config(str(home)) as instance:
        for mean in (0.25, 0.75):
            dg.materialize(
                [dataset, profile, without_value],
                instance=instance,
                resources={"io_manager": ArtifactIOManager(root=str(tmp_path / "artifacts"))},
                run_config=dg.RunConfig(ops={"breast_cancer__profile": ProfileConfig(mean=mean)}),
            )
        assert stored_assets(instance) == ["breast_cancer/profile", "dataset"]
    pd.testing.assert_frame_equal(load("dataset", home).to_pandas(), frame)
    assert load("breast_cancer/profile", home) == {"mean": 0.75}
    with pytest.raises(ArtifactError, match=r"'profile'.*found: breast_cancer/profile, dataset"):
        load("profile", home)


def test_a_name_among_many_is_answered_by_one_query_and_in_one_line(
    tmp_path: Path, home: Path, monkeypatch
):
    """The message has twelve names, the number of the others, and the closest name."""

    def profile(number: int) -> dg.AssetsDefinition:
        @dg.asset(name=f"profile{number:02}")
        def one() -> dict:
            return {}

        return one

    with dg.DagsterInstance.from_config(str(home)) as instance:
        dg.materialize(
            [profile(number) for number in range(15)],
            instance=instance,
            resources={"io_manager": ArtifactIOManager(root=str(tmp_path / "artifacts"))},
        )
    asked = []
    ask = dg.DagsterInstance.fetch_materializations
    monkeypatch.setattr(
        dg.DagsterInstance,
        "fetch_materializations",
        lambda self, key, **page: asked.append(key) or ask(self, key, **page),
    )
    with pytest.raises(ArtifactError) as caught:
        load("profile1", home)
    assert len(asked) == 1
    assert "found: profile00, profile01, " in str(caught.value)
    assert "profile11 and 3 more. Did you mean 'profile" in str(caught.value)


class ProfileConfig(dg.Config):
    """Configuration that differs in the second run."""

    mean: float


def test_report_loads_as_its_numbers(tmp_path: Path, home: Path):
    """A notebook gets the report's dictionary, not the page."""
    from lr_pipeline.report.render import Report

    @dg.asset
    def evaluation_report():
        return Report(html="<p>", numbers={"prevalence": 0.5})

    resources = {"io_manager": ArtifactIOManager(root=str(tmp_path / "artifacts"))}
    with dg.DagsterInstance.from_config(str(home)) as instance:
        dg.materialize([evaluation_report], instance=instance, resources=resources)
    assert load("evaluation_report", home) == {"prevalence": 0.5}


def test_missing_home_is_an_error_and_is_not_created(tmp_path: Path):
    """A search for a result creates no folder."""
    with pytest.raises(ArtifactError, match="expected a Dagster home"):
        load("numpy_model", tmp_path / "home")
    assert not (tmp_path / "home").exists()


def test_a_home_that_is_a_file_is_said_to_be_one(tmp_path):
    """The error is that of a run; the advice to run the pipeline first would not help."""
    (tmp_path / "home").write_text("")
    with pytest.raises(ArtifactError) as caught:
        load("numpy_model", tmp_path / "home")
    with pytest.raises(ArtifactError) as of_run:
        initialise_home(tmp_path / "home")
    assert str(caught.value) == str(of_run.value)


@pytest.mark.promise(
    "Artifacts",
    "A project can be moved: an artifact that is not where it was recorded is found below the "
    "artifacts' folder, and verified.",
)
def test_a_moved_artifact_is_found_below_the_present_folder_and_verified(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
):
    """It is read from its new place, unless it was changed there; elsewhere it is missing."""

    @dg.asset(key_prefix="churn")
    def profile() -> dict:
        return {"mean": 0.5}

    before, after = tmp_path / "before", tmp_path / "after"
    with dg.DagsterInstance.from_config(str(home)) as instance:
        manager = ArtifactIOManager(root=str(before))
        dg.materialize([profile], instance=instance, resources={"io_manager": manager})
    before.rename(after)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ArtifactError, match="missing"):
        load("churn/profile", home)
    monkeypatch.setenv("LR_PIPELINE_ARTIFACTS", str(after))
    assert load("churn/profile", home) == {"mean": 0.5}
    (file,) = after.rglob("*.json")
    file.chmod(0o644)
    file.write_text(file.read_text().replace("0.5", "0.6"))
    with pytest.raises(ArtifactError, match="profile"):
        load("churn/profile", home)


def test_a_version_is_found_however_many_came_after_it(home: Path):
    """A champion may be older than a year of nightly versions."""
    key = dg.AssetKey("model")
    with dg.DagsterInstance.from_config(str(home)) as instance:
        for k in range(120):
            instance.report_runless_asset_event(
                dg.AssetMaterialization(key, metadata={"sha256": f"{k:03}" * 8})
            )
        found = materialization_of_version(instance, key, "000000")
        assert found is not None
        assert recorded(found, "sha256") == "000" * 8
        assert materialization_of_version(instance, key, "999") is None
