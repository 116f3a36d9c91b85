"""Every check is seen passing and failing."""

from dataclasses import replace
from types import SimpleNamespace

import dagster as dg
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from lr_pipeline.core.columns.rank import ColumnAnalysis, analyse_columns
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.solvers import Newton, Status
from lr_pipeline.core.solvers.gradient_descent import GradientDescent
from lr_pipeline.core.solvers.lbfgs import Lbfgs
from lr_pipeline.engines.design import Prepare, PreparedRows, prepare_rows
from lr_pipeline.engines.opening import open_rows
from lr_pipeline.engines.torch.torch_kernel import TorchKernel
from lr_pipeline.evaluation.findings import BASELINE
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.models.provenance import ProvenanceError
from lr_pipeline.models.train import Training, assess_table, train_linear, train_logistic
from lr_pipeline.models.trained_model import TrainedModel
from lr_pipeline.orchestration import checks
from lr_pipeline.orchestration.asset_names import MODELS
from lr_pipeline.orchestration.resources.engine_resource import Engine
from lr_pipeline.orchestration.table_checks import build_checks
from lr_pipeline.orchestration.table_names import TableNames
from lr_pipeline.report.render import Report
from lr_pipeline.tables.preparation import preparation as preprocess
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.sources.declared_tables import SyntheticTable
from lr_pipeline.tables.split.split_table import SplitPolicy, split_table
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.validation.schema_change import contract_of
from lr_pipeline.tables.validation.validate import useful_features

SOURCE = SyntheticTable()


@pytest.fixture(scope="module")
def dataset() -> Table:
    """Return the tutorial's table."""
    return SOURCE.read()


@pytest.fixture(scope="module")
def parts(dataset) -> tuple[Table, Table]:
    """Return its split."""
    return split_table(dataset, SOURCE.split)


@pytest.fixture(scope="module")
def model(parts) -> LogisticModel:
    """Return a converged model."""
    return trained(parts[0], Newton())


def trained(table: Table, solver: object) -> LogisticModel:
    """Train with the numpy kernel."""
    return train_logistic(table, prepare_rows, NumpyKernel(), Training(solver))


def duplicated(table: Table, row: int) -> Table:
    """Return the table with one row twice."""
    return table.take(np.append(np.arange(table.num_rows), row))


def contract(table: Table, trained: Table | None = None, **tags: str) -> dg.AssetCheckResult:
    """Run the check, with or without a model that was trained on an earlier table."""
    metadata = {"contract": dg.MetadataValue.json(contract_of(trained))} if trained else {}
    train_set = dg.AssetKey(["churn", "train_set"])
    with dg.DagsterInstance.ephemeral() as instance:
        instance.report_runless_asset_event(dg.AssetMaterialization(train_set, metadata=metadata))
        context = SimpleNamespace(
            selected_asset_check_keys={
                dg.AssetCheckKey(dg.AssetKey(["churn", "dataset"]), "contract")
            },
            instance=instance,
            run=SimpleNamespace(tags=tags),
        )
        return checks.contract(context, table, Engine())


def declared(columns: dict[str, list[object]], **declaration: object) -> Table:
    """Return a sound table with these columns, as a source gives it."""
    table = Table.from_pandas(pd.DataFrame({"y": [0, 1, 0, 1], "x": [1.0, 2, 4, 3]} | columns), "y")
    return table.with_provenance({"declaration": declaration})


BEFORE = {"count": [1, 2, 4, 3], "ward": ["a", "b", "a", "b"]}


def test_contract_blocks_a_changed_schema_with_a_table_of_the_differences() -> None:
    """A missing, new or changed column is an error; the last training set decides."""
    changed = declared({"count": ["one", "two", "one", "two"], "dose": [0.5, 1.5, 1.0, 2.0]})
    result = contract(changed, declared(BEFORE))
    assert not result.passed
    assert result.severity is dg.AssetCheckSeverity.ERROR
    listed = "'count': number → text, 'dose': — → number, 'ward': text → —"
    assert f"the columns changed since the last training: {listed}. Correct" in result.description
    assert result.metadata["changed_columns"].value.splitlines()[2:] == [
        "| count | number | text |",
        "| dose | — | number |",
        "| ward | text | — |",
    ]
    accepted = contract(changed, declared(BEFORE), **{"lr_pipeline/accept_schema": "true"})
    assert accepted.passed


