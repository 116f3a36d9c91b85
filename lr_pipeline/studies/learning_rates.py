"""The grid search for a learning rate, on a table's own log loss (tutorial, "学习率的最佳取值")."""

from collections.abc import Sequence

from lr_pipeline.core.rows import Rows
from lr_pipeline.studies.study import Study


def learning_rate_study(
    rows: Rows,
    learning_rates: Sequence[float] = (),
    iterations: int = 1_000,
    standardize: bool = False,
) -> Study:
    """Descend the mean log loss from w = 0 with each rate, fixed and decaying.

    ``numbers["runs"]``: schedule, learning_rate, verdict, loss, excess, …; ``numbers["bounds"]``:
    guaranteed (2/L) and local (2/λ*); ``numbers["best"]``; ``numbers["advice"]``.
    Pictures: ``loss_curves``, ``final_loss``.
    """
    raise NotImplementedError
