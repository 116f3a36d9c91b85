"""The tables of the comparison of whole chains, as a user's Parquet files.

``python -m benchmarks.chain_tables NAME ROWS SEED FILE`` writes one of them.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import tables
from benchmarks.tables import TableSpec


@dataclass(frozen=True)
class ChainTable:
    """Numbers x0, x1, …, text columns t0, t1, … of as many levels as ``levels`` says, label y."""

    numbers: TableSpec
    levels: tuple[int, ...] = ()

    @property
    def title(self) -> str:
        columns = self.numbers.columns + len(self.levels)
        rows = f"{self.numbers.rows:,} × {columns}"
        return f"{rows}, {len(self.levels)} of them text" if self.levels else rows

    def with_rows(self, rows: int) -> "ChainTable":
        """Return a table of the same columns with another number of rows."""
        return replace(self, numbers=replace(self.numbers, rows=rows))

    def blocks(self, seed: int) -> Iterator[pa.Table]:
        """Yield the rows a block at a time; a seed always gives the same rows.

        Each level shifts the logit: a label keeps its value, or is drawn again with the probability
        of its row's levels.
        """
        for number, (X, labels) in enumerate(self.numbers.blocks(seed)):
            y = labels
            rng = np.random.default_rng([seed, number, *self.levels])
            columns: dict[str, object] = {f"x{j}": column for j, column in enumerate(X.T)}
            for place, count in enumerate(self.levels):
                codes = rng.integers(count, size=len(y))
                columns[f"t{place}"] = _texts(codes, count)
                drawn = rng.random(len(y)) < (codes + 1.0) / (count + 1.0)
                y = np.where(rng.random(len(y)) < 0.1, drawn, y)
            yield pa.table({**columns, "y": y.astype(np.int64)})

    def write(self, path: Path, seed: int) -> None:
        """Write the table as pyarrow's defaults do."""
        blocks = self.blocks(seed)
        first = next(blocks)
        with pq.ParquetWriter(path, first.schema) as writer:
            writer.write_table(first)
            for block in blocks:
                writer.write_table(block)


def _texts(codes: np.ndarray, count: int) -> pa.Array:
    levels = pa.array([f"level {chr(ord('a') + level)}" for level in range(count)])
    return levels.take(codes)


SHORT = "100x10"
LONG, LONGEST = "1Mx20", "10Mx20"
MIXED = "10Mx20-text"
TABLES = {
    SHORT: ChainTable(tables.SMALL),
    LONG: ChainTable(tables.LONG),
    LONGEST: ChainTable(tables.STREAMED),
    MIXED: ChainTable(TableSpec("10M × 16", 10_000_000, 16), levels=(3, 4, 5, 8)),
}

if __name__ == "__main__":
    NAME, ROWS, SEED, FILE = sys.argv[1:]
    TABLES[NAME].with_rows(int(ROWS)).write(Path(FILE), int(SEED))