def test_contract_allows_what_is_no_change_of_the_source() -> None:
    """Another numeric type, split or declaration is allowed, and so is a first training."""
    table = declared({"count": [1.5, 2, 4, 3], "ward": ["a", "b", "a", "b"]}, split={"seed": 2})
    assert contract(table, declared(BEFORE, split={"seed": 1})).passed
    assert contract(declared({}, exclude=["count", "ward"]), declared(BEFORE)).passed
    assert contract(table).passed


def test_contract_warns_of_a_likely_leak_and_names_what_was_left_out() -> None:
    """A leak is a warning; columns left out are no problem, and named if the check passes."""
    y = np.arange(100) % 2
    frame = pd.DataFrame({"y": y, "x": np.random.default_rng(0).normal(size=100), "late": y * 2.0})
    result = contract(Table.from_pandas(frame, "y"))
    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "feature 'late' alone tells the classes apart" in result.description
    reason = {"column": "key", "type": "number", "reason": "feature 'key' counts the rows"}
    table = Table.from_pandas(frame.drop(columns="late"), "y").with_provenance(
        {"left_out": [reason]}
    )
    result = contract(table)
    assert result.passed
    assert result.description == "feature 'key' counts the rows: left out."
    assert (result.metadata["problems"].value, result.metadata["notes"].value) == (0, 1)


def test_contract_says_what_the_source_noticed_and_only_once() -> None:
    """A warning about a missing column fails; a note that the check repeats is given once."""
    frame = pd.DataFrame({"y": np.arange(120) % 2, "grade": np.arange(120) % 7})
    table = Table.from_pandas(frame, "y")
    note = "whole numbers of few values: 'grade' (7 values). Each has one slope, as counts and "
    note += "grades do. Name those that are codes in category=."
    found = contract(table)
    assert (found.passed, found.description) == (True, note)
    told = table.with_provenance({"notices": [{"severity": "note", "text": note}]})
    assert contract(told).description == note
    warned = table.with_provenance({"notices": [{"severity": "warning", "text": "look here."}]})
    result = contract(warned)
    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert (result.description, result.metadata["noted"].value) == ("look here.", note)


