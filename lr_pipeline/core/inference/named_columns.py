"""Arrays with one number for each column, which can also be indexed by the column's name."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from lr_pipeline.core.fitting.logistic_fit import LogisticFit
from lr_pipeline.core.inference.inference import LogisticInference, OddsRatios
from lr_pipeline.core.least_squares.linear_fit import LinearFit
from lr_pipeline.core.types import Columns

INTERCEPT = "(intercept)"


class NamedColumns(np.ndarray):
    """An array (d,) with one number for each column, which knows the columns' ``names``.

    ``values["age"]`` is the number of that column; ``values[0]`` and arithmetic work as for a plain
    array; ``dict(values.items())`` has all numbers by name.
    """

    names: tuple[str, ...] | None

    def __new__(cls, values: Columns, names: Sequence[str]) -> "NamedColumns":
        """Return a view of the values, one for each name."""
        if len(values) != len(names):
            raise ValueError(
                f"expected a name for each of {len(values)} values, found {len(names)}"
            )
        named = np.asarray(values).view(cls)
        named.names = tuple(names)
        return named

    def __array_finalize__(self, _of: Any) -> None:
        """Give arrays that are computed from the numbers no names."""
        self.names = None

    def __array_wrap__(self, array: np.ndarray, *_: Any) -> Any:
        """Return results of arithmetic as plain arrays."""
        plain = np.asarray(array)
        return plain if plain.ndim else plain[()]

    def __getitem__(self, key: Any) -> Any:
        """Return the number of the column with that name, or index the plain array."""
        if not isinstance(key, str):
            return np.asarray(self)[key]
        places = [place for place, name in enumerate(self.names or ()) if name == key]
        if len(places) != 1:
            found = f"{len(places)} columns" if places else "no column"
            raise KeyError(f"{found} of the name {key!r}; there are: {', '.join(self.names or ())}")
        return float(np.asarray(self)[places[0]])

    def items(self) -> list[tuple[str, float]]:
        """Name and number of each column."""
        return [] if self.names is None else list(zip(self.names, self.tolist(), strict=True))

    def __repr__(self) -> str:
        """Show the numbers with their names."""
        return repr(dict(self.items())) if self.names else repr(np.asarray(self))

    def __reduce__(self) -> tuple[Any, ...]:
        """Keep the names when pickled."""
        return named, (np.array(self), self.names)

    def __copy__(self) -> Any:
        """Copy the numbers with the names."""
        return named(np.array(self), self.names)

    def __deepcopy__(self, _memo: Any) -> Any:
        """Copy the numbers with the names."""
        return named(np.array(self), self.names)


def named(values: Columns | None, names: Sequence[str] | None) -> Any:
    """The values with their names, where both are given."""
    return values if values is None or names is None else NamedColumns(values, names)


Fit = TypeVar("Fit", LinearFit, LogisticFit)


def fit_with_names(fit: Fit, columns: Sequence[str]) -> Fit:
    """Return the fit with arrays that can be indexed by the columns' names."""
    return replace(
        fit,
        coefficients=named(fit.coefficients, columns),
        standard_errors=named(fit.standard_errors, columns),
    )


def inference_with_names(found: LogisticInference, columns: Sequence[str]) -> LogisticInference:
    """Return the inference with arrays indexed by names; the intercept comes first."""
    parameters = (INTERCEPT, *columns)
    return replace(
        found,
        lower=named(found.lower, parameters),
        upper=named(found.upper, parameters),
        statistics=named(found.statistics, parameters),
        p_values=named(found.p_values, parameters),
        odds_ratios=OddsRatios(*(named(part, columns) for part in found.odds_ratios)),
        odds_ratios_per_sd=OddsRatios(*(named(part, columns) for part in found.odds_ratios_per_sd)),
        variance_inflation=named(found.variance_inflation, columns),
    )
