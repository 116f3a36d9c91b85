"""The whole graph, materialized with real files on a real instance."""

import json
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import dagster as dg
import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import train_test_split

from lr_pipeline.core.logistic.penalties.log_f import LogF
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.models.train import Training
from lr_pipeline.orchestration.config import training_config
from lr_pipeline.orchestration.instance.io_manager import ArtifactIOManager
from lr_pipeline.orchestration.pipeline import build_definitions
from lr_pipeline.orchestration.table_names import TableNames
from lr_pipeline.tables.sources.declared_tables import FileTable, SyntheticTable, TableSource
from tests.homes import ready_home
from tests.orchestration.assets.code_versions import summed

SAMPLES = Path(__file__).parents[3] / "data" / "samples"
ASSETS = {
    "dataset",
    "train_set",
    "test_set",
    "feature_profile",
    "mle_existence",
    "linear_baseline",
    "numpy_model",
    "torch_model",
    "evaluation_report",
    "reference_profile",
    "champion",
}


def materialize(
    source: TableSource, root: Path, name: str | None = None, job: str = "training_job", **config
) -> dg.ExecuteInProcessResult:
    """Run a job with artifacts below ``root``."""
    definitions = build_definitions(
        source, name, resources={"io_manager": ArtifactIOManager(root=str(root))}
    )
    names = TableNames(name)
    ops = {names.named(model): {"config": value} for model, value in config.items()}
    run_config = {"ops": ops}
    with dg.DagsterInstance.from_config(str(ready_home(root / "home"))) as instance:
        return definitions.resolve_job_def(names.named(job)).execute_in_process(
            instance=instance, run_config=run_config, raise_on_error=False
        )


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory) -> dg.ExecuteInProcessResult:
    """Return a run of the tutorial's table with the default settings."""
    return materialize(SyntheticTable(), tmp_path_factory.mktemp("tutorial"))


@pytest.fixture(scope="module")
def breast_cancer(tmp_path_factory) -> dg.ExecuteInProcessResult:
    """Return a run of a real, completely separated table, under a key prefix."""
    source = FileTable(SAMPLES / "breast_cancer.csv", "malignant")
    with pytest.MonkeyPatch.context() as patch:  # 31 profiles take minutes with type checks
        patch.setattr(training_config, "Training", partial(Training, profile_limit=0.0))
        return materialize(source, tmp_path_factory.mktemp("breast_cancer"), "breast_cancer")


def metadata(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, object]:
    """Return the metadata that the UI shows for an asset."""
    (materialization,) = result.asset_materializations_for_node(asset)
    return {name: value.value for name, value in materialization.metadata.items()}


def checks(result: dg.ExecuteInProcessResult) -> dict[tuple[str, str], dg.AssetCheckEvaluation]:
    """Return evaluations by asset and check."""
    return {
        (check.asset_key.path[-1], check.check_name): check
        for check in result.get_asset_check_evaluations()
    }


def test_every_asset_of_the_tutorials_table_materializes(tutorial) -> None:
    """All assets materialize, and every check passes."""
    assert tutorial.success
    made = {
        event.asset_key.to_user_string() for event in tutorial.get_asset_materialization_events()
    }
    assert made == ASSETS
    assert all(check.passed for check in checks(tutorial).values())


def test_a_run_records_what_the_next_tick_compares(breast_cancer) -> None:
    """Right after a run there is nothing new to train on; with another setting there is."""
    stored = Path(str(metadata(breast_cancer, "breast_cancer__dataset")["path"]))
    home = next(one / "home" for one in stored.parents if (one / "home").is_dir())
    source = FileTable(SAMPLES / "breast_cancer.csv", "malignant")
    with dg.DagsterInstance.from_config(str(home)) as instance:
        for training, trains in (({}, False), ({"penalty": "firth"}, True)):
            defs = build_definitions(source, "breast_cancer", training=training)
            schedule = defs.resolve_schedule_def("breast_cancer__daily_training")
            repository = defs.get_repository_def()
            with dg.build_schedule_context(
                instance, repository_def=repository, scheduled_execution_time=datetime.now(UTC)
            ) as context:
                found = schedule.evaluate_tick(context)
            assert bool(found.run_requests) == trains
            assert bool(found.skip_message) != trains