def test_contract_describes_what_failed_and_keeps_notes_apart() -> None:
    """Each sentence ends once; columns left out and notes that need no action are no failure."""
    rng = np.random.default_rng(6)
    columns = {"y": np.arange(600) % 2, "x": rng.normal(size=600), "grade": np.arange(600) % 7}
    keys = {"patient_id": np.arange(600) % 150 * 7919, "card_no": np.arange(600) // 3 * 7907}
    frame = pd.DataFrame(columns | keys | {"copy": columns["x"]})
    kept, left_out = useful_features(Table.from_pandas(frame, "y"))
    result = contract(kept.with_provenance(kept.provenance | {"left_out": left_out}))
    assert not result.passed
    assert result.metadata["problems"].value == 2
    first, second = result.description.split("if it is measured. ")
    assert first.startswith("column 'patient_id' looks like an identifier whose values repeat")
    assert second.startswith("column 'card_no' looks like an identifier whose values repeat")
    noted = result.metadata["noted"].value
    assert noted.startswith("whole numbers of few values: 'grade'")
    assert noted.endswith("in category=. feature 'copy' equals 'x' in every row: left out.")
    assert ".;" not in result.description + noted


def test_contract_of_very_many_columns_left_out_stays_short() -> None:
    """It gives twelve reasons, and how many more there are."""
    gone = [{"column": f"k{j}", "type": "number", "reason": f"feature 'k{j}'"} for j in range(900)]
    frame = pd.DataFrame({"y": np.arange(8) % 2, "x": [0.1, 0.7, 0.3, 0.9, 0.4, 0.2, 0.8, 0.6]})
    result = contract(Table.from_pandas(frame, "y").with_provenance({"left_out": gone}))
    assert result.description.endswith("feature 'k11': left out. 888 more columns: left out.")
    assert result.metadata["left_out"].value == 900


def test_contract_passes_a_sound_table(dataset) -> None:
    """The description says that there is no problem."""
    result = contract(dataset)
    assert result.passed
    assert result.metadata["problems"].value == 0


def test_contract_fails_on_an_infinite_feature_with_its_row() -> None:
    """An error blocks; its description names column and row."""
    frame = pd.DataFrame({"x": [1.0, np.inf, 3.0, 4.0], "y": [0, 1, 0, 1]})
    result = contract(Table.from_pandas(frame, target="y"))
    assert not result.passed
    assert result.severity is dg.AssetCheckSeverity.ERROR
    assert "'x'" in result.description
    assert "row 2" in result.description


def test_contract_warns_of_a_constant_column() -> None:
    """A warning does not block."""
    frame = pd.DataFrame({"x": [1.0, 2, 3, 4], "c": [7.0] * 4, "y": [0, 1, 0, 1]})
    result = contract(Table.from_pandas(frame, target="y"))
    assert not result.passed
    assert result.severity is dg.AssetCheckSeverity.WARN


def test_no_leakage_passes_a_split(dataset, parts) -> None:
    """Each row is in one part."""
    assert checks.no_leakage(*parts, dataset, Engine()).passed


def test_no_leakage_fails_on_one_row_in_both_parts(dataset, parts) -> None:
    """A training row was added to the test set."""
    train, test = parts
    smuggled = pd.concat([test.to_pandas(), train.to_pandas().iloc[[3]]])
    result = checks.no_leakage(
        train, Table.from_pandas(smuggled, target="y", positive=1), dataset, Engine()
    )
    assert not result.passed
    assert result.metadata["shared_rows"].value == 1


@pytest.fixture(scope="module")
def visits() -> Table:
    """Return visits of customers over time, with a number and a category, some missing."""
    rng = np.random.default_rng(6)
    frame = pd.DataFrame(
        {
            "dose": np.where(rng.random(120) < 0.1, np.nan, rng.normal(5, 2, 120)),
            "ward": rng.choice(["a", "b", "c"], 120),
            "visit": [f"v{k}" for k in range(120)],
            "customer": np.arange(120) % 30,
            "day": np.arange(120),
            "y": rng.integers(0, 2, 120),
        }
    )
    return Table.from_pandas(frame, "y", id="visit")


def split_of(table: Table, kind: str, **roles: str) -> tuple[Table, Table, Table]:
    """Return a dataset with other column roles, and its parts."""
    features = tuple(f for f in table.roles.features if f not in roles.values())
    dataset = replace(table, roles=replace(table.roles, features=features, **roles))
    return dataset, *split_table(dataset, SplitPolicy(kind=kind))


def with_rows(part: Table, frame: pd.DataFrame) -> Table:
    """Return the part with other rows, but of the same split."""
    data = pa.Table.from_pandas(frame, schema=part.schema, preserve_index=False)
    return replace(part, data=data, choices=())


ROLES = {"group": {"group": "customer"}, "time": {"time": "day"}}


@pytest.mark.parametrize("kind", ["random", "sticky", "group", "time"])
def test_no_leakage_passes_every_kind_of_split(visits, kind) -> None:
    """The description says that the test rows do not move the preparation."""
    dataset, train, test = split_of(visits, kind, **ROLES.get(kind, {}))
    result = checks.no_leakage(train, test, dataset, Engine())
    assert result.passed, result.description
    assert "preparation does not move with the test rows" in result.description


@pytest.mark.parametrize(
    ("kind", "changes", "count"),
    [
        ("random", {}, "shared_rows"),
        ("random", {"dose": 99.0}, "shared_ids"),
        ("group", {"visit": "new", "dose": 99.0}, "shared_groups"),
        ("time", {"visit": "new", "dose": 99.0}, "time_overlap"),
    ],
)
def test_one_injected_row_turns_no_leakage_red(visits, kind, changes, count) -> None:
    """A test row is added to the training part, as it is, or with other values and another id."""
    dataset, train, test = split_of(visits, kind, **ROLES.get(kind, {}))
    row = test.to_pandas().iloc[[-1]].assign(**changes)
    result = checks.no_leakage(
        with_rows(train, pd.concat([train.to_pandas(), row])), test, dataset, Engine()
    )
    assert not result.passed
    assert result.metadata[count].value == 1


def test_a_scaler_fitted_on_all_rows_turns_no_leakage_red(visits) -> None:
    """The scaled training rows are not rows of the dataset."""
    dataset, train, test = split_of(visits, "random")
    dose = dataset.to_pandas()["dose"]
    scaled = train.to_pandas().assign(dose=lambda df: (df["dose"] - dose.mean()) / dose.std())
    result = checks.no_leakage(with_rows(train, scaled), test, dataset, Engine())
    assert not result.passed
    assert result.metadata["added_rows"].value > 0


def test_an_encoding_fitted_on_all_rows_turns_no_leakage_red(visits, monkeypatch) -> None:
    """The training part is not what its preparation reads; the check names the features."""
    dataset, train, test = split_of(visits, "random")
    fit = preprocess.fit_encodings
    monkeypatch.setattr(
        preprocess, "fit_encodings", lambda t, *visit: fit(replace(t, choices=()), *visit)
    )
    result = checks.no_leakage(train, test, dataset, Engine())
    assert not result.passed
    assert result.description.endswith("preparation saw test rows: dose, ward, customer, day")
    assert result.metadata["moved_by_test_rows"].value == 4


MODEL_KINDS = ["linear_baseline", "numpy_model", "torch_model"]


def of_kind(kind: str, train: Table, prepare: Prepare = prepare_rows) -> TrainedModel:
    """Return the model that the asset of this name trains."""
    if kind == "linear_baseline":
        return train_linear(train, prepare)
    kernel = NumpyKernel() if kind == "numpy_model" else TorchKernel()
    return train_logistic(train, prepare, kernel, Training(Newton()))


@pytest.fixture(scope="module")
def large() -> tuple[Table, Table, Table]:
    """Return so many rows that fits start from a sample, and standardize by it."""
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"x": rng.normal(5, 2, 8000), "y": rng.integers(0, 2, 8000)})
    return split_of(Table.from_pandas(frame, "y"), "random")


