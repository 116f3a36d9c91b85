"""Probability against likelihood (tutorial, "最大似然估计和损失函数")."""

from lr_pipeline.core.types import RowVector
from lr_pipeline.studies.study import Study


def likelihood_study(x: RowVector, y: RowVector, feature: str = "x", target: str = "y") -> Study:
    """Likelihood of a feature's values under a normal law, of 0/1 labels under Bernoulli's.

    ``numbers``: ``normal`` (mean, deviation, log_likelihood, grid), ``bernoulli`` (probability,
    log_likelihood, log_loss), ``underflow``.
    Pictures: ``probability_and_likelihood``, ``log_likelihood``, ``log_loss``, ``underflow``.
    """
    raise NotImplementedError
