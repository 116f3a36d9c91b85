"""The tables on which speed is measured, made from a seed; some of them are hard to fit.

x = mean + scale · (√0.7 ε + √0.3 c), one common factor c for all columns (correlations 0.3); the
label is 1 with probability σ(intercept + signal), the signal of deviation 2: an AUC of about 0.87,
classes that overlap. The published run uses ``PUBLISHED_SEED``; seeds below 100 are for tuning.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

PUBLISHED_SEED = 20_261
BLOCK_ROWS = 250_000
SIGNAL = 2.0
INTERCEPT = -0.5
NEAR_DUPLICATES = 3
DUPLICATE_NOISE = 1.4e-3  # correlation 1 / √(1 + noise²) ≈ 1 − 1e-6

Arrays = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class TableSpec:
    """Shape of a table; ``hard``: scales 1e-3 to 1e4, far means, near-duplicate columns."""

    name: str
    rows: int
    columns: int
    hard: bool = False

    def blocks(self, seed: int) -> Iterator[Arrays]:
        """Yield ``(X, y)`` a block at a time; a seed always gives the same blocks."""
        shape = _Shape.draw(self, seed)
        for number, start in enumerate(range(0, self.rows, BLOCK_ROWS)):
            rng = np.random.default_rng([seed, self.rows, self.columns, number])
            yield shape.rows(rng, min(BLOCK_ROWS, self.rows - start))

    def arrays(self, seed: int) -> Arrays:
        """All rows: ``X`` (n, d) float64 in C order and ``y`` (n,) of 0.0 and 1.0."""
        X, y = np.empty((self.rows, self.columns)), np.empty(self.rows)
        start = 0
        for block, labels in self.blocks(seed):
            X[start : start + len(labels)] = block
            y[start : start + len(labels)] = labels
            start += len(labels)
        return X, y


@dataclass(frozen=True)
class _Shape:
    """What all rows of a table share: the true coefficients and the columns' units."""

    coefficients: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    duplicates: int

    @classmethod
    def draw(cls, spec: TableSpec, seed: int) -> "_Shape":
        rng = np.random.default_rng([seed, spec.rows, spec.columns])
        d = spec.columns
        b = rng.standard_normal(d)
        deviation = np.sqrt(0.7 * b @ b + 0.3 * b.sum() ** 2)
        mean, scale = np.zeros(d), np.ones(d)
        if spec.hard:
            scale = rng.permutation(np.logspace(-3, 4, d))
            mean = rng.uniform(-100, 100, d) * scale
        return cls(b * SIGNAL / deviation, mean, scale, NEAR_DUPLICATES if spec.hard else 0)

    def rows(self, rng: np.random.Generator, n: int) -> Arrays:
        Z = np.sqrt(0.7) * rng.standard_normal((n, len(self.mean)))
        Z += np.sqrt(0.3) * rng.standard_normal((n, 1))
        for j in range(self.duplicates):
            Z[:, -1 - j] = Z[:, j] + DUPLICATE_NOISE * rng.standard_normal(n)
        probability = 1.0 / (1.0 + np.exp(-(INTERCEPT + Z @ self.coefficients)))
        y = (rng.random(n) < probability).astype(np.float64)
        return Z * self.scale + self.mean, y


SMALL = TableSpec("100 × 10", 100, 10)
MEDIUM = TableSpec("10k × 20", 10_000, 20)
LONG = TableSpec("1M × 20", 1_000_000, 20)
WIDE = TableSpec("1M × 100", 1_000_000, 100)
MANY_COLUMNS = TableSpec("20k × 1000", 20_000, 1_000)
ILL_CONDITIONED = TableSpec("ill-conditioned 1M × 20", 1_000_000, 20, hard=True)
STREAMED = TableSpec("10M × 20", 10_000_000, 20)
