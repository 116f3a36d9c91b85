"""Assets of group ``study``: the tutorial's topics, computed and drawn, with settings to change."""

import dagster as dg

from lr_pipeline.orchestration.assets.table_asset import Lesson, table_asset
from lr_pipeline.orchestration.config.study_config import (
    DescentStudyConfig,
    LearningRateStudyConfig,
    LikelihoodStudyConfig,
    RegressionStudyConfig,
)
from lr_pipeline.orchestration.metadata.study_metadata import (
    descent_metadata,
    learning_rate_metadata,
    likelihood_metadata,
    regression_metadata,
)
from lr_pipeline.studies import descent, learning_rates, likelihood, regression
from lr_pipeline.studies.sample import sample_table
from lr_pipeline.studies.study import Study
from lr_pipeline.tables.table import Table

KINDS = {"numpy", "matplotlib"}


@table_asset("study", Lesson("rates", ("梯度下降法的模拟与可视化",)), KINDS)
def gradient_descent_study(config: DescentStudyConfig) -> dg.MaterializeResult[Study]:
    """Gradient descent on f(θ) = (θ − 2.5)² − 1: θ ← θ − η · 2(θ − 2.5), one path an η.

    Each step multiplies the distance to the minimum by 1 − 2η, so it converges if |1 − 2η| < 1. Try
    your own `learning_rates` in the Launchpad.
    """
    study = descent.gradient_descent_study(
        config.learning_rates,
        config.iterations,
        config.tolerance or descent.TOLERANCE,
        config.diverging_steps,
    )
    return dg.MaterializeResult(value=study, metadata=descent_metadata(study))


@table_asset("study", Lesson("best-rate", ("学习率的最佳取值",)), KINDS)
def learning_rate_study(
    config: LearningRateStudyConfig, train_set: Table
) -> dg.MaterializeResult[Study]:
    """The grid search for η on the mean log loss: fixed and decaying rates from w = 0.

    Below 2/L, L = λ_max(X̃ᵀX̃)/4m, the loss falls at every step. Below 2/λ* the minimum attracts,
    λ* the Hessian's largest eigenvalue there.
    """
    study = learning_rates.learning_rate_study(
        sample_table(train_set, config.max_rows).rows(),
        config.learning_rates,
        config.iterations,
        config.standardize,
    )
    return dg.MaterializeResult(value=study, metadata=learning_rate_metadata(study))


@table_asset("study", Lesson("likelihood", ("最大似然估计和损失函数",)), KINDS)
def likelihood_study(
    config: LikelihoodStudyConfig, train_set: Table
) -> dg.MaterializeResult[Study]:
    """Probability against likelihood: ℓ(μ, σ) = Σ log f(xᵢ; μ, σ) of a feature, and Bernoulli's
    Σ y log p + (1 − y) log(1 − p) of the labels, whose negative mean is the log loss.

    The product that the logarithm replaces underflows.
    """
    sample = sample_table(train_set, config.max_rows)
    feature = config.feature or sample.columns[0]
    study = likelihood.likelihood_study(
        sample.column(feature),
        sample.block.y,
        feature,
        train_set.roles.target,
        config.deviations,
    )
    return dg.MaterializeResult(value=study, metadata=likelihood_metadata(study))


@table_asset("study", Lesson("linear", ("线性回归", "逻辑回归")), KINDS)
def regression_study(
    config: RegressionStudyConfig, train_set: Table
) -> dg.MaterializeResult[Study]:
    """Least squares by formula: β̂₁ = Σ(x − x̄)(y − ȳ) / Σ(x − x̄)², β̂₀ = ȳ − β̂₁x̄, and
    β̂ = (XᵀX)⁻¹Xᵀy against the project's own solution.

    Then the sigmoid, which turns the line into a probability.
    """
    sample = sample_table(train_set, config.max_rows)
    study = regression.regression_study(sample.block, sample.columns, config.feature)
    return dg.MaterializeResult(value=study, metadata=regression_metadata(study))
