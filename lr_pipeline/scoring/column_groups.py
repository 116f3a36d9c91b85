"""Original columns whose contributions to a score are given together."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool
from scipy.sparse.csgraph import connected_components

from lr_pipeline.core.inference.collinearity import LARGEST_INFLATION
from lr_pipeline.models.logistic_model import LogisticModel

# Estimates of tied columns are correlated by nearly ±1 with those they are tied to, and hardly with
# any other.
TIED_CORRELATION = 0.1


class Group(NamedTuple):
    """Original columns whose contributions are given together: one, or several that are tied."""

    features: tuple[str, ...]
    columns: tuple[int, ...]

    @property
    def name(self) -> str:
        """The names, joined."""
        return " & ".join(self.features)


def grouped_columns(model: LogisticModel) -> tuple[Group, ...]:
    """Return the original columns, those together whose coefficients cannot be told apart.

    These are columns with a variance inflation above 10⁴, or that depend on others. They are
    grouped by the correlation of their estimates; all of them together if that is not known.
    """
    encodings = model.preparation.encodings
    ends = np.cumsum([len(one.columns) for one in encodings]).tolist()
    spans = [range(end - len(one.columns), end) for one, end in zip(encodings, ends, strict=True)]
    owner = np.repeat(np.arange(len(spans)), [len(span) for span in spans])
    linked = np.zeros((len(spans), len(spans)), dtype=bool)
    for i, j in zip(*np.nonzero(_tied_pairs(model)), strict=True):
        linked[owner[i], owner[j]] = True
    number, label = connected_components(linked, directed=False)
    groups = []
    for k in range(number):
        members = np.flatnonzero(label == k).tolist()
        columns = tuple(j for member in members for j in spans[member])
        groups.append(Group(tuple(encodings[member].name for member in members), columns))
    return tuple(sorted(groups, key=lambda group: group.columns))


def _tied_pairs(model: LogisticModel) -> Bool[np.ndarray, "d d"]:
    """Tell for each two design columns (d, d) whether their coefficients cannot be told apart."""
    inflation, fit = model.inference.variance_inflation, model.fit
    with np.errstate(invalid="ignore"):
        tied = np.asarray(inflation > LARGEST_INFLATION)
    tied[list(fit.dependent_columns)] = True
    pairs = np.outer(tied, tied)
    if fit.covariance is not None and tied.any():
        errors = np.sqrt(np.diag(fit.covariance)[1:])
        with np.errstate(invalid="ignore", divide="ignore"):
            correlation = fit.covariance[1:, 1:] / np.outer(errors, errors)
            # One that is not known (NaN) links.
            pairs &= ~(np.abs(correlation) < TIED_CORRELATION)
    return pairs