@pytest.mark.parametrize("kind", MODEL_KINDS)
@pytest.mark.parametrize("rows", ["visits", "large"])
def test_a_model_of_the_training_rows_has_no_leakage(request, kind, rows) -> None:
    """Everything that was fitted is fitted again and is the same, also from a sample."""
    table = request.getfixturevalue(rows)
    _, train, _ = table if rows == "large" else split_of(table, "random")
    result = checks.fitted_to_training_rows(of_kind(kind, train), train, Engine())
    assert result.passed, result.description


@pytest.mark.parametrize("kind", MODEL_KINDS)
def test_a_model_prepared_by_all_rows_turns_no_leakage_red(visits, kind) -> None:
    """Medians and levels of the whole table are found, though the check shares the engine."""
    dataset, train, _ = split_of(visits, "random")
    leaky, engine = Preparation.fit(dataset), Engine()
    shared = engine._design.get(train, lambda table: PreparedRows(leaky, open_rows(table, leaky)))
    assert engine.prepared(train) is shared
    model = of_kind(kind, train, engine.prepared)
    result = checks.fitted_to_training_rows(model, train, engine)
    assert not result.passed
    assert "not fitted to the training rows alone: preparation of dose" in result.description


@pytest.mark.parametrize("kind", MODEL_KINDS[1:])
@pytest.mark.parametrize("rows", ["visits", "large"])
def test_a_model_scaled_by_all_rows_turns_no_leakage_red(request, monkeypatch, kind, rows) -> None:
    """Center and scale that the fit took from the whole table are found in the stored model."""
    table = request.getfixturevalue(rows)
    dataset, train, _ = table if rows == "large" else split_of(table, "random")
    whole = analyse_columns(open_rows(dataset, Preparation.fit(train)))

    def leaky(rows: object) -> ColumnAnalysis:
        return replace(analyse_columns(rows), mean=whole.mean, scale=whole.scale)

    with monkeypatch.context() as patch:
        patch.setattr("lr_pipeline.core.fitting.problem.analyse_columns", leaky)
        patch.setattr("lr_pipeline.core.acceleration.warm_start.analyse_columns", leaky)
        model = of_kind(kind, train)
    assert model.fit.status is Status.CONVERGED
    result = checks.fitted_to_training_rows(model, train, Engine())
    assert not result.passed
    columns = [f"scaler of {column}" for column in model.coefficients]
    assert result.description == f"not fitted to the training rows alone: {', '.join(columns)}"
    assert result.metadata["not_of_training_rows"].value == len(columns)


