"""How each type of result is written and read: one explicit list of formats, without pickle."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from lr_pipeline.storage.plain_values import json_text
from lr_pipeline.storage.storage_error import ArtifactError
from lr_pipeline.tables.table import Table
from lr_pipeline.versions import (
    FormatVersionError,
    with_format_version,
    without_format_version,
)

MODEL_FILE = "model.json"


@dataclass(frozen=True)
class Format:
    """One kind of artifact, and how it is written and read.

    ``main_file`` is the file's name in the version's folder, where ``{asset}`` stands for the
    asset's name. ``write(value, path)`` writes the main file, and others beside it if
    ``whole_folder``; ``read(path)`` returns the value. ``content_named``: a version is named by the
    hash of its content, so that equal results are one version.
    """

    kind: str
    main_file: str
    accepts: Callable[[object], bool]
    write: Callable[[Any, Path], None]
    read: Callable[[Path], Any]
    whole_folder: bool = False
    content_named: bool = False


def format_of(value: object) -> Format:
    """Return the first format that accepts the value, or raise ``ArtifactError``."""
    for form in FORMATS:
        if form.accepts(value):
            return form
    raise ArtifactError(
        "expected a Table, a model with to_json(), a Report, a Study, Predictions or a "
        "dictionary, found "
        f"{type(value).__name__}: it has no storage format. Return one of these."
    )


def format_named(kind: str) -> Format:
    """Return the format of this kind, or raise ``ArtifactError``."""
    for form in FORMATS:
        if form.kind == kind:
            return form
    known = ", ".join(form.kind for form in FORMATS)
    raise ArtifactError(
        f"expected an artifact of kind {known}; found {kind!r}. It was written by another "
        "version of lr_pipeline: materialize the asset again."
    )


def _write_text(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _write_json(kind: str, numbers: Mapping[str, Any], path: Path) -> None:
    try:
        document = with_format_version(kind, numbers)
    except ValueError as error:
        raise ArtifactError(str(error)) from None
    _write_text(json_text(document), path)


def _read_json(kind: str, path: Path) -> dict[str, Any]:
    try:
        return without_format_version(kind, json.loads(path.read_text(encoding="utf-8")))
    except FormatVersionError as error:
        raise ArtifactError(f"{path}: {error}") from None


def _is_model(value: object) -> bool:
    return callable(getattr(value, "to_json", None))


def _read_model(path: Path) -> Any:
    from lr_pipeline.models import model_from_json
    from lr_pipeline.models.document import ModelDocumentError

    try:
        return model_from_json(path.read_text(encoding="utf-8"))
    except FormatVersionError as error:
        raise ArtifactError(f"{path}: {error}") from None
    except ModelDocumentError as error:
        raise ArtifactError(
            f"{path}: expected a model of this version of lr_pipeline; {error}. Materialize the "
            "asset again."
        ) from None


def _is_report(value: object) -> bool:
    return hasattr(value, "html") and hasattr(value, "numbers")


def _write_report(report: Any, path: Path) -> None:
    _write_text(report.html, path)
    _write_json("report", report.numbers, path.with_suffix(".json"))


def _read_report(path: Path) -> Any:
    from lr_pipeline.report.render import Report

    html = path.read_text(encoding="utf-8")
    return Report(html=html, numbers=_read_json("report", path.with_suffix(".json")))


def _is_predictions(value: object) -> bool:
    return hasattr(value, "model_version") and hasattr(value, "write_parquet")


def _is_champion(value: object) -> bool:
    return hasattr(value, "record") and hasattr(value, "model")


def _write_champion(champion: Any, path: Path) -> None:
    _write_json("champion", champion.record, path)
    if champion.model is not None:
        _write_text(champion.model.to_json(), path.with_name(MODEL_FILE))


def _read_champion(path: Path) -> Any:
    from lr_pipeline.models.recorded_model import RecordedModel

    model = path.with_name(MODEL_FILE)
    record = _read_json("champion", path)
    return RecordedModel(record, _read_model(model) if model.exists() else None)


def _is_study(value: object) -> bool:
    return hasattr(value, "numbers") and hasattr(value, "pictures")


def _write_study(study: Any, path: Path) -> None:
    _write_json("study", study.numbers, path)
    for name, png in study.pictures.items():
        path.with_name(f"{name}.png").write_bytes(png)


FORMATS = (
    Format(
        kind="table",
        main_file="data.parquet",
        accepts=lambda value: isinstance(value, Table),
        write=lambda table, path: table.write_parquet(path),
        read=Table.read_parquet,
    ),
    Format(
        kind="model",
        main_file=MODEL_FILE,
        accepts=_is_model,
        write=lambda model, path: _write_text(model.to_json(), path),
        read=_read_model,
    ),
    Format(
        kind="report",
        main_file="report.html",
        accepts=_is_report,
        write=_write_report,
        read=_read_report,
        whole_folder=True,
    ),
    Format(
        kind="study",
        main_file="{asset}.json",
        accepts=_is_study,
        write=_write_study,
        read=partial(_read_json, "study"),
        whole_folder=True,
    ),
    Format(
        kind="predictions",
        main_file="predictions.parquet",
        accepts=_is_predictions,
        write=lambda predictions, path: predictions.write_parquet(path),
        read=lambda path: pq.read_table(path, partitioning=None, page_checksum_verification=True),
        content_named=True,
    ),
    Format(
        kind="champion",
        main_file="champion.json",
        accepts=_is_champion,
        write=_write_champion,
        read=_read_champion,
        whole_folder=True,
    ),
    Format(
        kind="json",
        main_file="{asset}.json",
        accepts=lambda value: isinstance(value, Mapping),
        write=partial(_write_json, "json"),
        read=partial(_read_json, "json"),
    ),
)
