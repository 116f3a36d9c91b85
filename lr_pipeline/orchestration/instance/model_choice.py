"""Choose the model that scores: the champion of a table, a model by name, or one in a file."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lr_pipeline.lifecycle.model_in_use import Champion
from lr_pipeline.models import model_from_json
from lr_pipeline.models.document import ModelDocumentError
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.models.model_version import version_of
from lr_pipeline.models.recorded_model import RecordedModel
from lr_pipeline.orchestration.asset_names import CHALLENGER, CHAMPION, LOGISTIC_MODELS, MODELS
from lr_pipeline.orchestration.instance.catalogue import (
    latest_materialization,
    load,
    load_recorded,
    materialization_of_version,
)
from lr_pipeline.orchestration.instance.check_results import failed_in_run, refusals
from lr_pipeline.orchestration.instance.home import opened_home
from lr_pipeline.orchestration.instance.rulings import current_champion
from lr_pipeline.scoring import predictions
from lr_pipeline.scoring.predictions import ScoringError
from lr_pipeline.tables.files.refusals import os_reason, special_kind
from lr_pipeline.versions import FormatVersionError

if TYPE_CHECKING:
    from dagster import AssetKey, DagsterInstance

MODEL_FILE = "model.json"
A_FILE = "a model's file"
FAILED = "; checks failed"


@dataclass(frozen=True)
class ChosenModel:
    """A model that scores; ``status`` says in each row whether it is the champion.

    ``failed_checks``: all that failed in the run that trained it.
    """

    model: LogisticModel
    status: str
    failed_checks: tuple[str, ...] = ()


def find_model(name: str, home: str | Path | None = None, anyway: bool = False) -> ChosenModel:
    """Return the champion of the table ``name``, the latest version of an asset, or a file's model.

    ``titanic`` stands for ``titanic/champion``; ``titanic/numpy_model`` and a file name another
    model. ``anyway``: take the latest model where a table has no champion, and a model whose checks
    failed.

    Raises
    ------
    ScoringError
        There is no champion, or the model's checks failed, and ``anyway`` was not given; the file
        holds no logistic regression, or a later version of this package wrote it.
    ArtifactError
        There is no such asset in ``home``, or its file has changed.
    """
    path = Path(name)
    if is_model_file(name):
        model = read_model(path / MODEL_FILE if path.is_dir() else path)
        return ChosenModel(_require_logistic(name, model), A_FILE)
    from dagster import AssetKey

    asset = model_asset(name)
    value, key = load(asset, home), AssetKey(asset.split("/"))  # its errors say what there is
    with opened_home(home) as instance:
        if isinstance(value, RecordedModel):
            return choose_champion(instance, key, Champion.of(value), anyway)
        return _chosen(instance, key, _require_logistic(asset, value), anyway)


def choose_champion(
    instance: "DagsterInstance", key: "AssetKey", champion: Champion, anyway: bool
) -> ChosenModel:
    """Return the champion's model; with ``anyway`` the table's latest one where there is none.

    ``key`` is that of the champion's asset.

    Raises
    ------
    ScoringError
        As ``find_model``.
    """
    from dagster import AssetKey

    prefix = key.path[:-1]
    model_key = AssetKey([*prefix, CHALLENGER])
    if champion.model is not None:
        asset = (champion.record.asset or CHALLENGER).split("/")
        return _chosen(instance, AssetKey(asset), champion.model, anyway, champion.record.run, True)
    latest = latest_materialization(instance, model_key)
    if anyway and latest is not None:
        return _chosen(instance, model_key, load_recorded(model_key, latest), anyway)
    table = "/".join(prefix)
    raise ScoringError(
        f"{table or 'the table'} has no champion: {champion.record.ruling.why}. Put a model in use "
        f"with `lr-pipeline champion {table + ' ' if table else ''}--promote latest --because …`, "
        f"or take the latest model: {model_key.to_user_string()}, or --anyway (anyway: true in the "
        "Launchpad)."
    )


def _chosen(
    instance: "DagsterInstance",
    key: "AssetKey",
    model: LogisticModel,
    anyway: bool,
    run: str | None = None,
    champion: bool = False,
) -> ChosenModel:
    """Return the model unless its checks failed; ``run`` trained it."""
    from dagster import AssetKey

    version = version_of(model)
    if run is None:
        entry = materialization_of_version(instance, key, version)
        run = "" if entry is None else entry.run_id
        current = current_champion(instance, AssetKey([*key.path[:-1], CHAMPION]))
        champion = current is not None and current.version == version
    reasons = list(refusals(instance, key, run)) if run else []
    if not model.converged:
        reasons.append(f"it did not converge: {model.convergence}")
    if reasons and not anyway:
        raise ScoringError(
            f"model {version} of {key.to_user_string()} failed its checks: {'; '.join(reasons)}. "
            "Train it again, or take it with --anyway (anyway: true in the Launchpad)."
        )
    status = predictions.CHAMPION if champion else predictions.NO_CHAMPION
    failed = failed_in_run(instance, run) if run else ()
    return ChosenModel(model, status + (FAILED if reasons else ""), failed)


def is_model_file(name: str) -> bool:
    """Tell whether a name is that of a model's file or folder, and not of an asset."""
    path = Path(name)
    return path.is_file() or path.suffix == ".json" or (path / MODEL_FILE).is_file()


def model_asset(name: str) -> str:
    """Return the asset of that name, or the champion of the table of that name.

    The linear baseline is found too, so that the error message can name it.
    """
    known = name.rpartition("/")[2] in (*MODELS, CHAMPION)
    return name if known else f"{name.rstrip('/')}/{CHAMPION}"


def read_model(path: Path) -> object:
    """Read a model's JSON; raise ``ScoringError`` if it is not one."""
    try:
        if kind := special_kind(path.stat().st_mode):
            raise ScoringError(f"{path}: expected a model's JSON, found {kind}. Name a model.json.")
        return model_from_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ScoringError(f"{path}: no such model file. Check the path.") from None
    except FormatVersionError as error:
        raise ScoringError(f"{path}: {error}") from None
    except OSError as error:
        reason, remedy = os_reason(error)
        raise ScoringError(f"{path}: cannot be read: {reason}. {remedy}.") from None
    except UnicodeDecodeError:
        raise _no_model(path, "it is not UTF-8 text") from None
    except ModelDocumentError as error:
        raise _no_model(path, str(error)) from None


def _no_model(path: Path, found: str) -> ScoringError:
    return ScoringError(
        f"{path}: expected a model's JSON as the pipeline wrote it; {found}. Name an unchanged "
        "model.json below data/artifacts, or an asset."
    )


def _require_logistic(name: str, model: object) -> LogisticModel:
    if not isinstance(model, LogisticModel):
        raise ScoringError(
            f"{name}: expected a logistic regression, found {type(model).__name__}. "
            f"Name one of {' or '.join(LOGISTIC_MODELS)}."
        )
    return model
