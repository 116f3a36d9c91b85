"""The asset ``predictions``: its own job, one version for equal inputs, blocked by a mismatch."""

import json
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import lr_pipeline
from lr_pipeline.cli.command_line import main
from lr_pipeline.models.model_version import version_of
from lr_pipeline.orchestration.assets.scoring import predictions
from lr_pipeline.orchestration.config.scoring_config import ScoringConfig
from lr_pipeline.orchestration.instance.io_manager import ArtifactIOManager
from lr_pipeline.orchestration.instance.manual_rulings import promote
from lr_pipeline.orchestration.pipeline import build_definitions
from lr_pipeline.orchestration.resources.table_resource import TableResource
from lr_pipeline.storage.storage_error import ArtifactError
from lr_pipeline.tables.sources.declared_tables import FileTable
from tests.homes import ready_home

SPECTOR = Path(__file__).parents[3] / "data" / "samples" / "spector.csv"
TABLE = TableResource.of(FileTable(SPECTOR, target="GRADE"))
Score = Callable[..., dg.ExecuteInProcessResult]

NO_FOLDS = {"cv": {"repeats": 0}}

pytestmark = pytest.mark.usefixtures("data_anywhere", "undrawn")


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    """Return the folder of the artifacts and the home."""
    return tmp_path_factory.mktemp("root")


@pytest.fixture(scope="module")
def score(root) -> Score:
    """Run the scoring job with a configuration, after one training."""
    definitions = build_definitions(
        FileTable(SPECTOR, target="GRADE"),
        "spector",
        evaluation=NO_FOLDS,
        resources={"io_manager": ArtifactIOManager(root=str(root))},
    )

    def run(job: str = "spector__scoring_job", **config: object) -> dg.ExecuteInProcessResult:
        run_config = {"ops": {"spector__predictions": {"config": config}}} if config else None
        with dg.DagsterInstance.from_config(str(ready_home(root / "home"))) as instance:
            return definitions.resolve_job_def(job).execute_in_process(
                instance=instance, run_config=run_config, raise_on_error=False
            )

    trained = run("spector__training_job")
    assert trained.success
    assert "spector__predictions" not in {event.step_key for event in trained.all_events}
    with dg.DagsterInstance.from_config(str(root / "home")) as instance:
        promote(instance, ["spector"], "latest", "seven test rows decide nothing")
    return run


def metadata(
    result: dg.ExecuteInProcessResult, op: str = "spector__predictions"
) -> dict[str, object]:
    """Return the metadata that the UI shows for the predictions."""
    (made,) = result.asset_materializations_for_node(op)
    return {name: value.value for name, value in made.metadata.items()}


def test_new_rows_are_scored_and_can_be_loaded(score, root) -> None:
    """The champion scores them, and its version is in the result."""
    result = score(score_path=str(SPECTOR), threshold=0.4)
    assert result.success
    shown = metadata(result)
    assert shown["dagster/row_count"] == 32
    assert shown["threshold"] == 0.4
    assert shown["interval_withheld"] == ""
    assert shown["summary"].startswith("32 rows by model ")
    found = lr_pipeline.load("spector/predictions", home=root / "home").to_pandas()
    model = lr_pipeline.load("spector/numpy_model", home=root / "home")
    assert set(found["model_version"]) == {version_of(model)} == {shown["model_version"]}
    assert (found["label"] == (found["probability"] > 0.4)).all()
    assert shown["positive"] == found["label"].sum()


def test_equal_inputs_are_one_version(score, root, tmp_path) -> None:
    """Path, bytes and data version are the same; other rows give another version."""
    copy = tmp_path / "copy.csv"
    copy.write_bytes(SPECTOR.read_bytes())
    first, second = (score(score_path=str(path)) for path in (SPECTOR, copy))
    assert metadata(first)["path"] == metadata(second)["path"]
    assert metadata(first)["sha256"] == metadata(second)["sha256"]
    tags = [
        result.asset_materializations_for_node("spector__predictions")[0].tags[
            "dagster/data_version"
        ]
        for result in (first, second)
    ]
    assert tags[0] == tags[1]
    folder = Path(str(metadata(first)["path"])).parent.parent
    before = {path.name for path in folder.iterdir()}
    copy.write_text("".join(copy.open().readlines()[:9]))
    third = score(score_path=str(copy))
    assert metadata(third)["dagster/row_count"] == 8
    assert {path.name for path in folder.iterdir()} > before


def test_a_changed_version_is_not_taken_for_the_same(score) -> None:
    """The hash is verified before the version is recorded again."""
    path = Path(str(metadata(score(score_path=str(SPECTOR), threshold=0.6))["path"]))
    stored = path.read_bytes()
    path.write_bytes(stored[:-1] + b"!")
    result = score(score_path=str(SPECTOR), threshold=0.6)
    assert not result.success
    (event,) = [one for one in result.all_events if one.is_step_failure]
    assert "the content has changed" in event.step_failure_data.error.cause.message
    path.write_bytes(stored)


def test_another_schema_blocks_before_anything_is_written(score, root, tmp_path) -> None:
    """The failure has a table of the differences."""
    path = tmp_path / "new.csv"
    path.write_text("GPA,TUCE\nhigh,20\n")
    folder = root / "spector" / "predictions"
    before = set(folder.rglob("*")) if folder.exists() else set()
    result = score(score_path=str(path))
    assert not result.success
    (event,) = [one for one in result.all_events if one.is_step_failure]
    failure = event.step_failure_data.user_failure_data
    rows = [record.data for record in failure.metadata["differences"].records]
    assert rows == [
        {"column": "GPA", "expected": "number or boolean", "found": "string"},
        {"column": "PSI", "expected": "number or boolean", "found": "missing"},
    ]
    assert "these columns are not as in training" in failure.description
    assert (set(folder.rglob("*")) if folder.exists() else set()) == before


