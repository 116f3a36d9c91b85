"""Array types whose shapes are checked over the whole test run (jaxtyping with beartype).

Axis names: ``n`` rows of a block, ``d`` columns of the design, ``p = d + 1`` parameters.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float64

RowVector = Float64[np.ndarray, " n"]
Design = Float64[np.ndarray, "n d"]
Columns = Float64[np.ndarray, " d"]
Parameters = Float64[np.ndarray, " p"]
ParameterMatrix = Float64[np.ndarray, "p p"]

FLOAT64_BYTES = 8

# v ↦ A v for a matrix A, or v ↦ A⁻¹ v, without the matrix at hand
LinearMap = Callable[[Parameters], Parameters]
