"""The group of studies, called directly and materialized by its job with real files."""

import time
from pathlib import Path

import dagster as dg
import numpy as np
import pytest

import lr_pipeline
from lr_pipeline.orchestration.assets import tutorial_studies
from lr_pipeline.orchestration.config.study_config import (
    DescentStudyConfig,
    LearningRateStudyConfig,
    LikelihoodStudyConfig,
    RegressionStudyConfig,
)
from lr_pipeline.orchestration.default_location import default_definitions
from lr_pipeline.orchestration.instance.io_manager import ArtifactIOManager
from lr_pipeline.orchestration.pipeline import build_definitions
from lr_pipeline.tables.sources.declared_tables import SyntheticTable
from lr_pipeline.tables.split.split_table import split_table
from lr_pipeline.tables.table import Table
from tests.homes import ready_home

PICTURES = {
    "gradient_descent_study": {"paths", "distances"},
    "learning_rate_study": {"loss_curves", "final_loss"},
    "likelihood_study": {
        "probability_and_likelihood",
        "log_likelihood",
        "bernoulli",
        "underflow",
    },
    "regression_study": {"simple_regression", "multiple_regression", "sigmoid"},
}


@pytest.fixture(scope="module")
def train_set() -> Table:
    """Return the tutorial's training set."""
    source = SyntheticTable()
    return split_table(source.read(), source.split)[0]


class Materialized:
    """A Dagster home in which the studies were materialized with their defaults."""

    def __init__(self, root: Path) -> None:
        resources = {"io_manager": ArtifactIOManager(root=str(root))}
        self.definitions = build_definitions(SyntheticTable(), studies=True, resources=resources)
        self.home = ready_home(root / "home")
        started = time.perf_counter()
        self.result = self.run_studies()
        self.seconds = time.perf_counter() - started

    def run_studies(self, **config) -> dg.ExecuteInProcessResult:
        """Run the study job, for all studies or only for those with a configuration."""
        chosen = [dg.AssetKey(name) for name in config] or None
        ops = {"ops": {name: {"config": values} for name, values in config.items()}}
        with dg.DagsterInstance.from_config(str(self.home)) as instance:
            return self.definitions.resolve_job_def("study_job").execute_in_process(
                instance=instance, run_config=ops, asset_selection=chosen
            )


@pytest.fixture(scope="module")
def materialized(tmp_path_factory) -> Materialized:
    """Return the result of one run of the study job."""
    return Materialized(tmp_path_factory.mktemp("studies"))


def metadata(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, object]:
    """Return the metadata that the UI shows for an asset."""
    (materialization,) = result.asset_materializations_for_node(asset)
    return {name: value.value for name, value in materialization.metadata.items()}


def test_the_job_materializes_the_group_in_seconds(materialized) -> None:
    """Table and split included, it takes ten seconds on an idle machine; the bound is larger."""
    assert materialized.result.success
    events = materialized.result.get_asset_materialization_events()
    assert {event.asset_key.to_user_string() for event in events} == {
        "dataset",
        "train_set",
        "test_set",
        "feature_profile",
        *PICTURES,
    }
    assert materialized.seconds < 60


def test_what_was_made_can_be_loaded_as_numbers(materialized) -> None:
    """The asset's name gives the tutorial's numbers."""
    first = lr_pipeline.load("gradient_descent_study", home=materialized.home)["paths"][0]
    assert first["theta"] == 2.499891109642585
    assert first["loss"] == -0.99999998814289
    assert (first["learning_rate"], first["points"], first["verdict"]) == (0.1, 46, "converged")
    rates = lr_pipeline.load("learning_rate_study", home=materialized.home)
    assert rates["bounds"]["local"] > rates["bounds"]["guaranteed"] > 0.01
    likelihood = lr_pipeline.load("likelihood_study", home=materialized.home)
    assert likelihood["underflow"]["bernoulli"]["product"] == 0.0
    regression = lr_pipeline.load("regression_study", home=materialized.home)
    assert regression["multiple"]["dependent_columns"] == ["x8", "x9"]


