"""The options of a model's threshold and recalibration, and the configuration that they mean."""

import re
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

FORMS = "0.3, cost:1:5, precision:0.8, recall:0.9, capacity:50 or youden"
# Rule → the settings that the numbers after it are.
SETTINGS = {
    "cost": ("false_positive", "false_negative", "true_positive", "true_negative"),
    "precision": ("target",),
    "recall": ("target",),
    "capacity": ("per_thousand",),
    "youden": (),
}


class ThresholdRuleType(click.ParamType):  # type: ignore[type-arg]  # not generic before 8.2
    """A number, or a rule's name and its numbers; the value is the Launchpad's configuration."""

    name = "rule"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, dict[str, float]]:
        """Return ``{kind: settings}``."""
        if isinstance(value, dict):
            return value
        kind, *parts = str(value).split(":")
        if kind not in SETTINGS:
            kind, parts = "fixed", [str(value)]
        names = ("threshold",) if kind == "fixed" else SETTINGS[kind]
        needed = 2 if kind == "cost" else len(names)
        if not needed <= len(parts) <= len(names):
            self._refuse(value, param, ctx)
        try:
            numbers = [float(part) for part in parts]
        except ValueError:
            self._refuse(value, param, ctx)
        settings = dict(zip(names, numbers, strict=False))
        self._require_valid(kind, settings, param, ctx)
        return {kind: settings}

    def _refuse(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> NoReturn:
        self.fail(f"expected {FORMS}, found {str(value)!r}", param, ctx)

    def _require_valid(
        self,
        kind: str,
        settings: dict[str, float],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> None:
        """Refuse numbers that the Launchpad would refuse, with its bounds."""
        bounds = {
            "fixed": (0.0, 1.0, "a threshold between 0 and 1"),
            "precision": (0.0, 1.0, "a share above 0, up to 1"),
            "recall": (0.0, 1.0, "a share above 0, up to 1"),
            "capacity": (0.0, 1000.0, "rows of a thousand, between 0 and 1000"),
        }
        if kind == "cost":
            costs = list(settings.values())
            if not (all(0 <= cost < float("inf") for cost in costs) and min(costs[:2]) > 0):
                self.fail("expected costs above 0, of a wrong yes and of a wrong no", param, ctx)
        elif kind in bounds:
            low, high, expected = bounds[kind]
            (number,) = settings.values()
            open_above = kind in ("fixed", "capacity")
            if not (low < number < high or (number == high and not open_above)):
                self.fail(f"expected {expected}, found {number:g}", param, ctx)


class FoldsByRepeatsType(click.ParamType):  # type: ignore[type-arg]  # not generic before 8.2
    """``5x10``: folds and repeats; the value is the Launchpad's configuration."""

    name = "folds x repeats"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, int]:
        """Return ``{"folds": …, "repeats": …}``."""
        if isinstance(value, dict):
            return value
        found = re.fullmatch(r"(\d{1,3})x(\d{1,3})", str(value).strip())
        if str(value) == "0":
            return {"repeats": 0}
        if found is None or not (2 <= int(found[1]) <= 50 and int(found[2]) <= 200):
            self.fail(
                "expected 2 to 50 folds and at most 200 repeats, such as 5x10, or 0, "
                f"found {str(value)!r}",
                param,
                ctx,
            )
        return {"folds": int(found[1]), "repeats": int(found[2])}


def decision_options(command: Command) -> Command:
    """Add ``--threshold``, ``--recalibrate`` and ``--cv``."""
    for option in (
        click.option(
            "--cv",
            type=FoldsByRepeatsType(),
            help="Cross-validate on the training rows, such as 5x10: 5 folds, 10 times; 0: never "
            "[default: for small test sets, in about a second].",
        ),
        click.option(
            "--recalibrate",
            type=click.Choice(["platt", "isotonic"]),
            help="Correct the probabilities by a curve learned on held-out training rows.",
        ),
        click.option(
            "--threshold",
            type=ThresholdRuleType(),
            help="Yes where the probability is above it: a number, or a rule that chooses it on "
            "held-out training rows: cost:FP:FN (cost of a wrong yes and of a wrong no), "
            "precision:P, recall:R, capacity:ROWS (of a thousand) or youden [default: 0.5].",
        ),
    ):
        command = option(command)
    return command


def decision_settings(
    threshold: dict[str, dict[str, float]] | None, recalibrate: str | None
) -> dict[str, object]:
    """Return the part of the models' configuration that was asked for."""
    given: dict[str, object] = {}
    if threshold is not None:
        given["decision"] = threshold
    if recalibrate is not None:
        given["recalibration"] = recalibrate
    return given
