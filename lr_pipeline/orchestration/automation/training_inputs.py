"""What a training is made of besides its rows: the table's declaration, settings, code, libraries.

The asset `dataset` records them with each run; a schedule compares them with those of its next run.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster._core.system_config.objects import ResolvedRunConfig

from lr_pipeline.core.listed_names import listed
from lr_pipeline.orchestration.metadata.source_names import source_identity
from lr_pipeline.orchestration.table_names import TableNames
from lr_pipeline.tables.errors import cut
from lr_pipeline.tables.sources.declared_tables import TableSource
from lr_pipeline.tables.sources.secrets import without_secrets
from lr_pipeline.versions import library_versions

# Part of the inputs → what a sentence calls its fields.
PARTS = {
    "table": "the table's {}",
    "settings": "the setting {}",
    "code": "the code of {}",
    "libraries": "the version of {}",
}
NOT_ARITHMETIC = {"dagster"}
NAMED = 4  # differences in a sentence

Inputs = dict[str, Any]


def inputs_of_run(source: TableSource) -> Inputs | None:
    """Return the inputs of the run whose step calls this; None outside a run.

    Some assets of the table may not be selected.
    """
    try:
        context = dg.AssetExecutionContext.get()
    except dg.DagsterInvariantViolationError:
        return None
    step, names = context.get_step_execution_context(), TableNames.of(context.asset_key)
    return _inputs(step.job_def, step.resolved_run_config, names, source)


def inputs_of_next_run(
    job: dg.JobDefinition,
    names: TableNames,
    source: TableSource,
    config: ResolvedRunConfig | None = None,
) -> Inputs:
    """Return the inputs of a run of ``job`` that is given this configuration, by default none."""
    return _inputs(job, config or ResolvedRunConfig.build(job, {}), names, source)


def input_changes(before: Inputs, now: Inputs) -> str | None:
    """Name what differs in the inputs of the next run; None if nothing does.

    A run that materialized more assets than the next one will is compared in these.
    """
    found = [
        words.format(name)
        for part, words in PARTS.items()
        for name in _differing(part, before.get(part, {}), now[part])
    ]
    return listed(map(cut, found), NAMED) if found else None


def _differing(part: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Yield the fields that differ; settings are those of an asset, field by field."""
    declared_only = part == "table"  # a field that is no longer declared is a change there alone
    for name in dict.fromkeys([*now, *(before if declared_only else ())]):
        was, is_now = before.get(name), now.get(name)
        if was == is_now:
            continue
        if part == "settings" and isinstance(was, Mapping) and isinstance(is_now, Mapping):
            yield from (f"{name}.{field}" for field in _unequal(was, is_now))
        else:
            yield name


def _unequal(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    return [name for name in dict.fromkeys([*one, *other]) if one.get(name) != other.get(name)]


def _inputs(
    job: dg.JobDefinition, config: ResolvedRunConfig, names: TableNames, source: TableSource
) -> Inputs:
    layer = job.asset_layer
    keys = sorted(key for key in layer.selected_asset_keys if key.path[:-1] == names.prefix)
    settings = {key.path[-1]: config.ops.get(names.named(key.path[-1])) for key in keys}
    declared = source.to_dict()
    if "path" in declared:
        declared["path"] = source_identity(str(declared["path"]))
    found: Inputs = without_secrets(
        {
            "table": declared,
            "settings": {name: one.config for name, one in settings.items() if one and one.config},
            "code": {key.path[-1]: layer.get(key).code_version for key in keys},
            "libraries": {k: v for k, v in library_versions().items() if k not in NOT_ARITHMETIC},
        }
    )
    return found
