"""What a row's reasons are measured from: the training means, or a row that a file gives."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from lr_pipeline.core.types import Columns
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.models.point_scale import PointScale
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.preparation.encoding import CategoryEncoding, NumberEncoding
from lr_pipeline.tables.roles import closest, quoted

FIELDS = ("reference", "scale")


class ReferenceRowError(ValueError):
    """A file that gives a reference row or a scale of points cannot be used."""


@dataclass(frozen=True, eq=False)
class Reference:
    """A point of the design, ``design`` (d,), in words, and the points' scale, if there is one.

    ``row``: the values that were given for it.
    """

    design: Columns
    description: str = "the mean of each column of the training rows"
    scale: PointScale | None = None
    row: dict[str, Any] | None = None


def training_means(model: LogisticModel, scale: PointScale | None = None) -> Reference:
    """Return the centre of the model's columns: their means in training.

    For a large table they may be the means of a sample of its rows, as the fit used them.
    """
    return Reference(model.fit.center, scale=scale)


def read_reference(path: str | Path, model: LogisticModel) -> Reference:
    """Read a reference from YAML or JSON: ``reference``, a row, and ``scale``, both optional.

    A feature that the row does not name stays at its training mean; null means that its value is
    missing. ``scale`` has the fields of :class:`PointScale`.

    Raises
    ------
    ReferenceRowError
        The file cannot be read, or names a feature, level or field that there is not.
    """
    import yaml

    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
        document = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except FileNotFoundError:
        raise ReferenceRowError(f"{path}: no such file. Check the path.") from None
    except (UnicodeDecodeError, json.JSONDecodeError, yaml.YAMLError) as error:
        line = str(error).splitlines()[0]
        raise ReferenceRowError(f"{path}: expected YAML or JSON: {line}. Correct it.") from None
    if not isinstance(document, dict) or not document or set(document) - set(FIELDS):
        raise ReferenceRowError(
            f"{path}: expected the fields reference or scale, found {_listed(document)}. "
            "Write for example: reference: {age: 40}"
        )
    try:
        scale = _scale(document.get("scale"))
    except ValueError as error:
        raise ReferenceRowError(f"{path}: scale: {error}. Give base, odds, pdo, rising.") from None
    row = document.get("reference")
    if row is None or row == {}:
        return training_means(model, scale)
    if not isinstance(row, dict):
        raise ReferenceRowError(f"{path}: reference: expected a row, name: value, found {row!r}.")
    try:
        return Reference(reference_design(model, row), f"the row in {path.name}", scale, row)
    except (ReferenceRowError, TableError) as error:
        raise ReferenceRowError(f"{path}: {error}") from None


def reference_design(model: LogisticModel, row: dict[str, Any]) -> Columns:
    """Return the design (d,) of a row, with the training means of features that it does not name.

    Raises
    ------
    ReferenceRowError
        A name is no feature, a value has another type than in training, or is an unseen level.
    """
    encodings = {one.name: one for one in model.preparation.encodings}
    if unknown := [name for name in row if name not in encodings]:
        close = closest(str(unknown[0]), list(encodings), cutoff=0.6)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ReferenceRowError(
            f"reference: expected features of the model, found {unknown[0]!r}.{hint}"
        )
    design, start = model.fit.center.copy(), 0
    for name, encoding in encodings.items():
        stop = start + len(encoding.columns)
        if name in row:
            out = np.zeros((stop - start, 1))
            encoding.write(_one_value(encoding, row[name]), out)
            design[start:stop] = out[:, 0]
        start = stop
    return design


def _scale(fields: Any) -> PointScale | None:
    """Return the scale with these fields; raise ``ValueError`` for others, and for no numbers."""
    if fields is None or fields == {}:
        return None
    if not isinstance(fields, dict) or set(fields) - set(vars(PointScale())):
        raise ValueError(f"expected its fields, found {fields!r}")
    wrong = [name for name, value in fields.items() if not isinstance(value, bool | int | float)]
    if wrong:
        raise ValueError(f"{wrong[0]} must be a number, found {fields[wrong[0]]!r}")
    rising = bool(fields.get("rising", True))
    numbers = {name: float(value) for name, value in fields.items() if name != "rising"}
    return PointScale(**numbers, rising=rising)


def _one_value(encoding: NumberEncoding | CategoryEncoding, value: Any) -> pa.Array:
    """Return a column of one row, in the type that the encoding reads."""
    if isinstance(encoding, NumberEncoding):
        if value is not None and not isinstance(value, int | float):
            raise ReferenceRowError(
                f"reference: {encoding.name!r} must be a number, found {value!r}"
            )
        return pa.array([None if value is None else float(value)], pa.float64())
    column = pa.array([None if value is None else str(value)], pa.string())
    if encoding.unseen(column):
        raise ReferenceRowError(
            f"reference: {encoding.name!r} has no level {value!r} in training, only "
            f"{quoted(sorted({encoding.reference, *encoding.levels}))}"
        )
    return column


def _listed(document: Any) -> str:
    return ", ".join(map(repr, document)) if isinstance(document, dict) and document else "neither"
