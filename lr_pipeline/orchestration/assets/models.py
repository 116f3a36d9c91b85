"""Assets of group ``models``: does the estimate exist, the linear baseline, two logistic fits."""

from typing import Any

import dagster as dg

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.engines.torch.torch_kernel import TorchKernel
from lr_pipeline.models.linear_model import LinearModel
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.models.train import assess_table, train_linear, train_logistic
from lr_pipeline.orchestration.assets.table_asset import Lesson, table_asset
from lr_pipeline.orchestration.config.training_config import (
    NumpyTrainingConfig,
    TorchTrainingConfig,
)
from lr_pipeline.orchestration.metadata.value_metadata import (
    existence_metadata,
    linear_metadata,
    logistic_metadata,
)
from lr_pipeline.orchestration.resources.engine_resource import RowsEngine
from lr_pipeline.tables.table import Table


@table_asset("models", Lesson("beyond"), {"scipy"})
def mle_existence(engine: RowsEngine, train_set: Table) -> dg.MaterializeResult[dict[str, Any]]:
    """Whether the maximum-likelihood estimate exists and is unique.

    A direction b with (2y − 1)(b₀ + xb) ≥ 0 on every row, and > 0 on some, raises the likelihood
    for ever: the classes are separated (Albert and Anderson 1984). A linear program finds it.
    """
    existence = assess_table(train_set, engine.prepared)
    return dg.MaterializeResult(
        value=existence, metadata=existence_metadata(existence) | engine.metadata()
    )


@table_asset("models", Lesson("multiple-regression", ("多元线性回归的参数估计",)), {"numpy"})
def linear_baseline(engine: RowsEngine, train_set: Table) -> dg.MaterializeResult[LinearModel]:
    """Closed-form least squares on the 0/1 label: the β that minimises Σ (y − β₀ − xβ)².

    β̂ = (XᵀX)⁻¹Xᵀy, X with a column of ones, solved without the inverse.
    """
    model = train_linear(train_set, engine.prepared)
    return dg.MaterializeResult(value=model, metadata=linear_metadata(model) | engine.metadata())


@table_asset("models", Lesson("gradient", ("梯度更新",)), {"numpy"})
def numpy_model(
    config: NumpyTrainingConfig,
    engine: RowsEngine,
    train_set: Table,
    mle_existence: dict[str, Any],
) -> dg.MaterializeResult[LogisticModel]:
    """Logistic regression, numpy kernel: the w that minimises Σ log(1 + exp(z)) − y z, z = w₀ + xw.

    The gradient is Σ (p − y) x̃ with p = σ(z) = 1 / (1 + exp(−z)).
    """
    model = train_logistic(
        train_set,
        engine.prepared,
        NumpyKernel(),
        config.training(),
        existence=mle_existence,
        prepare_fold=engine.prepare,
        aggregate=engine.aggregate,
    )
    return dg.MaterializeResult(value=model, metadata=logistic_metadata(model) | engine.metadata())


@table_asset("models", Lesson("torch", ("Pytorch实现逻辑回归",)), {"pytorch"})
def torch_model(
    config: TorchTrainingConfig,
    engine: RowsEngine,
    train_set: Table,
    mle_existence: dict[str, Any],
) -> dg.MaterializeResult[LogisticModel]:
    """The same model by other means: torch kernel, gradients by autograd, L-BFGS by default.

    loss = Σ log(1 + exp(z)) − y z, `loss.backward()`. Its agreement with `numpy_model` is evidence
    for both.
    """
    model = train_logistic(
        train_set,
        engine.prepared,
        TorchKernel(config.device, config.autograd),
        config.training(),
        existence=mle_existence,
        prepare_fold=engine.prepare,
        aggregate=engine.aggregate,
    )
    return dg.MaterializeResult(value=model, metadata=logistic_metadata(model) | engine.metadata())
