"""The interface of penalties: their terms, and their properties that fits and inference use."""

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

    ``diagonal`` (p,): of its Hessian, whose other entries are zero, since the penalty is a sum of
    functions of one coefficient each.
    """

    value: float
    gradient: Parameters
    diagonal: Parameters


class Penalty(ABC):
    """A function of the parameters that is added to Σ loss; the intercept is not penalised.

    ``name``: the name in options, results and JSON. ``strength_names``: the fields that the user
    chooses, positive and finite numbers.
    ``adds_nothing``: maximum likelihood, whose estimate need not exist; with any other penalty the
    estimate is finite for every table. ``strictly_convex``: there is one optimum even where columns
    are dependent. ``may_have_several_minima``: the lowest has to be searched for.
    ``hessian_is_exact``: whether ``value_gradient_hessian`` returns the Hessian itself.
    ``may_reparametrize``: whether parameters may be standardized in place of rows.
    ``starts_from_sample``: whether a fit may start at a sample's optimum, with the sample's Hessian
    as preconditioner. ``profile_is_right``: whether likelihood ratios are right for the parameters;
    they are not where the penalty's bias depends on the true coefficients.
    ``as_stand_in``: how a report says that the penalty replaces maximum likelihood.
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
        """Return the part of a penalty for all rows that belongs to rows of this weight."""
        shares = {name: one / total_weight * weight for name, one in self.strengths.items()}
        return replace(self, **shares) if shares else self  # type: ignore[type-var]

    @abstractmethod
    def value(self, sums: LogisticSums, w: Parameters) -> float:
        """Σ loss + penalty."""

    @abstractmethod
    def value_gradient(self, sums: LogisticSums, w: Parameters) -> tuple[float, Parameters]:
        """The value and its gradient, Σ (p − y) x̃ + the penalty's gradient."""

    @abstractmethod
    def value_gradient_hessian(
        self, sums: LogisticSums, w: Parameters
    ) -> tuple[float, Parameters, ParameterMatrix]:
        """The value, its gradient and I(w) + the penalty's Hessian, or a matrix in its place."""

    def addition(self, w: Parameters) -> Addition | None:
        """The penalty alone and its derivatives; None where it depends on sums over the rows."""
        return None

    def row_sizes(self, p: int) -> Parameters:
        """Sizes u (p,) of imagined rows (0, …, u_j, …, 0) whose loss equals the penalty, or zeros.

        The penalty's third derivative in w_j is at most u_j times the second (see ``certificate``).
        """
        return np.zeros(p)

    def weight_added_to_null(self, p: int) -> float:
        """Weight that the penalty adds to each class where all coefficients are 0."""
        return 0.0

    def own_certificate(
        self, objective: Any, w: Parameters, coordinates: Any
    ) -> Certificate | None:
        """Bound the distance to an optimum by the penalty's own method; None where it has none.

        ``objective``, ``coordinates``: those of ``certify``. They have no types here, since the
        module of ``certify`` imports this one.
        """
        return None

    def widened(self, certificate: Certificate) -> Certificate:
        """Return the certificate for this objective from that for a convex one."""
        return certificate
