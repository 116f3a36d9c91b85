"""Settings that are checked when a run is launched, and not first when its step starts.

Dagster's web server knows the type of each field, and tells of a wrong one while it is typed. The
bounds are pydantic's, which Dagster asks in a step that has started. But the plan of a run is made
by our code, before there is a run, and then calls the function that maps an operation's settings:
the one here looks at them, and changes nothing.
"""

import inspect
from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster._config import EvaluateValueResult
from dagster._core.definitions.definition_config_schema import ConfiguredDefinitionConfigSchema
from pydantic import ValidationError

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
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in (self._operation, "config", *first["loc"]))
            said = first["msg"].removeprefix("Value error, ").rstrip(".")
            raise SettingsError(
                f"{place}: {said}, found {first['input']!r}. Correct the run's configuration."
            ) from None
        return EvaluateValueResult.for_value(processed_config)