def test_a_model_of_another_training_set_is_not_checked(visits) -> None:
    """Its training rows are not known."""
    dataset, train, _ = split_of(visits, "random")
    model = of_kind("linear_baseline", dataset)
    with pytest.raises(ProvenanceError, match="the model was made from training set"):
        checks.fitted_to_training_rows(model, train, Engine())


def existence_check(existence: dict[str, object], penalty: str | None) -> dg.AssetCheckResult:
    """Run the check in a run whose configuration sets a penalty."""
    config = {"ops": {"numpy_model": {"config": {"penalty": penalty}}}} if penalty else {}

    class Run:
        run_config = config

    class Context:
        run = Run()

    return checks.estimate_exists(Context(), existence)


@pytest.fixture(scope="module")
def separated() -> dict[str, object]:
    """Return the existence of a separated table's estimate."""
    frame = pd.DataFrame({"x": [1.0, 2, 3, 4], "y": [0, 0, 1, 1]})
    return assess_table(Table.from_pandas(frame, target="y"), prepare_rows)


def test_estimate_exists_passes_where_the_classes_overlap(parts) -> None:
    """It passes with any penalty."""
    existence = assess_table(parts[0], prepare_rows)
    assert existence_check(existence, "none").passed


def test_estimate_exists_warns_while_firth_stands_in(separated) -> None:
    """With the default penalty the run continues."""
    result = existence_check(separated, None)
    assert not result.passed
    assert result.severity is dg.AssetCheckSeverity.WARN


def test_estimate_exists_does_not_pass_where_rounding_leaves_it_in_doubt() -> None:
    """The classes are 1e-12 apart, and the description says so."""
    x = [*range(-9, 0), -5e-13, 5e-13, *range(1, 10)]
    frame = pd.DataFrame({"x": x, "y": np.repeat([0, 1], 10)})
    existence = assess_table(Table.from_pandas(frame, target="y"), prepare_rows)
    result = existence_check(existence, None)
    assert not result.passed
    assert result.severity is dg.AssetCheckSeverity.WARN
    assert "by less than rounding" in result.description


def test_estimate_exists_blocks_without_penalty(separated) -> None:
    """The error names the model that was set to use none, and the remedy."""
    result = existence_check(separated, "none")
    assert not result.passed
    assert result.severity is dg.AssetCheckSeverity.ERROR
    assert "numpy_model: penalty none is refused. Use penalty auto" in result.description


def test_converged_passes_by_the_certificate(model) -> None:
    """The model is within a thousandth of a standard error."""
    result = checks.converged(model)
    assert result.passed
    assert result.metadata["standard_errors_from_optimum"].value <= 1e-3


def test_converged_fails_a_descent_that_was_stopped(parts) -> None:
    """The description has the remedy."""
    result = checks.converged(trained(parts[0], GradientDescent(1e-3, iterations=3)))
    assert not result.passed
    assert "raise the limit" in result.description


