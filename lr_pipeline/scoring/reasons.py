"""Reasons: what moved a row's score most from a reference, exact for a linear model."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Float64, Int64

from lr_pipeline.core.logistic.row_scores import ROWS_PER_STEP
from lr_pipeline.core.types import Design
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.scoring.column_groups import Group, grouped_columns
from lr_pipeline.scoring.reason_words import chosen_values, signed
from lr_pipeline.scoring.reference import (
    Reference,
    ReferenceRowError,
    read_reference,
    training_means,
)

Contributions = Float64[np.ndarray, "groups n"]
Ranked = Int64[np.ndarray, "k n"]


@dataclass(frozen=True, eq=False)
class Reasons:
    """The ``number`` contributions to z that are largest in size, of each row.

    The contribution of design column j is (xⱼ − rⱼ) wⱼ, with r the reference; those of one original
    column are added (its levels, its missing indicator), and those of columns that cannot be told
    apart. Their sum and z of the reference are z of the row. They are log odds before any
    recalibration, and in points where the reference has a scale.
    """

    model: LogisticModel
    number: int
    reference: Reference

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The groups of columns, in the order of their first ones."""
        return grouped_columns(self.model)

    @property
    def reference_score(self) -> float:
        """The reference's z: w₀ + Σ (rⱼ − mⱼ) wⱼ."""
        return float(self.model.predictor.of_design(self.reference.design[None, :])[0])

    @property
    def fields(self) -> list[pa.Field]:
        """The columns of the result: text, then what the text was made of, for each reason."""
        found = []
        for k in range(1, self.number + 1):
            found += [
                pa.field(f"reason_{k}", pa.string()),
                pa.field(f"reason_{k}_column", pa.string()),
                pa.field(f"reason_{k}_value", pa.string()),
                pa.field(f"reason_{k}_contribution", pa.float64()),
            ]
            if self.reference.scale is not None:
                found.append(pa.field(f"reason_{k}_points", pa.float64()))
        if self.reference.scale is not None:
            found.append(pa.field("points", pa.float64()))
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON: what the reasons are measured from, and in which units."""
        scale, row = self.reference.scale, self.reference.row
        return {
            "number": self.number,
            "unit": "log odds before any recalibration",
            "reference": self.reference.description,
            **({} if row is None else {"reference_row": row}),
            "reference_score": self.reference_score,
            "scale": None if scale is None else scale.to_dict(),
        }

    def contributions(self, X: Design) -> Contributions:
        """Return the contributions (groups, n) of rows of the design."""
        parameters = self.model.predictor.parameters[1:]
        out = np.zeros((len(self.groups), len(X)))
        for start in range(0, len(X), ROWS_PER_STEP):
            rows = slice(start, start + ROWS_PER_STEP)
            for total, group in zip(out, self.groups, strict=True):
                for j in group.columns:
                    total[rows] += (X[rows, j] - self.reference.design[j]) * parameters[j]
        return out

    def columns(self, batch: pa.RecordBatch, X: Design) -> list[pa.Array]:
        """Return the columns ``fields`` for a block of rows and its design."""
        contributions = self.contributions(X)
        ranked = largest(contributions, self.number)
        found: list[pa.Array] = []
        for k in range(self.number):
            if k < len(ranked):
                found += self._reason(batch, ranked[k], contributions)
            else:
                found += [pa.nulls(len(X), pa.string())] * 3 + [pa.nulls(len(X), pa.float64())]
                found += [pa.nulls(len(X), pa.float64())] if self.reference.scale else []
        if self.reference.scale is not None:
            z = self.model.predictor.of_design(X)
            found.append(pa.array(self.reference.scale.points(z)))
        return found

    def _reason(
        self, batch: pa.RecordBatch, chosen: Int64[np.ndarray, " n"], contributions: Contributions
    ) -> Iterator[pa.Array]:
        """Yield the columns of one reason; they are null where nothing moved the row."""
        moved = contributions[chosen, np.arange(len(chosen))]
        none = pa.array(moved == 0.0)
        names = pa.array([group.name for group in self.groups], pa.string()).take(pa.array(chosen))
        shown = chosen_values(batch, [group.features for group in self.groups], chosen)
        texts = pc.binary_join_element_wise(
            pc.binary_join_element_wise(names, shown, " "), signed(moved), ": "
        )
        for column in (texts, names, shown, pa.array(moved)):
            yield pc.if_else(none, pa.scalar(None, column.type), column)
        if self.reference.scale is not None:
            points = pa.array(moved * self.reference.scale.factor)
            yield pc.if_else(none, pa.scalar(None, pa.float64()), points)


def reasons_of(model: LogisticModel, number: int, reference: Reference | None = None) -> Reasons:
    """Return the reasons of a model, by default from its training means.

    Raises
    ------
    ValueError
        ``number`` is not positive.
    """
    if number < 1:
        raise ValueError(f"number of reasons must be at least 1, found {number}")
    return Reasons(model, number, reference or training_means(model))


def find_reasons(
    model: LogisticModel, number: int | None, reference: str | Path | None = None
) -> Reasons | None:
    """Return the reasons that were asked for, or None; ``reference`` is a file that says whence.

    Raises
    ------
    ReferenceRowError
        The file cannot be used, or is given without a number of reasons.
    """
    if number is None:
        if reference is not None:
            raise ReferenceRowError(
                "a reference is used by reasons only. Say how many: --reasons 4"
            )
        return None
    return reasons_of(
        model, number, None if reference is None else read_reference(reference, model)
    )


def largest(contributions: Contributions, number: int) -> Ranked:
    """Return the groups (k, n) of the largest sizes, in falling order; of equal ones the first."""
    sizes = np.abs(contributions)
    rows = np.arange(sizes.shape[1])
    ranked = np.empty((min(number, len(sizes)), len(rows)), dtype=np.int64)
    for place in ranked:
        place[:] = sizes.argmax(axis=0)
        sizes[place, rows] = -1.0
    return ranked