def test_what_an_asset_computes_changes_only_with_its_code_version(tutorial, tmp_path) -> None:
    """Schedules train again when a code version is raised, and not before (see CONTRIBUTING.md)."""
    known = Path(__file__).with_name("code_versions.json")
    defs = build_definitions(SyntheticTable())
    found = {}
    for asset in sorted(ASSETS - {"champion"}):  # which is one of the models
        version = defs.resolve_assets_def(asset).get_asset_spec(dg.AssetKey(asset)).code_version
        found[asset] = {"code_version": version, "sum": summed(tutorial.output_for_node(asset))}
    new = tmp_path / known.name
    new.write_text(json.dumps(found, indent=2) + "\n")
    recorded = json.loads(known.read_text())
    assert {name: one["code_version"] for name, one in recorded.items()} == {
        name: one["code_version"] for name, one in found.items()
    }, f"a code version was raised: copy {new} to {known}"
    for asset, one in recorded.items():
        assert found[asset]["sum"] == pytest.approx(one["sum"], abs=1e-6), (
            f"{asset} computes other numbers: raise its code_version, then copy {new} to {known}"
        )


def test_the_split_has_the_tutorials_rows(tutorial) -> None:
    """The rows are those of scikit-learn's train_test_split(test_size=0.2, shuffle=True,
    random_state=123), in the table's order.
    """
    X, y = make_classification(n_features=10, random_state=SyntheticTable().random_state)
    train, test = train_test_split(np.arange(100), test_size=0.2, shuffle=True, random_state=123)
    for asset, rows in (("train_set", np.sort(train)), ("test_set", np.sort(test))):
        table = tutorial.output_for_node(asset)
        assert np.array_equal(table.to_pandas()[list(table.roles.features)], X[rows])
        assert np.array_equal(table.labels(), y[rows])


def test_both_models_reach_the_optimum_that_scikit_learn_approaches(tutorial) -> None:
    """The unpenalised log loss on the training set is not above scikit-learn's."""
    train = tutorial.output_for_node("train_set")
    X, y = train.to_pandas()[list(train.roles.features)].to_numpy(), train.labels()
    peer = LogisticRegression(C=np.inf, tol=1e-10, max_iter=10_000).fit(X, y)
    expected = log_loss(y, peer.predict_proba(X)[:, 1])
    for name in ("numpy_model", "torch_model"):
        model = tutorial.output_for_node(name)
        found = log_loss(y, model.predict_proba(train))
        assert found == pytest.approx(expected, rel=1e-6)
        assert not model.fit.unique  # make_classification's redundant columns
        assert len(model.fit.dependent_columns) == 2


def test_the_reports_numbers_equal_scikit_learns(tutorial) -> None:
    """The metrics are those of the numpy model on the test set."""
    test, model = tutorial.output_for_node("test_set"), tutorial.output_for_node("numpy_model")
    numbers = tutorial.output_for_node("evaluation_report").numbers["models"]["numpy_model"]
    probabilities = model.predict_proba(test)
    assert numbers["log_loss"] == pytest.approx(log_loss(test.labels(), probabilities), rel=1e-9)
    assert numbers["roc_auc"] == pytest.approx(roc_auc_score(test.labels(), probabilities))


def test_artifacts_are_files_that_the_metadata_name(tutorial) -> None:
    """Each asset's path exists; the report's JSON lies beside its page."""
    for asset in ASSETS:
        assert Path(metadata(tutorial, asset)["path"]).is_file()
    report = Path(metadata(tutorial, "evaluation_report")["path"])
    numbers = json.loads(report.with_suffix(".json").read_text())
    assert set(numbers["models"]) == {
        "prevalence_baseline",
        "linear_baseline",
        "numpy_model",
        "torch_model",
    }
    train = tutorial.output_for_node("train_set")
    assert numbers["train_fingerprint"] == train.fingerprint


def test_metadata_are_numbers_where_they_are_numbers(tutorial) -> None:
    """The web UI can then chart them from run to run."""
    model = metadata(tutorial, "numpy_model")
    for name in ("iterations", "gradient_norm", "loss", "standard_errors_from_optimum"):
        assert isinstance(model[name], int | float)
    assert "data:image/png;base64," in model["loss_curve"]
    assert metadata(tutorial, "dataset")["dagster/row_count"] == 100
    report = metadata(tutorial, "evaluation_report")
    assert isinstance(report["numpy_model/log_loss"], float)
    assert "data:image/png;base64," in report["roc_curves"]


def test_a_separated_table_is_named_and_fitted_by_log_f(breast_cancer) -> None:
    """A check warns; Firth's likelihood has several maxima; log-F has one, where models agree."""
    assert breast_cancer.success
    found = checks(breast_cancer)
    existence = found["mle_existence", "estimate_exists"]
    assert not existence.passed
    assert existence.severity is dg.AssetCheckSeverity.WARN
    assert "completely separated" in existence.description
    for name in ("numpy_model", "torch_model"):
        assert breast_cancer.output_for_node(f"breast_cancer__{name}").fit.penalty == LogF()
        assert found[name, "converged"].passed
    assert found["torch_model", "models_agree"].passed
    report = breast_cancer.output_for_node("breast_cancer__evaluation_report")
    assert "completely separated" in report.numbers["notices"][0]["text"]


