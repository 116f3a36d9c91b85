"""Scores of two normal classes: test sets drawn from them, and the true value of each metric.

In the population a share π of the cases is positive; x is normal with deviation 1, and mean d for
positive cases, 0 for others. The model's z = log(π / (1 − π)) + k (d x − d² / 2) is calibrated for
k = 1 and overconfident for k > 1.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.integrate import quad
from scipy.special import expit, logit, ndtr, ndtri

from lr_pipeline.core.ranking import count_scores
from lr_pipeline.evaluation.intervals.scored_cases import Predictions
from lr_pipeline.evaluation.intervals.units import Cases
from lr_pipeline.evaluation.label_metrics import label_metrics
from lr_pipeline.evaluation.metrics import evaluate

Rows = tuple[np.ndarray, np.ndarray, np.ndarray | None]  # label, x, group


@dataclass(frozen=True)
class Binormal:
    """A population and a model: its ROC AUC, the model's slope k, and the rows of a group.

    Of rows in groups of more than one, half of x's variance is the group's, and in half of them
    the label is that of the group's first row.
    """

    title: str
    area: float
    slope: float = 1.0
    group: int = 1

    @property
    def distance(self) -> float:
        """d, from area = Φ(d / √2)."""
        return float(ndtri(self.area) * np.sqrt(2.0))

    def log_odds(self, x: np.ndarray, prevalence: float) -> np.ndarray:
        d = self.distance
        return logit(prevalence) + self.slope * (d * x - d * d / 2.0)

    def draw(self, rng: np.random.Generator, n: int, prevalence: float) -> Rows:
        """Draw labels, x and groups."""
        y = (rng.random(n) < prevalence).astype(float)
        noise = rng.normal(size=n)
        if self.group == 1:
            return y, self.distance * y + noise, None
        codes = np.arange(n) // self.group
        y = np.where(rng.random(n) < 0.5, y[codes * self.group], y)
        noise = np.sqrt(0.5) * (noise + rng.normal(size=codes[-1] + 1)[codes])
        return y, self.distance * y + noise, codes.astype(np.int64)

    def truth(self, prevalence: float) -> dict[str, float]:
        """The population's value of each metric, by formula or quadrature; threshold π."""
        d, share = self.distance, prevalence
        recall, specificity = float(ndtr(d / 2.0)), float(ndtr(d / 2.0))
        cells = {
            "true_negative": (1 - share) * specificity,
            "false_positive": (1 - share) * (1 - specificity),
            "false_negative": share * (1 - recall),
            "true_positive": share * recall,
        }
        found, _ = label_metrics(**cells)
        return found | {
            "log_loss": self._mean(share, lambda z, y: np.logaddexp(0.0, z) - y * z),
            "brier_score": self._mean(share, lambda z, y: (expit(z) - y) ** 2),
            "roc_auc": self.area,
            "gini": 2.0 * self.area - 1.0,
            "average_precision": _integral(
                lambda x: (
                    _density(x - d)
                    * share
                    * ndtr(d - x)
                    / (share * ndtr(d - x) + (1.0 - share) * ndtr(-x))
                ),
                d,
            ),
        }

    def _mean(self, share: float, loss: Callable[[float, int], float]) -> float:
        def of(x: float) -> float:
            z = float(self.log_odds(np.float64(x), share))
            ones = share * _density(x - self.distance) * loss(z, 1)
            return ones + (1.0 - share) * _density(x) * loss(z, 0)

        return _integral(of, self.distance)


def predictions(
    name: str, rows: Rows, z: np.ndarray, threshold: float, cases: Cases | None = None
) -> Predictions:
    """Return a model's predictions with their metrics, as a report does."""
    y, _, group = rows
    weight = np.ones_like(y)
    counts, p = count_scores(y, z, weight), expit(z)
    metrics = evaluate(y, p, None, z, counts, threshold)
    return Predictions(name, metrics, cases or Cases(y, weight, group), p, z, z, threshold, counts)


def _density(x: float) -> float:
    return float(np.exp(-x * x / 2.0) / np.sqrt(2.0 * np.pi))


def _integral(function: Callable[[float], float], distance: float) -> float:
    return float(quad(function, -10.0, 10.0 + distance, epsabs=1e-12, limit=300)[0])
