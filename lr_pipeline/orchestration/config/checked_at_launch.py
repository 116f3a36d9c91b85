"""Settings that are checked when a run is launched, and not only when its step starts.

Dagster's web server knows the type of each field, and marks a wrong one while it is typed. Bounds
are known to pydantic alone, which Dagster asks only in a step that has started. But before there is
a run, our code makes its plan, and calls the function that maps an operation's settings: the one
here checks them, and changes nothing.
"""

import inspect
from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster._config import EvaluateValueResult
from dagster._core.definitions.definition_config_schema import ConfiguredDefinitionConfigSchema
from pydantic import ValidationError

from lr_pipeline.orchestration.config.own_defaults import first_problem
from lr_pipeline.orchestration.table_functions import Function, config_parameters


class SettingsError(ValueError):
    """A run was given settings that are not allowed; the message names the operation and field."""


def check_at_launch(operation: dg.OpDefinition, function: Function) -> None:
    """Let the plan of a run refuse settings of the operation that ``function`` would refuse."""
    for name in config_parameters(function):
        kind = inspect.signature(function).parameters[name].annotation
        operation._config_schema = _CheckedSettings(operation, kind)


def checked_op(name: str, function: Function) -> dg.OpDefinition:
    """Return the operation of a function, whose settings are checked when a run is launched."""
    operation = dg.op(name=name)(function)
    check_at_launch(operation, function)
    return operation


class _CheckedSettings(ConfiguredDefinitionConfigSchema):
    def __init__(self, operation: dg.OpDefinition, kind: type[dg.Config]) -> None:
        super().__init__(operation, operation.config_schema, None)
        self._operation, self._kind = operation.name, kind

    def resolve_config(self, processed_config: Mapping[str, object]) -> EvaluateValueResult[Any]:
        """Return the settings as they are, if the class of the configuration takes them."""
        given = processed_config.get("config") or {}
        assert isinstance(given, Mapping)
        try:
            self._kind(**given)
        except ValidationError as error:
            where, said, found = first_problem(error)
            place = ".".join(map(str, (self._operation, "config", *where)))
            raise SettingsError(
                f"{place}: {said}, found {found!r}. Correct the run's configuration."
            ) from None
        return EvaluateValueResult.for_value(processed_config)
