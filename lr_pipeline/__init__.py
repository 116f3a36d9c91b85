"""A Dagster pipeline from a table with a yes/no column to a logistic regression you can defend.

===================== =============================================================
``definitions``       the default code location: the tutorial's table
``pipeline``          ``build_definitions(table, …)``: a code location for any table
``command_line``      the command ``lr-pipeline``
``commands``          its ``new`` and ``predict``; ``table_options`` describe a table
``asset_names``       the key prefix that a file gets by itself
``new_location``      a table → a short Python file, and its entry in the ``workspace_file``
``progress``          what a run shows in the terminal; ``spoken_options`` are its remedies
``assets``            the asset graph: plain functions
``checks``            what must be true of each artifact
``trained_columns``   what differs from the columns of the last training
``jobs``              what is materialized together; ``schedules`` says when
``resources``         the table and the engine of a code location
``training_config``   how the models are trained
``metadata``          what the web UI shows of each value
``study_config``      what the studies try out; ``study_metadata`` shows what they found
``evaluation``        models and a test set → the evaluation report; ``evaluation_config`` its seed
``judging``           predictions of the test rows, and the metrics of all of them
``pass_progress``     how far a pass over a large table has come, in words
``remaining_descent`` how far a gradient descent still has to go
``scoring``           a model and new rows → probabilities; ``scoring_config`` which rows
``estimators``        regressions of arrays or a table, without a pipeline
``studies``           what the tutorial teaches, as numbers and pictures
``models``            trained models: prediction and JSON
``report``            metrics, figures and the HTML page
``storage``           immutable artifacts, the IO manager, the Dagster home
``engines``           how rows are visited: in memory, streamed, on a cluster; the torch kernel
``tables``            tables with column roles: sources, validation, split, preparation
``core``              the mathematics, on numpy and scipy alone
``format_version``    the number of each stored format, and what refuses a later one
``versions``          versions of the libraries that a result depends on
===================== =============================================================

>>> import lr_pipeline
>>> model = lr_pipeline.load("numpy_model")  # doctest: +SKIP
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lr_pipeline.estimators import assess_existence, fit_linear, fit_logistic, infer
    from lr_pipeline.pipeline import build_definitions
    from lr_pipeline.storage.catalogue import load

__all__ = ["assess_existence", "build_definitions", "fit_linear", "fit_logistic", "infer", "load"]

_HOMES = {
    "assess_existence": "lr_pipeline.estimators",
    "build_definitions": "lr_pipeline.pipeline",
    "fit_linear": "lr_pipeline.estimators",
    "fit_logistic": "lr_pipeline.estimators",
    "infer": "lr_pipeline.estimators",
    "load": "lr_pipeline.storage.catalogue",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that importing the package is cheap."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found  # so that it is looked for once
    return found
