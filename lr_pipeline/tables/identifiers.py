"""Integers that identify rows and measure nothing: all different, and close or named so."""

import re
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from lr_pipeline.tables.column_summary import ColumnSummary
from lr_pipeline.tables.errors import Problem
from lr_pipeline.tables.table import Table

FEWEST_ROWS = 100
# n draws from so many integers are all different with probability ≤ exp(−n² / (2 n²/40)) = 2e-9.
COLLIDING = 40
NAMED_ID = re.compile(r"(?:.*[\W_])?[Ii][Dd]|.*[a-z]I[Dd]")


def identifier_problems(
    table: Table, summaries: Mapping[str, ColumnSummary], features: Iterable[str]
) -> Iterator[Problem]:
    """Warn of each feature of n different integers within n²/40, or whose name ends in id.

    Values that are measured would meet by chance (the birthday problem). Another pass over the
    columns that can still be such after the first, one at a time: 8 bytes a row.
    """
    for name in features:
        one = summaries[name]
        if one.repeats or one.rows < FEWEST_ROWS:
            continue
        close = int(one.greatest) - int(one.least) < one.rows**2 // COLLIDING
        if (close or NAMED_ID.fullmatch(name)) and _all_different(table, name):
            message = (
                f"feature {name!r} looks like an identifier: {one.rows} different integers from "
                f"{one.least} to {one.greatest}, one a row"
            )
            remedy = f"Set id={name!r} or exclude=[{name!r}]"
            yield Problem(message, remedy, name, severity="warning", useless=True)


def _all_different(table: Table, name: str) -> bool:
    """Whether no integer of the column occurs twice."""
    ordered = np.sort(table.column(name).to_numpy())
    return not bool((ordered[1:] == ordered[:-1]).any())
