"""The NIST linear regression sets, and how many digits of an exact solution a number has."""

import json
from dataclasses import dataclass
from decimal import Decimal
from math import log10
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent / "nist"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


@dataclass(frozen=True)
class LinearSet:
    """A design without its column of ones, a response, and the exact solution for both.

    ``coefficients`` and ``standard_errors`` are 40-digit decimals, the intercept first if there
    is one.
    """

    name: str
    X: np.ndarray
    y: np.ndarray
    intercept: bool
    coefficients: tuple[Decimal, ...]
    standard_errors: tuple[Decimal, ...]
    residual_deviation: Decimal
    r_squared: Decimal


def load(name: str) -> LinearSet:
    """Read one of ``NAMES``."""
    reference = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    table = FOLDER / (reference["design_csv"] or reference["csv"])
    values = np.loadtxt(table, delimiter=",", skiprows=1)
    exact = reference["exact_40digits_of_float64_design"]
    return LinearSet(
        name=name,
        X=np.ascontiguousarray(values[:, 1:]),
        y=np.ascontiguousarray(values[:, 0]),
        intercept=reference["model"]["intercept"],
        coefficients=tuple(map(Decimal, exact["coef"])),
        standard_errors=tuple(map(Decimal, exact["se"])),
        residual_deviation=Decimal(exact["resid_sd"]),
        r_squared=Decimal(exact["r2"]),
    )


def correct_digits(found: float, exact: Decimal) -> float:
    """−log₁₀ of the relative error, or of the absolute one where the exact value is 0."""
    error = abs(Decimal(float(found)) - exact)
    if error == 0:
        return 17.0
    return min(-log10(error / abs(exact) if exact else error), 17.0)
