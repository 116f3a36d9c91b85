"""A model's results in parts of the test set, as the report shows them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lr_pipeline.evaluation.slices.protected_groups import ProtectedColumn
from lr_pipeline.evaluation.slices.slice_results import Slice
from lr_pipeline.evaluation.strict_numbers import strict_numbers


@dataclass(frozen=True)
class Slices:
    """The parts of the test ``rows``, the most doubtful first, for the model ``title``.

    ``smaller``: parts of fewer than 30 cases, which are not shown. ``left_out``: features of
    smaller effects that were not looked at; ``cut``: parts with fewer cases than those shown.
    ``protected``: the groups of protected columns, by answers at ``threshold``.
    """

    name: str
    title: str
    rows: str
    threshold: float
    slices: Sequence[Slice]
    smaller: int = 0
    left_out: int = 0
    cut: int = 0
    protected: Sequence[ProtectedColumn] = ()

    def numbers(self) -> dict[str, Any]:
        """Plain values for strict JSON."""
        return strict_numbers(asdict(self))
