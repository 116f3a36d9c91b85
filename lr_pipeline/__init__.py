"""A Dagster pipeline from a table with a yes/no column to a logistic regression you can defend.

What users import, each name loaded when it is first asked for:

====================================== ====================================================
``build_definitions(table, …)``        a Dagster code location for a table
``load("numpy_model")``                the latest value of an asset
``FileTable``, ``SqlTable``,           declared tables: a file, a query,
``SyntheticTable``                     the tutorial's two classes
``SplitPolicy``                        how a table is split into training and test rows
``Engine``, ``DaskEngine``             who goes over the rows: this process or a Dask cluster
``Table``                              rows with column roles; ``Table.from_pandas(df, target=…)``
``TableError``                         what is wrong with a table, all of it
``fit_logistic``, ``fit_linear``,      regressions of arrays or of a ``Table``,
``assess_existence``, ``infer``        without a pipeline
``evaluate(model, X, y)``              the report's numbers for any model's predictions
====================================== ====================================================

The rooms, each importing only itself and those below it:

================= =================================================================
``cli``           the command ``lr-pipeline``, one module a verb
``definitions``   the default code location: the tutorial's table
``orchestration`` all that knows Dagster: assets, checks, jobs, schedules, resources
``export``        a model as SQL, ONNX, PMML, Python or a scorecard, verified
``lifecycle``     the model in use, what may take its place; drift of new rows
``scoring``       new rows → probabilities; ``studies`` what the tutorial teaches
``estimators``    regressions without a pipeline
``storage``       immutable artifacts
``report``        the HTML page and its figures
``evaluation``    models meet a test set
``models``        a fit that knows its columns: prediction and JSON
``engines``       passes over rows: in memory, streamed, on a cluster; torch
``tables``        sources, validation, split, preparation
``core``          the mathematics, on numpy and scipy alone
``versions``      versions of libraries and of stored formats
================= =================================================================

>>> import lr_pipeline
>>> model = lr_pipeline.load("numpy_model")  # doctest: +SKIP
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lr_pipeline.estimators import assess_existence, fit_linear, fit_logistic, infer
    from lr_pipeline.orchestration.instance.catalogue import load
    from lr_pipeline.orchestration.pipeline import build_definitions
    from lr_pipeline.orchestration.resources.dask_resource import DaskEngine
    from lr_pipeline.orchestration.resources.engine_resource import Engine
    from lr_pipeline.report.array_evaluation import evaluate
    from lr_pipeline.tables.errors import TableError
    from lr_pipeline.tables.sources.declared_tables import FileTable, SqlTable, SyntheticTable
    from lr_pipeline.tables.split.split_policy import SplitPolicy
    from lr_pipeline.tables.table import Table

__all__ = [
    "DaskEngine",
    "Engine",
    "FileTable",
    "SplitPolicy",
    "SqlTable",
    "SyntheticTable",
    "Table",
    "TableError",
    "assess_existence",
    "build_definitions",
    "evaluate",
    "fit_linear",
    "fit_logistic",
    "infer",
    "load",
]


def deferred(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Return a package's ``__getattr__``, which imports a name when it is first asked for.

    ``homes``: name → the module that defines it. So importing the package stays cheap.
    """

    def find(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        import sys
        from importlib import import_module

        found = getattr(import_module(homes[name]), name)
        setattr(sys.modules[package], name, found)  # so that it is looked for once
        return found

    return find


__getattr__ = deferred(
    __name__,
    {
        "DaskEngine": "lr_pipeline.orchestration.resources.dask_resource",
        "Engine": "lr_pipeline.orchestration.resources.engine_resource",
        "FileTable": "lr_pipeline.tables.sources.declared_tables",
        "SplitPolicy": "lr_pipeline.tables.split.split_policy",
        "SqlTable": "lr_pipeline.tables.sources.declared_tables",
        "SyntheticTable": "lr_pipeline.tables.sources.declared_tables",
        "Table": "lr_pipeline.tables.table",
        "TableError": "lr_pipeline.tables.errors",
        "assess_existence": "lr_pipeline.estimators",
        "build_definitions": "lr_pipeline.orchestration.pipeline",
        "evaluate": "lr_pipeline.report.array_evaluation",
        "fit_linear": "lr_pipeline.estimators",
        "fit_logistic": "lr_pipeline.estimators",
        "infer": "lr_pipeline.estimators",
        "load": "lr_pipeline.orchestration.instance.catalogue",
    },
)
