"""The options of a model's threshold and recalibration, and the configuration that they mean."""

import re
from collections.abc import Callable
from math import inf
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

FORMS = "0.3, cost:1:5, precision:0.8, recall:0.9, capacity:50 or youden"
# Rule → the settings that the numbers after it are.
SETTINGS = {
    "fixed": ("threshold",),
    "cost": ("false_positive", "false_negative", "true_positive", "true_negative"),
    "precision": ("target",),
    "recall": ("target",),
    "capacity": ("per_thousand",),
    "youden": (),
}
# Rule of one number → its bounds, whether the upper one is allowed, and what it is.
BOUNDS = {
    "fixed": (0.0, 1.0, False, "a threshold between 0 and 1"),
    "precision": (0.0, 1.0, True, "a share above 0, up to 1"),
    "recall": (0.0, 1.0, True, "a share above 0, up to 1"),
    "capacity": (0.0, 1000.0, False, "rows of a thousand, between 0 and 1000"),
}


def threshold_rule(text: str) -> dict[str, dict[str, float]]:
    """Return the Launchpad's configuration, ``{kind: settings}``, of a number or a rule.

    Raises
    ------
    BadParameter
        It has another form, or numbers that the Launchpad would refuse.
    """
    kind, *parts = text.split(":")
    if kind == "fixed" or kind not in SETTINGS:
        kind, parts = "fixed", [text]
    names = SETTINGS[kind]
    numbers: list[float] | None
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = None
    needed = 2 if kind == "cost" else len(names)
    if numbers is None or not needed <= len(numbers) <= len(names):
        raise click.BadParameter(f"expected {FORMS}, found {text!r}")
    if kind == "cost":
        wrong_yes, wrong_no, right_yes, right_no = [*numbers, 0.0, 0.0][:4]
        loses = wrong_yes + right_no > 0 and wrong_no + right_yes > 0
        if not (loses and all(0 <= cost < inf for cost in numbers)):
            raise click.BadParameter(
                "expected costs of at least 0, where a wrong yes and a wrong no each lose something"
            )
    elif kind in BOUNDS:
        (number,), (low, high, closed, expected) = numbers, BOUNDS[kind]
        if not (low < number < high or (closed and number == high)):
            raise click.BadParameter(f"expected {expected}, found {number:g}")
    return {kind: dict(zip(names, numbers, strict=False))}


def folds_by_repeats(text: str) -> dict[str, int]:
    """Return the Launchpad's configuration of ``5x10``, folds and repeats, or of ``0``: never."""
    if text == "0":
        return {"repeats": 0}
    found = re.fullmatch(r"(\d{1,3})x(\d{1,3})", text.strip())
    if found is None or not (2 <= int(found[1]) <= 50 and int(found[2]) <= 200):
        raise click.BadParameter(
            f"expected 2 to 50 folds and at most 200 repeats, such as 5x10, or 0, found {text!r}"
        )
    return {"folds": int(found[1]), "repeats": int(found[2])}


def decision_options(command: Command) -> Command:
    """Add ``--threshold``, ``--recalibrate`` and ``--cv``."""
    for option in (
        click.option(
            "--cv",
            type=folds_by_repeats,
            metavar="FOLDSxREPEATS",
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
            type=threshold_rule,
            metavar="RULE",
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
    asked = {"decision": threshold, "recalibration": recalibrate}
    return {name: value for name, value in asked.items() if value is not None}