def test_converged_fails_a_claim_without_certificate(model) -> None:
    """A status alone is not enough."""
    certificate = replace(model.fit.certificate, standard_errors=0.1)
    assert not checks.converged(
        replace(model, fit=replace(model.fit, certificate=certificate))
    ).passed


def test_models_agree_passes_two_algorithms(model, parts) -> None:
    """The algorithms are Newton and L-BFGS."""
    assert checks.models_agree(trained(parts[0], Lbfgs()), model, parts[0], Engine()).passed


def test_models_agree_fails_where_a_model_has_not_converged(model, parts) -> None:
    """A stopped descent has no useful certificate, so agreement is not shown."""
    stopped = trained(parts[0], GradientDescent(1e-3, iterations=3))
    result = checks.models_agree(stopped, model, parts[0], Engine())
    assert not result.passed
    assert "no tolerance can be derived" in result.description


def test_models_agree_refuses_a_model_of_other_rows(model, dataset, parts) -> None:
    """Two models of different training sets are not compared."""
    with pytest.raises(ProvenanceError, match="numpy model"):
        checks.models_agree(trained(dataset, Lbfgs()), model, parts[0], Engine())


def report(log_loss: float | None, brier_score: float, verdict: str = "better") -> Report:
    """A report in which every model has these scores, and the baseline 0.69 and 0.25."""
    score = {"log_loss": log_loss, "brier_score": brier_score}
    baseline = {"log_loss": 0.69, "brier_score": 0.25}
    comparisons = [
        {"first": name, "second": BASELINE, "metric": metric, "verdict": verdict}
        | {"interval": {"withheld": "only 2 cases"}}
        for name in MODELS
        for metric in score
    ]
    models = dict.fromkeys(MODELS, score) | {BASELINE: baseline}
    return Report("", {"models": models, "comparisons": comparisons})


def test_better_than_prevalence_says_what_is_not_proven_as_the_verdict_does() -> None:
    """What may be chance, or cannot be told, is not proven; the models are named."""
    everyone, prevalence = ", ".join(MODELS), "predicting the prevalence for every row"
    for log_loss, verdict, passed, words in (
        (0.6, "better", True, f"significantly better than {prevalence}"),
        (0.6, "undecided", True, f"not proven to be better than {prevalence}: it may be chance"),
        (0.6, "withheld", True, f"not proven to be better than {prevalence}: only 2 cases"),
        (0.7, "withheld", False, f"not proven to be better than {prevalence}: only 2 cases"),
        (0.7, "undecided", False, f"no better than {prevalence}"),
    ):
        result = checks.better_than_prevalence(report(log_loss, 0.2, verdict))
        assert (result.passed, result.description) == (passed, f"{everyone}: {words}")


def test_better_than_prevalence_compares_the_log_loss() -> None:
    """The Brier score does not matter; the description names the models."""
    assert checks.better_than_prevalence(report(0.6, 0.3)).passed
    failed = checks.better_than_prevalence(report(0.69, 0.2))
    assert not failed.passed
    assert "numpy_model" in failed.description


def test_better_than_prevalence_takes_the_brier_score_where_there_is_no_log_loss() -> None:
    """The predictions of one model are not probabilities."""
    assert checks.better_than_prevalence(report(None, 0.2)).passed
    assert not checks.better_than_prevalence(report(None, 0.25)).passed


def test_blocking_checks_are_those_that_protect_what_follows() -> None:
    """They are contract, no_leakage and estimate_exists; the others only inform."""
    blocking = {
        (key.asset_key.to_user_string(), key.name): spec.blocking
        for check in build_checks(TableNames("t"))
        for key, spec in ((spec.key, spec) for spec in check.check_specs)
    }
    assert {name for name, blocks in blocking.items() if blocks} == {
        ("t/dataset", "contract"),
        ("t/train_set", "no_leakage"),
        *((f"t/{model}", "no_leakage") for model in MODEL_KINDS),
        ("t/mle_existence", "estimate_exists"),
    }
    assert len(blocking) == 11