def test_assets_carry_the_prefix_of_their_table(breast_cancer) -> None:
    """Several tables can be in one instance."""
    made = {e.asset_key.to_user_string() for e in breast_cancer.get_asset_materialization_events()}
    assert made == {f"breast_cancer/{asset}" for asset in ASSETS}


def test_what_cannot_be_split_stores_nothing(tmp_path) -> None:
    """One row is positive and one infinite; the dataset's step reports both."""
    path = tmp_path / "rare.csv"
    path.write_text("x,y\n" + "".join(f"{i * i % 7 or 'inf'},{int(i == 7)}\n" for i in range(30)))
    result = materialize(FileTable(path, "y"), tmp_path / "root", "rare")
    assert not result.success
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert failure.step_key == "rare__dataset"
    message = failure.step_failure_data.error.cause.message
    assert "feature 'x' has infinite values: 5 (first at row 1)" in message
    assert "a stratified split needs 2 rows of each class, found 1 positive" in message
    assert not (tmp_path / "root" / "rare").exists()


def test_a_separated_table_without_penalty_is_blocked_with_the_remedy(tmp_path) -> None:
    """Nothing is trained, and the check gives the reason."""
    source = FileTable(SAMPLES / "breast_cancer.csv", "malignant")
    result = materialize(source, tmp_path, numpy_model={"penalty": "none"})
    assert not result.success
    existence = checks(result)["mle_existence", "estimate_exists"]
    assert existence.severity is dg.AssetCheckSeverity.ERROR
    assert "Use penalty auto or firth" in existence.description
    assert result.asset_materializations_for_node("numpy_model") == []


@pytest.mark.slow
def test_the_tutorial_job_descends_as_the_tutorial_does(tmp_path) -> None:
    """With 5,000 epochs at 1e-3 from the same weights, both kernels take the same path."""
    result = materialize(SyntheticTable(), tmp_path, job="tutorial_job")
    assert result.success
    numpy_fit = result.output_for_node("numpy_model").fit
    torch_fit = result.output_for_node("torch_model").fit
    assert numpy_fit.solver == "gradient_descent"
    assert torch_fit.solver == "manual_gradient_descent"
    assert numpy_fit.iterations == torch_fit.iterations == 5_000
    assert [p.iteration for p in numpy_fit.trace] == list(range(0, 5_001, 100))
    for ours, theirs in zip(numpy_fit.trace, torch_fit.trace, strict=True):
        assert abs(ours.value - theirs.value) < 1e-12
    assert not checks(result)["numpy_model", "converged"].passed


@pytest.mark.slow
def test_the_tutorials_descent_ends_on_a_separated_table(tmp_path) -> None:
    """Both kernels then descend a penalised objective with the same steps."""
    descent = {"learning_rate": 1e-3, "iterations": 5_000, "record_every": 100}
    settings = {"solver": {"gradient_descent": descent}}
    source = FileTable(SAMPLES / "breast_cancer.csv", "malignant")
    both = {"numpy_model": settings, "torch_model": settings}
    result = materialize(source, tmp_path, "breast_cancer", **both)
    assert result.success
    fits = [result.output_for_node(f"breast_cancer__{name}").fit for name in both]
    assert {fit.penalty for fit in fits} == {LogF()}
    assert {fit.iterations for fit in fits} == {5_000}


def test_spector_on_all_rows_gives_greenes_coefficients(tmp_path) -> None:
    """Greene, Econometric Analysis, table 17.1 (logit): GPA 2.826, TUCE 0.0952, PSI 2.379."""
    from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
    from lr_pipeline.core.solvers import Newton
    from lr_pipeline.engines.design import prepare_rows
    from lr_pipeline.models.train import train_logistic

    table = FileTable(SAMPLES / "spector.csv", "GRADE").read()
    model = train_logistic(table, prepare_rows, NumpyKernel(), Training(Newton(), NoPenalty()))
    assert model.coefficients["GPA"] == pytest.approx(2.826, abs=5e-4)
    assert model.coefficients["TUCE"] == pytest.approx(0.0952, abs=5e-5)
    assert model.coefficients["PSI"] == pytest.approx(2.379, abs=5e-4)
    assert model.intercept == pytest.approx(-13.021, abs=5e-4)
