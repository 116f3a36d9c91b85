"""Rulings that a person makes: to put a version in use, or to return to an earlier champion."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import dagster as dg

from lr_pipeline.lifecycle.history import earlier_champions
from lr_pipeline.lifecycle.model_in_use import Action, Champion, Record, Ruling
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.models.model_version import version_of
from lr_pipeline.orchestration.asset_names import LOGISTIC_MODELS, REPORT
from lr_pipeline.orchestration.instance.catalogue import (
    latest_materialization,
    load_recorded,
    materialization_of_run,
    materialization_of_version,
    recorded,
    root_of_artifacts,
)
from lr_pipeline.orchestration.instance.check_results import refusals
from lr_pipeline.orchestration.instance.io_manager import artifact_metadata
from lr_pipeline.orchestration.instance.rulings import (
    champion_key,
    one_ruling_at_a_time,
    records_of,
    rulings,
    user_name,
)
from lr_pipeline.orchestration.metadata.champion_metadata import champion_metadata
from lr_pipeline.scoring.predictions import ScoringError
from lr_pipeline.storage.artifacts import version_name, write_artifact

if TYPE_CHECKING:
    from upath import UPath

LATEST = "latest"
LogEvent = Callable[[dg.AssetMaterialization], None]


@dataclass(frozen=True)
class _Choice:
    """A model to be put in use, with its asset, run, report's path and artifacts' root."""

    model: LogisticModel
    asset: str | None
    run: str | None
    report: str | None
    root: "Path | UPath"


def promote(
    instance: dg.DagsterInstance, prefix: list[str], version: str, because: str
) -> Champion:
    """Put a version of the table's logistic models in use; ``latest``: the newest `numpy_model`.

    Raises
    ------
    ScoringError
        There is no such version, or it failed a blocking check or did not converge.
    """
    model, key, entry = _model_named(instance, prefix, version)
    failed = list(refusals(instance, key, entry.run_id))
    if not model.converged:
        failed.append(f"it did not converge: {model.convergence}")
    if failed:
        raise ScoringError(
            f"{version_of(model)} is not promoted: {'; '.join(failed)}. Train it again."
        )
    report = materialization_of_run(instance, dg.AssetKey([*prefix, REPORT]), entry.run_id)
    choice = _Choice(
        model,
        key.to_user_string(),
        entry.run_id,
        None if report is None else recorded(report, "path"),
        root_of_artifacts(key, entry),
    )
    champion, log_event = champion_key(prefix), instance.report_runless_asset_event
    with one_ruling_at_a_time(instance, champion):
        return _rule(instance, champion, choice, "promoted by hand", because, log_event)


def roll_back(
    instance: dg.DagsterInstance,
    prefix: list[str],
    to: str | None,
    because: str,
    log_event: LogEvent | None = None,
) -> Champion:
    """Return to the champion ``to``, else to the one before the present one.

    ``log_event`` records the materialization, by default one that belongs to no run.

    Raises
    ------
    ScoringError
        There is no such earlier champion; the message lists those that there are.
    """
    key = champion_key(prefix)
    with one_ruling_at_a_time(instance, key):
        entries = rulings(instance, key)
        records = records_of(entries)
        earlier = earlier_champions(records)
        chosen = [one for one in earlier if to is None or (one.version or "").startswith(to)]
        if not chosen:
            known = ", ".join(f"{one.version} (since {one.since})" for one in earlier) or "none"
            wanted = "one before the present one" if to is None else f"version {to}"
            raise ScoringError(
                f"{key.to_user_string()}: expected {wanted} among the earlier champions, found "
                f"{known}. Return to one of those, or promote a version of a model."
            )
        record = chosen[-1]
        entry = entries[records.index(record)]
        choice = _Choice(
            load_recorded(key, entry).model,
            record.asset,
            record.run,
            record.ruling.report,
            root_of_artifacts(key, entry),
        )
        log_event = log_event or instance.report_runless_asset_event
        return _rule(instance, key, choice, "rolled back", because, log_event)


def _model_named(
    instance: dg.DagsterInstance, prefix: list[str], version: str
) -> tuple[LogisticModel, dg.AssetKey, dg.EventLogEntry]:
    """Return a version of a logistic model, its asset and its materialization."""
    keys = [dg.AssetKey([*prefix, name]) for name in LOGISTIC_MODELS]
    for key in keys:
        if version == LATEST:
            entry = latest_materialization(instance, key)
        else:
            entry = materialization_of_version(instance, key, version) if version else None
        if entry is not None:
            return load_recorded(key, entry), key, entry
    names = " or ".join(key.to_user_string() for key in keys)
    raise ScoringError(
        f"expected version {version or repr(version)} of {names}, found none. "
        "Reports and `predict` name a model's version; 'latest' is the newest."
    )


def _rule(
    instance: dg.DagsterInstance,
    key: dg.AssetKey,
    choice: _Choice,
    action: Action,
    because: str,
    log_event: LogEvent,
) -> Champion:
    """Store the ruling about the champion ``key`` and record it; the caller holds the lock."""
    version, when = version_of(choice.model), datetime.now(UTC).isoformat(timespec="seconds")
    history = records_of(rulings(instance, key))
    replaced = history[-1].version if history else None
    ruling = Ruling(
        action, user_name(), when, because, time.time(), version, replaced, choice.report
    )
    since = when if version != replaced else history[-1].since
    champion = Champion(Record(version, ruling, choice.asset, choice.run, since), choice.model)
    artifact = write_artifact(choice.root, key.path, version_name(uuid4().hex), champion.stored)
    metadata = champion_metadata(champion.record) | artifact_metadata(artifact)
    log_event(
        dg.AssetMaterialization(key, metadata=metadata, tags={"dagster/data_version": version})
    )
    return champion
