"""Functions of one table's resources and settings, made of functions for any table.

Dagster reads a function's parameters: a resource is found by the parameter's name, the defaults of
a configuration by its class. So a second table in a code location needs its own parameters.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import dagster as dg

from lr_pipeline.orchestration.table_names import TableNames

Function = Callable[..., Any]
Configs = Mapping[type[dg.Config], type[dg.Config]]


def of_table(function: Function, names: TableNames, configs: Configs | None = None) -> Function:
    """Return ``function`` with the table's own resources, and classes of configuration.

    ``configs``: the class in the function's signature → the one that stands in for it.
    """
    renamed = {names.resource(name): name for name in resource_parameters(function)}
    signature = inspect.signature(function)
    own = {original: key for key, original in renamed.items()}
    parameters = [
        one.replace(
            name=own.get(one.name, one.name),
            annotation=(configs or {}).get(one.annotation, one.annotation),
        )
        for one in signature.parameters.values()
    ]
    if parameters == list(signature.parameters.values()):
        return function

    def original_names(given: Mapping[str, Any]) -> dict[str, Any]:
        return {renamed.get(name, name): value for name, value in given.items()}

    def call(*arguments: Any, **given: Any) -> Any:
        return function(*arguments, **original_names(given))

    def iterate(*arguments: Any, **given: Any) -> Iterator[Any]:
        yield from function(*arguments, **original_names(given))

    made = iterate if inspect.isgeneratorfunction(function) else call
    made.__name__, made.__module__ = function.__name__, function.__module__
    vars(made)["__signature__"] = signature.replace(parameters=parameters)
    return made


def resource_parameters(function: Function) -> list[str]:
    """Return the names of the parameters that are resources."""
    return _parameters_of(function, dg.ConfigurableResource)


def config_parameters(function: Function) -> list[str]:
    """Return the names of the parameters that are settings: at most one, as Dagster has it."""
    resources = resource_parameters(function)
    return [name for name in _parameters_of(function, dg.Config) if name not in resources]


def input_parameters(function: Function) -> list[str]:
    """Return the names of the parameters that are values of other assets."""
    told = {"context", *_parameters_of(function, dg.ConfigurableResource, dg.Config)}
    return [name for name in inspect.signature(function).parameters if name not in told]


def _parameters_of(function: Function, *classes: type) -> list[str]:
    return [
        one.name
        for one in inspect.signature(function).parameters.values()
        if inspect.isclass(one.annotation) and issubclass(one.annotation, classes)
    ]
