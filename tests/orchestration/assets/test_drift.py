"""The assets on drift, with real files on a real instance: from training to a check that fails."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import numpy as np
import pandas as pd
import pytest

import lr_pipeline
from lr_pipeline.orchestration.instance.io_manager import ArtifactIOManager
from lr_pipeline.orchestration.instance.profile_choice import profile_of_model
from lr_pipeline.orchestration.pipeline import build_definitions
from lr_pipeline.report.markdown import WORD_JOINER
from lr_pipeline.storage.storage_error import ArtifactError
from lr_pipeline.tables.sources.declared_tables import FileTable
from tests.homes import ready_home

Run = Callable[..., dg.ExecuteInProcessResult]

pytestmark = pytest.mark.usefixtures("data_anywhere")


def rows(n: int, seed: int, shift: float = 0.0) -> pd.DataFrame:
    """Return n rows, two columns and the answer; one name would be a script in HTML."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"<script>alert(1)</script>": rng.normal(size=n) + shift})
    frame["city"] = rng.choice(["A", "B"], n)
    frame["y"] = (rng.random(n) < 1 / (1 + np.exp(-frame.iloc[:, 0]))).astype(int)
    return frame


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    """Return the folder of the artifacts, the home and the files."""
    folder = tmp_path_factory.mktemp("root")
    rows(800, 1).to_csv(folder / "train.csv", index=False)
    rows(500, 2).to_csv(folder / "same.csv", index=False)
    rows(500, 3, 0.6).drop(columns="y").to_csv(folder / "moved.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def definitions(root) -> dg.Definitions:
    """Return the code location of the table."""
    return build_definitions(
        FileTable(root / "train.csv", target="y"),
        "t",
        resources={"io_manager": ArtifactIOManager(root=str(root))},
    )


@pytest.fixture(scope="module")
def run(root, definitions) -> Run:
    """Run a job of the table, after one training."""

    def execute(job: str, score_path: str | None = None) -> dg.ExecuteInProcessResult:
        config = {"ops": {"t__drift_report": {"config": {"score_path": score_path}}}}
        with dg.DagsterInstance.from_config(str(ready_home(root / "home"))) as instance:
            return definitions.resolve_job_def(f"t__{job}").execute_in_process(
                instance=instance, run_config=config if score_path else None, raise_on_error=False
            )

    train(definitions, root)
    return execute


def train(definitions: dg.Definitions, root: Path) -> None:
    """Materialize what drift needs of a training, without the rest of it."""
    names = (
        "dataset",
        "train_set",
        "test_set",
        "mle_existence",
        "numpy_model",
        "reference_profile",
    )
    with dg.DagsterInstance.from_config(str(ready_home(root / "home"))) as instance:
        result = definitions.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=instance, asset_selection=[dg.AssetKey(["t", name]) for name in names]
        )
    assert result.success


def shown(result: dg.ExecuteInProcessResult) -> dict[str, object]:
    """Return the metadata that the UI shows for the drift report."""
    (made,) = result.asset_materializations_for_node("t__drift_report")
    return {name: value.value for name, value in made.metadata.items()}


def test_training_makes_the_profile_and_asks_for_no_new_rows(definitions) -> None:
    """The drift report has a job of its own."""
    jobs = {
        name: definitions.resolve_job_def(f"t__{name}") for name in ("training_job", "drift_job")
    }
    keys = {
        name: {key.path[-1] for key in job.asset_layer.selected_asset_keys}
        for name, job in jobs.items()
    }
    assert "reference_profile" in keys["training_job"]
    assert "drift_report" not in keys["training_job"]
    assert keys["drift_job"] == {"drift_report"}


def test_rows_alike_pass_the_check(run, root) -> None:
    """The page and its numbers are stored, and can be loaded."""
    result = run("drift_job", str(root / "same.csv"))
    assert result.success
    (check,) = result.get_asset_check_evaluations()
    assert (check.check_name, check.passed) == ("no_drift", True)
    found = lr_pipeline.load("t/drift_report", home=root / "home")
    assert found["verdict"] == "No drift: no difference is both large and certain."
    assert found["labelled"] == 500
    assert Path(str(shown(result)["path"])).read_text().startswith("<!doctype html>")


