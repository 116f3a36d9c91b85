"""Each asset called directly, as a plain function of its inputs."""

import dagster as dg
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer

from lr_pipeline.core.logistic.penalties.ridge import Ridge
from lr_pipeline.models.provenance import ProvenanceError
from lr_pipeline.orchestration.assets import data, evaluation, models
from lr_pipeline.orchestration.config.evaluation_config import EvaluationConfig
from lr_pipeline.orchestration.config.training_config import (
    LbfgsConfig,
    NumpyTrainingConfig,
    TorchTrainingConfig,
)
from lr_pipeline.orchestration.resources.engine_resource import Engine
from lr_pipeline.orchestration.resources.table_resource import TableResource
from lr_pipeline.tables.sources.declared_tables import FileTable, SyntheticTable
from lr_pipeline.tables.split.split_table import SplitPolicy, split_table
from lr_pipeline.tables.table import Table

TABLE = TableResource.of(SyntheticTable())


@pytest.fixture(scope="module")
def table() -> Table:
    """Return three columns of a real table, whose classes overlap."""
    frame = load_breast_cancer(as_frame=True).frame
    return Table.from_pandas(frame[["mean radius", "mean texture", "target"]], target="target")


@pytest.fixture(scope="module")
def existence(table) -> dict[str, object]:
    """Return what the asset finds for that table."""
    return models.mle_existence(engine=Engine(), train_set=table).value


def test_dataset_reads_the_source() -> None:
    """The resource names the table."""
    result = data.dataset(dg.build_asset_context(), table=TABLE)
    assert result.value.num_rows == 100
    assert result.metadata["dagster/row_count"] == 100
    assert result.data_version.value == result.value.fingerprint


def test_the_parts_know_each_other() -> None:
    """Each part's provenance names the other part."""
    dataset = data.dataset(dg.build_asset_context(), table=TABLE).value
    train = data.train_set(table=TABLE, dataset=dataset).value
    test = data.test_set(table=TABLE, dataset=dataset).value
    assert test.provenance["split"]["counterpart"] == train.fingerprint
    assert (train.num_rows, test.num_rows) == (80, 20)


def test_the_split_follows_the_declared_policy(tmp_path) -> None:
    """The test set has half of the rows if the declaration says so."""
    pd.DataFrame({"x": range(8), "y": [0, 1] * 4}).to_csv(tmp_path / "t.csv", index=False)
    source = FileTable(tmp_path / "t.csv", "y", split=SplitPolicy(test_size=0.5))
    resource = TableResource.of(source)
    dataset = data.dataset(dg.build_asset_context(), table=resource).value
    assert data.test_set(table=resource, dataset=dataset).value.num_rows == 4


def test_feature_profile_describes_each_class(table) -> None:
    """Pandas computes the mean of one class."""
    profile = data.feature_profile(engine=Engine(), dataset=table).value
    frame = table.to_pandas()
    expected = frame.loc[frame["target"] == 1, "mean radius"].mean()
    assert profile["features"]["mean radius"]["positive"]["mean"] == pytest.approx(expected)


def test_existence_is_unique_where_the_classes_overlap(existence) -> None:
    """Two columns of the breast cancer table do not separate it."""
    assert existence["verdict"] == "unique"


def test_both_models_train(table, existence) -> None:
    """Other kernels and algorithms reach the same optimum."""
    first = models.numpy_model(
        config=NumpyTrainingConfig(), engine=Engine(), train_set=table, mle_existence=existence
    )
    second = models.torch_model(
        config=TorchTrainingConfig(), engine=Engine(), train_set=table, mle_existence=existence
    )
    assert (first.value.kernel, second.value.kernel) == ("numpy", "torch")
    assert first.metadata["status"] == second.metadata["status"] == "converged"
    assert first.value.intercept == pytest.approx(second.value.intercept, rel=1e-8)


def test_the_solver_is_the_configured_one(table, existence) -> None:
    """An option that does nothing would be a defect."""
    config = NumpyTrainingConfig(solver=LbfgsConfig(memory=5), penalty="l2", l2=2.0)
    model = models.numpy_model(
        config=config, engine=Engine(), train_set=table, mle_existence=existence
    ).value
    assert model.fit.solver == "lbfgs"
    assert model.fit.penalty == Ridge(2.0)


def test_the_engine_does_not_change_the_model(table, existence) -> None:
    """Rows are held in memory, or streamed in blocks of 50 rows."""
    in_memory, streamed = (
        models.numpy_model(
            config=NumpyTrainingConfig(), engine=engine, train_set=table, mle_existence=existence
        ).value
        for engine in (Engine(kind="memory"), Engine(kind="streaming", block_rows=50))
    )
    for name, value in in_memory.coefficients.items():
        assert streamed.coefficients[name] == pytest.approx(value, rel=1e-10)


def test_the_report_refuses_a_model_of_another_split(table) -> None:
    """A report never mixes splits."""
    train, test = split_table(table, SplitPolicy(seed=1))
    other, _ = split_table(table, SplitPolicy(seed=2))
    linear = models.linear_baseline(engine=Engine(), train_set=train).value
    assessed = models.mle_existence(engine=Engine(), train_set=other).value
    logistic = models.numpy_model(
        config=NumpyTrainingConfig(), engine=Engine(), train_set=other, mle_existence=assessed
    ).value
    with pytest.raises(ProvenanceError, match="numpy_model"):
        evaluation.evaluation_report(
            config=EvaluationConfig(),
            engine=Engine(),
            train_set=train,
            test_set=test,
            linear_baseline=linear,
            numpy_model=logistic,
            torch_model=logistic,
        )
