"""Penalties by the names that options use."""

from dataclasses import dataclass

from lr_pipeline.core.logistic.penalties.firth import Firth
from lr_pipeline.core.logistic.penalties.log_f import LogF
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.logistic.penalties.penalty import Penalty
from lr_pipeline.core.logistic.penalties.ridge import Ridge

PENALTIES: dict[str, type[Penalty]] = {one.name: one for one in (NoPenalty, Ridge, LogF, Firth)}


@dataclass(frozen=True)
class Auto:
    """A penalty chosen from the table: none where the maximum-likelihood estimate exists.

    Where it does not exist, or rounding leaves this undecided, the penalty is ``first``; it is
    ``second`` if the objective with ``first`` has several known minima (docs/decisions/0009).
    """

    first: Penalty
    second: Penalty


AUTO = Auto(Firth(), LogF())


def penalty_choice(name: str, **strengths: float | None) -> Penalty | Auto:
    """Return the penalty of that name, or ``AUTO`` for "auto"; a strength of None is the default.

    Raises
    ------
    ValueError
        An unknown name, or a strength of another penalty, which would have no effect.
    """
    if name != "auto" and name not in PENALTIES:
        raise ValueError(f"penalty must be one of {', '.join(PENALTIES)}, auto, found {name!r}")
    given = {key: strength for key, strength in strengths.items() if strength is not None}
    for key, strength in given.items():
        owner = next(one.name for one in PENALTIES.values() if key in one.strength_names)
        if owner != name:
            raise ValueError(
                f"{key}= is the strength of penalty {owner!r}, found {key}={strength} with "
                f"penalty={name!r}: give penalty={owner!r} too, or leave {key}= out"
            )
    return AUTO if name == "auto" else PENALTIES[name](**given)
