"""A table's plan as plain fields that a person can read: from a plan, and back, checked."""

from collections.abc import Mapping
from functools import cache
from os.path import normpath
from pathlib import Path
from typing import Any, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError

from lr_pipeline.orchestration.automation.monthly_history import without_time
from lr_pipeline.orchestration.automation.sensors import unwatchable
from lr_pipeline.orchestration.config.acknowledged_config import acknowledged_warnings
from lr_pipeline.orchestration.config.automation_config import AutomationConfig
from lr_pipeline.orchestration.config.champion_config import ChampionConfig
from lr_pipeline.orchestration.config.evaluation_config import EvaluationConfig
from lr_pipeline.orchestration.config.own_defaults import first_problem, validated
from lr_pipeline.orchestration.config.scoring_config import ScoreConfig
from lr_pipeline.orchestration.config.strict_config import StrictConfig
from lr_pipeline.orchestration.config.training_config import TrainingConfig
from lr_pipeline.orchestration.resources.named_engine import EngineName
from lr_pipeline.orchestration.table_checks import require_checks
from lr_pipeline.orchestration.table_plan import TablePlan
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.roles import quoted
from lr_pipeline.tables.sources.declared_places import is_variable
from lr_pipeline.tables.sources.declared_tables import SOURCES, source_from_dict
from lr_pipeline.tables.sources.secrets import without_secrets
from lr_pipeline.tables.split.split_policy import SplitPolicy

FIRST = ("kind", "path", "url", "query", "target")  # what a reader looks for
SETTINGS: dict[str, type[StrictConfig]] = {
    "training": TrainingConfig,
    "evaluation": EvaluationConfig,
    "champion": ChampionConfig,
    "scoring": ScoreConfig,
    "automation": AutomationConfig,
}
OPTIONS: dict[str, Any] = {"engine": EngineName, "scheduler": str, "score_path": str}
ACKNOWLEDGED = "acknowledged"
FIELDS = ("table", *SETTINGS, ACKNOWLEDGED, *OPTIONS)


class PlanError(ValueError):
    """A plan cannot be written or read; the message has the remedy."""


def plan_fields(plan: TablePlan) -> dict[str, Any]:
    """Return the plan as plain values, without fields that are empty; local paths are absolute.

    Raises
    ------
    PlanError
        An address holds a password or a token, which would stand in the open.
    """
    declared = plan.source.to_dict()
    ordered = {name: declared[name] for name in FIRST if name in declared} | declared
    table = {name: v for name, v in ordered.items() if v is not None and v != []}
    if "path" in table and "://" not in table["path"] and not is_variable(table["path"]):
        table["path"] = _absolute(table["path"])
    settings = {name: dict(getattr(plan, name)) for name in (*SETTINGS, ACKNOWLEDGED)}
    fields = {"table": table, **settings, **{name: getattr(plan, name) for name in OPTIONS}}
    fields = {name: v for name, v in fields.items() if v is not None and v != {}}
    if without_secrets(fields) != fields:
        raise PlanError(
            "its address holds a password or token, which is not written into a file. Put the "
            "address into an environment variable and name that, as env:ITS_NAME, or keep the "
            "secret where fsspec or the database's driver looks for it."
        )
    return fields


def _absolute(path: str) -> str:
    """Return the path from the root, without ``..`` where that leads to the same place."""
    absolute, short = Path(path).absolute(), Path(normpath(Path(path).absolute()))
    return str(short if short.resolve() == absolute.resolve() else absolute)


def plan_of_fields(name: str, fields: Mapping[Any, Any]) -> TablePlan:
    """Return the plan that the fields describe.

    Raises
    ------
    PlanError
        A field is missing, unknown, or of another type than expected.
    """
    if unknown := [one for one in fields if one not in FIELDS]:
        raise PlanError(
            f"has an unknown field {unknown[0]!r}. The fields are {quoted(FIELDS)}: correct it."
        )
    declared = _mapping("table", fields.get("table"))
    kind = SOURCES.get(str(declared.get("kind")))
    if kind is not None:
        _require_types(kind, declared)
    try:
        source = source_from_dict(declared)
    except TableError as error:
        raise PlanError(str(error)) from None
    given: dict[str, Any] = {one: settings_in(fields, one) for one in (*SETTINGS, ACKNOWLEDGED)}
    for setting, problem in (("watch", unwatchable), ("monthly_from", without_time)):
        if given["automation"].get(setting) and (reason := problem(source)):
            raise PlanError(f"automation: {reason}")
    for one, hint in OPTIONS.items():
        if fields.get(one) is not None:
            _require_type(one, hint, fields[one])
            given[one] = fields[one]
    return TablePlan(source, name, **given)


def settings_in(fields: Mapping[Any, Any], name: str) -> dict[str, Any]:
    """Return the settings of that name, one of ``FIELDS``; {} if there are none.

    Raises
    ------
    PlanError
        A setting is unknown, or not allowed.
    """
    settings = _mapping(name, fields.get(name, {}))
    try:
        if name == ACKNOWLEDGED:
            require_checks(acknowledged_warnings(settings))
        else:
            validated(SETTINGS[name], settings)
    except ValidationError as error:
        raise PlanError(f"{name}: {_first_problem(error)}. Correct it.") from None
    except (TypeError, ValueError) as error:
        raise PlanError(f"{name}: {error}. Correct it.") from None
    return settings


def _mapping(field: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
        raise PlanError(f"expected fields below {field}:, found {value!r}. Run the table again.")
    return value


def _require_types(kind: type, values: Mapping[str, Any]) -> None:
    """Check the fields that a declaration has; ``source_from_dict`` finds those that it lacks."""
    hints = get_type_hints(kind)
    for name, value in values.items():
        if name == "split":
            _require_types(SplitPolicy, _mapping("split", value))
        elif name in hints and name != "kind":
            _require_type(name, hints[name], value)
    if kind is SplitPolicy and values.get("kind") is not None:
        _require_type("kind", str, values["kind"])


def _require_type(name: str, hint: Any, value: object) -> None:
    listed = any("Sequence" in str(one) for one in (hint, *get_args(hint)))
    try:
        _adapter(hint).validate_python([value] if listed and isinstance(value, str) else value)
    except ValidationError as error:
        raise PlanError(
            f"field {name}: {_first_problem(error)}, found {value!r}. Correct it; a word that YAML "
            "takes for something else needs quotes."
        ) from None


@cache
def _adapter(hint: Any) -> TypeAdapter[Any]:
    return TypeAdapter(hint)


def _first_problem(error: ValidationError) -> str:
    """Return where pydantic found the first problem, and what it says."""
    where, said, _ = first_problem(error)
    fields = [part for part in where if isinstance(part, str)]
    named = fields and all(part.isidentifier() for part in fields)  # else a part is a type
    return f"{'.'.join(fields)}: {said}" if named else said
