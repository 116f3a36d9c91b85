"""What every penalty tells of itself: its terms, and what fits and inference may do with it."""

from abc import ABC, abstractmethod
from dataclasses import replace
from math import isfinite
from typing import Any, ClassVar, NamedTuple

import numpy as np

from lr_pipeline.core.certificate.distance import Certificate
from lr_pipeline.core.logistic.sums import LogisticSums
from lr_pipeline.core.types import Columns, ParameterMatrix, Parameters


class Addition(NamedTuple):
    """A penalty that depends on the parameters alone: its value, gradient and second derivatives.

    ``diagonal`` (p,): its Hessian has no others, since each coefficient is penalised by itself.
    """

    value: float
    gradient: Parameters
    diagonal: Parameters


class Penalty(ABC):
    """A function of the parameters that is added to Σ loss; none of the intercept.

    ``name``: in options, results and JSON. ``strength_names``: the fields that are numbers of the
    user's choice, positive and finite.
    ``adds_nothing``: maximum likelihood, whose estimate need not exist; with any other penalty it
    is finite for every table. ``strictly_convex``: there is one optimum, whatever the columns.
    ``may_have_several_minima``: the lowest has to be searched for.
    ``hessian_is_exact``: whether ``value_gradient_hessian`` returns the Hessian itself.
    ``may_reparametrize``: whether standardizing the parameters may stand for standardizing rows.
    ``starts_from_sample``: whether a sample's fit says where to start, and its Hessian how to go
    on. ``profile_is_right``: whether likelihood ratios tell of the parameters; with a penalty whose
    bias depends on the truth they do not.
    ``as_stand_in``: how a report says that the penalty stands in for maximum likelihood.
    """

    name: ClassVar[str]
    strength_names: ClassVar[tuple[str, ...]] = ()
    adds_nothing: ClassVar[bool] = False
    strictly_convex: ClassVar[bool] = False
    may_have_several_minima: ClassVar[bool] = False
    hessian_is_exact: ClassVar[bool] = True
    may_reparametrize: ClassVar[bool] = True
    starts_from_sample: ClassVar[bool] = False
    profile_is_right: ClassVar[bool] = True
    as_stand_in: ClassVar[str] = ""

    @property
    def strengths(self) -> dict[str, float]:
        """The strengths by name."""
        return {name: getattr(self, name) for name in self.strength_names}

    @property
    @abstractmethod
    def formula(self) -> str:
        """What is added to the sum of losses, as a formula for people."""

    def require_positive_strengths(self) -> None:
        """Raise ``ValueError`` for a strength that is not positive and finite."""
        for name, strength in self.strengths.items():
            if not (isfinite(strength) and strength > 0):
                raise ValueError(
                    f"{name} must be positive and finite, found {strength}: use penalty none for 0"
                )

    def in_coordinates(self, scale: Columns, deviation: Columns) -> "Penalty":
        """Return the same penalty of w = β scale (d,), for columns of these deviations (d,)."""
        return self

    def for_share(self, weight: float, total_weight: float) -> "Penalty":
        """Return the share of a penalty for all rows that belongs to rows of this weight."""
        shares = {name: one / total_weight * weight for name, one in self.strengths.items()}
        return replace(self, **shares) if shares else self  # type: ignore[type-var]

    @abstractmethod
    def value(self, sums: LogisticSums, w: Parameters) -> float:
        """Σ loss + penalty."""

    @abstractmethod
    def value_gradient(self, sums: LogisticSums, w: Parameters) -> tuple[float, Parameters]:
        """The value and its gradient, Σ (p − y) x̃ + the penalty's."""

    @abstractmethod
    def value_gradient_hessian(
        self, sums: LogisticSums, w: Parameters
    ) -> tuple[float, Parameters, ParameterMatrix]:
        """The value, its gradient and its Hessian, I(w) + the penalty's, or what stands for it."""

    @abstractmethod
    def hessian_product(self, sums: LogisticSums, w: Parameters, v: Parameters) -> Parameters:
        """That matrix times v."""

    def addition(self, w: Parameters) -> Addition | None:
        """The penalty alone and its derivatives; None where it is made of sums over the rows."""
        return None

    def row_sizes(self, p: int) -> Parameters:
        """Sizes u (p,) of the rows (0, …, u_j, …, 0) whose logistic loss the penalty is, else 0.

        Its third derivative in w_j is at most u_j times the second (see ``certificate``).
        """
        return np.zeros(p)

    def weight_added_to_null(self, p: int) -> float:
        """How much the penalty adds to the weight of each class where all coefficients are 0."""
        return 0.0

    def own_certificate(
        self, objective: Any, w: Parameters, coordinates: Any
    ) -> Certificate | None:
        """Bound the distance to an optimum in the penalty's own way; None where it has none.

        ``objective``, ``coordinates``: those of ``certify``, whose module imports this one.
        """
        return None

    def widened(self, certificate: Certificate) -> Certificate:
        """Return what the certificate for a convex objective says of this one."""
        return certificate
