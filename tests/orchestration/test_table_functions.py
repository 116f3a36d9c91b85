"""Functions of one table's resources and settings."""

from collections.abc import Iterator
from inspect import isgeneratorfunction, signature

import dagster as dg

from lr_pipeline.orchestration.config.training_config import StrictConfig
from lr_pipeline.orchestration.resources.engine_resource import Engine, RowsEngine
from lr_pipeline.orchestration.table_functions import (
    input_parameters,
    of_table,
    resource_parameters,
)
from lr_pipeline.orchestration.table_names import NO_TABLE, TableNames


class Asked(StrictConfig):
    """A configuration."""

    number: int = 1


class AskedOfChurn(Asked):
    """The same with another default."""

    number: int = 2


def counted(context: dg.AssetExecutionContext, config: Asked, engine: RowsEngine, rows: int) -> int:
    """Return what it got."""
    return config.number * rows * (engine is not None)


def listed(config: Asked, engine: RowsEngine) -> Iterator[int]:
    """Yield what it got."""
    yield config.number * (engine is not None)


def test_the_parameters_are_told_apart() -> None:
    """What is neither context, configuration nor resource comes from another asset."""
    assert resource_parameters(counted) == ["engine"]
    assert input_parameters(counted) == ["rows"]


def test_a_table_without_a_name_needs_no_other_function() -> None:
    """The function itself is returned."""
    assert of_table(counted, NO_TABLE) is counted


def test_a_tables_function_has_its_resource_and_configuration() -> None:
    """Called with the table's names, it calls the function with its own."""
    own = of_table(counted, TableNames("churn"), {Asked: AskedOfChurn})
    parameters = signature(own).parameters
    assert list(parameters) == ["context", "config", "engine__churn", "rows"]
    assert parameters["config"].annotation is AskedOfChurn
    assert own(None, config=AskedOfChurn(), engine__churn=Engine(), rows=3) == 6
    assert own.__name__ == counted.__name__


def test_a_generator_stays_one() -> None:
    """Dagster takes its results one by one."""
    own = of_table(listed, TableNames("churn"))
    assert isgeneratorfunction(own)
    assert list(own(config=Asked(), engine__churn=Engine())) == [1]