def test_drift_fails_the_check_as_a_warning(run, root) -> None:
    """The run is green; the page names what moved, and no name is HTML."""
    result = run("drift_job", str(root / "moved.csv"))
    assert result.success
    (check,) = result.get_asset_check_evaluations()
    assert not check.passed
    assert check.severity is dg.AssetCheckSeverity.WARN
    assert "<script" not in check.description  # the web UI makes markdown of it
    said = check.description.replace(WORD_JOINER, "")
    assert said.startswith("Drift: 1 of 2 features (<script>alert(1)</script>) and ")
    page = Path(str(shown(result)["path"])).read_text()
    assert "<script" not in page
    assert "&lt;script&gt;alert" in page.replace("<wbr>", "")


def test_the_numbers_chart_over_time(run, root) -> None:
    """Effects are in units of their floors: 1 and more is large."""
    metadata = shown(run("drift_job", str(root / "moved.csv")))
    assert metadata["features_drifted"] == 1
    assert metadata["largest_effect"] > 1
    assert metadata["effect of score"] > 1
    assert metadata["effect/city"] < metadata["largest_effect"]
    assert metadata["dagster/row_count"] == 500
    assert "\\<script" not in str(metadata["comparisons"])
    assert "prevalence" not in metadata
    labelled = shown(run("drift_job", str(root / "same.csv")))
    assert 0.4 < labelled["prevalence"] < 0.6


def test_without_rows_it_is_skipped_with_a_word(run) -> None:
    """Neither an error nor a report: an observation says where the path is given."""
    result = run("drift_job")
    assert result.success
    assert not result.asset_materializations_for_node("t__drift_report")
    (event,) = [one for one in result.all_events if one.is_asset_observation]
    said = event.asset_observation_data.asset_observation.description
    assert said.startswith("skipped: nothing is compared without a score_path. Give it in the")
    assert "t__drift_report: {config" in said


def test_another_schema_is_refused_with_a_table(run, root) -> None:
    """The scorer's own error."""
    (root / "wrong.csv").write_text("city\nA\n")
    result = run("drift_job", str(root / "wrong.csv"))
    assert not result.success
    (event,) = [one for one in result.all_events if one.is_step_failure]
    failure = event.step_failure_data.user_failure_data
    assert "these columns are not as in training" in failure.description
    assert "differences" in failure.metadata


def test_the_champion_is_compared_with_its_own_training_set(
    run, root, definitions, monkeypatch
) -> None:
    """After a second training the first profile is still found, by the champion's version."""
    home = root / "home"
    first = lr_pipeline.load("t/reference_profile", home=home)
    old = lr_pipeline.load("t/numpy_model", home=home)
    rows(800, 9, 0.6).to_csv(root / "train.csv", index=False)
    train(definitions, root)
    latest = lr_pipeline.load("t/reference_profile", home=home)
    assert latest["model_version"] != first["model_version"]
    key = dg.AssetKey(["t", "reference_profile"])
    with dg.DagsterInstance.from_config(str(ready_home(home))) as instance:
        found = profile_of_model(instance, key, first["model_version"])
        assert found.to_dict() == first
        with pytest.raises(ArtifactError, match="expected a profile of the training set of model"):
            profile_of_model(instance, key, "0" * 12)
    where = "lr_pipeline.orchestration.assets.drift_of_rows.current_champion"
    for champion, compared in ((SimpleNamespace(model=old), first), (None, latest)):
        monkeypatch.setattr(where, lambda *_, found=champion: found)
        assert run("drift_job", str(root / "same.csv")).success
        report = lr_pipeline.load("t/drift_report", home=home)
        assert report["model_version"] == compared["model_version"]
        assert report["drifted"] == (champion is None)
