"""Choose the model that scores: the current one of a table, or one in a file."""

from pathlib import Path

from lr_pipeline.models import model_from_json
from lr_pipeline.models.document import ModelDocumentError
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.orchestration.asset_names import CURRENT_MODEL, LOGISTIC_MODELS, MODELS
from lr_pipeline.orchestration.instance.catalogue import load
from lr_pipeline.orchestration.instance.check_results import failed_checks
from lr_pipeline.scoring.predictions import ScoringError, version_of
from lr_pipeline.tables.files.refusals import os_reason, special_kind
from lr_pipeline.versions import FormatVersionError

MODEL_FILE = "model.json"


def find_model(name: str, home: str | Path | None = None) -> LogisticModel:
    """Return the model in the file or version folder ``name``, else the asset's latest one.

    ``titanic`` stands for ``titanic/numpy_model``, the current model of that table.

    Raises
    ------
    ScoringError
        The file holds no logistic regression, or a later version of this package wrote it.
    ArtifactError
        There is no such asset in ``home``, or its file has changed.
    """
    path = Path(name)
    if is_model_file(name):
        return _require_logistic(name, read_model(path / MODEL_FILE if path.is_dir() else path))
    key = model_asset(name)
    return _require_logistic(key, load(key, home))


def failed_model_checks(
    name: str, model: LogisticModel, home: str | Path | None = None
) -> tuple[str, ...]:
    """Return the failed checks of the run that made the model; none for a model in a file."""
    return () if is_model_file(name) else failed_checks(model_asset(name), version_of(model), home)


def is_model_file(name: str) -> bool:
    """Tell whether a name is that of a model's file or folder, and not of an asset."""
    path = Path(name)
    return path.is_file() or path.suffix == ".json" or (path / MODEL_FILE).is_file()


def model_asset(name: str) -> str:
    """Return the asset of that name, or the current model of the table of that name.

    The linear baseline is found too, so that the error message can name it.
    """
    return name if name.rpartition("/")[2] in MODELS else f"{name.rstrip('/')}/{CURRENT_MODEL}"


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
