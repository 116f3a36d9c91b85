"""Classes of configuration with the defaults of one table, which the Launchpad then shows."""

from collections.abc import Mapping
from copy import copy
from typing import Any, TypeVar

import dagster as dg
from pydantic import ValidationError, create_model

Kind = TypeVar("Kind", bound=dg.Config)


def validated(kind: type[Kind], values: Mapping[str, Any]) -> Kind:
    """Return a configuration that has ``values``, written as in a run's configuration.

    Where a field has several kinds, Dagster names the kind first: ``{l2: {strength: 1}}``.

    Raises
    ------
    ValueError
        A field is unknown, or a value is not allowed.
    """
    for name, value in values.items():
        field = kind.model_fields.get(name)
        if field and field.discriminator and not _is_choice(value):
            raise ValueError(
                f"{name}: expected one kind and its settings below it, as in a run's "
                f"configuration, found {value!r}"
            )
    return kind(**values)


def first_problem(error: ValidationError) -> tuple[tuple[int | str, ...], str, Any]:
    """Return where pydantic found the first problem, what it says, and the value it found."""
    first = error.errors(include_url=False)[0]
    return first["loc"], first["msg"].removeprefix("Value error, ").rstrip("."), first["input"]


def own_defaults(kind: type[Kind], values: Mapping[str, Any]) -> type[Kind]:
    """Return a class like ``kind`` whose defaults are ``values``; ``kind`` if they are its own.

    Raises
    ------
    ValueError
        See ``validated``.
    """
    settings, usual = validated(kind, values), kind()
    fields: dict[str, Any] = {}
    for name in values:
        default = getattr(settings, name)
        if default != getattr(usual, name):
            field = copy(kind.model_fields[name])
            field.default = default
            fields[name] = (field.annotation, field)
    if not fields:
        return kind
    return create_model(kind.__name__, __base__=kind, __module__=kind.__module__, **fields)


def _is_choice(value: object) -> bool:
    return (
        isinstance(value, Mapping)
        and len(value) == 1
        and all(isinstance(settings, Mapping) for settings in value.values())
    )