def test_scores_alone_are_skipped_with_a_word(score) -> None:
    """A run of the scores alone ends well, and says where to give the path."""
    result = score()
    assert result.success
    assert not result.asset_materializations_for_node("spector__predictions")
    (event,) = [one for one in result.all_events if one.is_asset_observation]
    told = event.asset_observation_data.asset_observation.description
    assert told.startswith("skipped: no rows are scored without a score_path. Give it in the")
    assert "ops: {spector__predictions: {config: {score_path: new_rows.csv}}}" in told


def test_all_assets_at_once_skip_the_scores_with_a_word(tmp_path) -> None:
    """With "Materialize all" a fresh workspace succeeds, and the log says why nothing is scored."""
    definitions = build_definitions(
        FileTable(SPECTOR, target="GRADE"),
        evaluation=NO_FOLDS,
        resources={"io_manager": ArtifactIOManager(root=str(tmp_path))},
    )
    with dg.DagsterInstance.from_config(str(ready_home(tmp_path / "home"))) as instance:
        result = definitions.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=instance
        )
        assert result.success
        assert result.asset_materializations_for_node("numpy_model")
        assert not result.asset_materializations_for_node("predictions")
        events = [one for one in result.all_events if one.is_asset_observation]
        seen = [one.asset_observation_data.asset_observation for one in events]
        (observed,) = [one for one in seen if one.asset_key == dg.AssetKey("predictions")]
        logs = [entry.user_message for entry in instance.all_logs(result.run_id)]
    reason = "skipped: no rows are scored without a score_path. Give it in the Launchpad: ops: {"
    assert observed.description.startswith(reason)
    assert any(message.startswith(reason) for message in logs)


def test_called_directly_it_is_a_plain_function(score, root) -> None:
    """Only the columns are read before the scores are written."""
    champion = lr_pipeline.load("spector/champion", home=root / "home")
    config = ScoringConfig(score_path=str(SPECTOR))
    with dg.DagsterInstance.from_config(str(root / "home")) as instance:
        context = dg.build_asset_context(instance=instance)
        (result,) = predictions(context, config=config, table=TABLE, champion=champion)
    assert result.value.counts.rows == 0
    assert result.data_version.value == result.value.fingerprint


def test_without_a_model_the_training_comes_first(tmp_path) -> None:
    """The message says what to materialize."""
    definitions = build_definitions(
        FileTable(SPECTOR, target="GRADE"),
        resources={"io_manager": ArtifactIOManager(root=str(tmp_path))},
    )
    config = {"ops": {"predictions": {"config": {"score_path": str(SPECTOR)}}}}
    with (
        dg.DagsterInstance.from_config(str(ready_home(tmp_path / "home"))) as instance,
        pytest.raises(ArtifactError, match="Materialize it first"),
    ):
        definitions.resolve_job_def("scoring_job").execute_in_process(
            instance=instance, run_config=config
        )


def test_scores_carry_the_checks_that_failed_of_their_model(tmp_path, monkeypatch) -> None:
    """The asset's metadata, the Parquet file and the command line show them."""
    rng = np.random.default_rng(6)
    rows = pd.DataFrame({"y": rng.integers(0, 2, 200), "x": rng.normal(size=200)})
    rows["late"] = rows["y"] + rng.normal(scale=0.05, size=200)
    rows.to_csv(tmp_path / "leak.csv", index=False)
    definitions = build_definitions(
        FileTable(tmp_path / "leak.csv", target="y"),
        "leak",
        evaluation=NO_FOLDS,
        resources={"io_manager": ArtifactIOManager(root=str(tmp_path))},
    )
    scoring = {"score_path": str(tmp_path / "leak.csv"), "anyway": True}
    config = {"ops": {"leak__predictions": {"config": scoring}}}
    with dg.DagsterInstance.from_config(str(ready_home(tmp_path / "home"))) as instance:
        for job in ("leak__training_job", "leak__scoring_job"):
            result = definitions.resolve_job_def(job).execute_in_process(
                instance=instance, run_config=config if job == "leak__scoring_job" else None
            )
    leak = "leak/dataset: contract: feature 'late' alone tells the classes apart"
    (shown,) = [
        text
        for text in metadata(result, "leak__predictions")["failed_checks"]
        if "contract" in text
    ]
    assert shown.startswith(leak)
    stored = pq.read_schema(str(metadata(result, "leak__predictions")["path"])).metadata[
        b"lr_pipeline.predictions"
    ]
    assert shown in json.loads(stored)["failed_checks"]
    monkeypatch.chdir(tmp_path)
    arguments = ["predict", "leak.csv", "--model", "leak", "--home", str(tmp_path / "home")]
    arguments.append("--anyway")
    said = CliRunner().invoke(main, [*arguments, "--output", "scores.parquet"])
    assert f"  ! a check of the model's run failed: {leak}" in said.output
    written = pq.read_schema("scores.parquet").metadata[b"lr_pipeline.predictions"]
    assert json.loads(written)["failed_checks"] == list(
        metadata(result, "leak__predictions")["failed_checks"]
    )
