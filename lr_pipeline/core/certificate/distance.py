"""How far a fit can be from its optimum, as two numbers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Certificate:
    """Upper bounds on the distance between a fit and its optimum.

    ``loss``: f(w) − f(w*) at most this, in the objective's unit (mean per row).
    ``standard_errors``: |w_j − w*_j| / se_j at most this for every parameter j.
    Both are infinite where no bound could be established. ``iterations_needed`` estimates what a
    solver that has not converged would still need (``None`` when converged or unknown).
    ``rigorous`` is False where the bound is an estimate (of Firth's objective, where nothing better
    is proven).
    """

    loss: float
    standard_errors: float
    rigorous: bool = True
    iterations_needed: int | None = None