@pytest.mark.parametrize("asset", PICTURES)
def test_pictures_are_shown_and_lie_beside_the_numbers(materialized, asset) -> None:
    """They are in the UI and PNG files in the version's folder, with a sentence and a table."""
    shown = metadata(materialized.result, asset)
    folder = Path(shown["path"]).parent
    assert {path.stem for path in folder.glob("*.png")} == PICTURES[asset]
    for name in PICTURES[asset]:
        assert shown[name].startswith(f"![{name}](data:image/png;base64,")
    assert Path(shown["path"]).name == f"{asset}.json"
    assert shown["summary"]
    tables = [line for name in PICTURES[asset] for line in shown[name].split("\n\n")[1:]]
    assert tables
    for table in tables:
        assert len({line.replace("\\|", "").count("|") for line in table.splitlines()}) == 1


def test_key_numbers_are_numbers(materialized) -> None:
    """The UI can then chart them from run to run."""
    result = materialized.result
    assert metadata(result, "gradient_descent_study")["points at 1.1"] == 10_001
    assert isinstance(metadata(result, "learning_rate_study")["guaranteed_bound"], float)
    assert metadata(result, "likelihood_study")["bernoulli_product_lost_at_row"] == 1_075
    assert metadata(result, "regression_study")["largest_difference"] < 1e-13


def test_a_changed_rate_in_the_launchpad_changes_the_picture(materialized) -> None:
    """The run configuration has the form that the Launchpad gives it."""
    before = metadata(materialized.result, "gradient_descent_study")
    after = metadata(
        materialized.run_studies(gradient_descent_study={"learning_rates": [0.1, 0.45]}),
        "gradient_descent_study",
    )
    assert after["paths"] != before["paths"]
    assert after["summary"] == "2 paths: 2 converged"


def test_the_best_rate_is_accepted_where_the_advice_says(materialized) -> None:
    """The advice gives a valid configuration of both models."""
    settings = {"learning_rate": 4.0, "iterations": 1000, "initial": "zeros", "standardize": False}
    advice = metadata(materialized.result, "learning_rate_study")["advice"]
    assert (
        "solver: {gradient_descent: {learning_rate: 4, iterations: 1000, initial: zeros" in advice
    )
    solver = {"config": {"solver": {"gradient_descent": settings}}}
    assert dg.validate_run_config(
        materialized.definitions.resolve_job_def("training_job"),
        {"ops": {"numpy_model": solver, "torch_model": solver}},
    )


def test_each_study_can_be_called_with_a_configuration(train_set) -> None:
    """Every field reaches the study."""
    descent = tutorial_studies.gradient_descent_study(
        DescentStudyConfig(learning_rates=[1.2], iterations=50, tolerance=1e-3, diverging_steps=5)
    ).value.numbers
    assert [path["points"] for path in descent["paths"]] == [51, 6]
    rates = tutorial_studies.learning_rate_study(
        LearningRateStudyConfig(learning_rates=[0.5], iterations=7, standardize=True, max_rows=40),
        train_set=train_set,
    ).value.numbers
    assert {run["learning_rate"] for run in rates["runs"]} == {0.5}
    assert (rates["iterations"], rates["columns"], rates["rows"]) == (7, "standardized", 40)
    likelihood = tutorial_studies.likelihood_study(
        LikelihoodStudyConfig(feature="x3", deviations=[3.0], max_rows=50), train_set=train_set
    ).value.numbers
    assert likelihood["feature"] == "x3"
    assert likelihood["normal"]["rows"] == 50
    regression = tutorial_studies.regression_study(
        RegressionStudyConfig(feature="x3", max_rows=60), train_set=train_set
    ).value.numbers
    assert regression["feature"] == "x3"
    x = train_set.to_pandas()["x3"].to_numpy()[np.linspace(0, 79, 60).astype(int)]
    assert regression["simple"]["x_mean"] == pytest.approx(x.mean(), rel=1e-13)


def test_the_default_location_has_the_studies_and_a_file_has_none(tmp_path) -> None:
    """A file's location has studies only if asked for."""
    defs = default_definitions(tmp_path, tmp_path)
    names = {key.path[-1] for key in defs.resolve_asset_graph().get_all_asset_keys()}
    assert set(PICTURES) <= names
    other = build_definitions(SyntheticTable(), "other")
    names = {key.path[-1] for key in other.resolve_asset_graph().get_all_asset_keys()}
    assert not set(PICTURES) & names
    asked = build_definitions(SyntheticTable(), "other", studies=True)
    assert dg.AssetKey(["other", "likelihood_study"]) in (
        asked.resolve_asset_graph().get_all_asset_keys()
    )
