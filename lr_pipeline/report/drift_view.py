"""The drift of new rows as rows of a table, from its numbers: for the page and for a terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from lr_pipeline.evaluation.number_format import (
    UNDEFINED,
    count,
    p_value,
    percent,
    significant,
)

HEADINGS = ("Feature", "What", "Training", "New rows", "Effect", "PSI", "p, adjusted", "Verdict")
SHARES = ("missing", "out of range", "unseen levels")
DRIFT, NO_DRIFT = "drift", "no drift"
TITLES = {"score": "Score (log odds)", "prevalence": "Prevalence"}

Numbers = Mapping[str, Any]


def feature_rows(numbers: Numbers) -> list[list[str]]:
    """Return a row for each feature, for its largest effect; more rows where more has drifted."""
    return [drift_row(one) for one in shown_comparisons(numbers)]


def shown_comparisons(numbers: Numbers) -> list[Numbers]:
    """Return of each feature what has drifted, else its largest effect, the largest first."""
    seen: set[str] = set()
    shown = []
    for one in sorted(numbers["features"], key=_order):
        if one["drifted"] or one["subject"] not in seen:
            shown.append(one)
            seen.add(one["subject"])
    return shown


def whole_rows(numbers: Numbers) -> list[list[str]]:
    """Return the rows of the score and of the prevalence."""
    return [[TITLES[name], *drift_row(numbers[name])[1:]] for name in TITLES]


def drift_row(one: Numbers) -> list[str]:
    """Return the cells of one comparison, below ``HEADINGS``."""
    before, after = before_and_after(one)
    effect = UNDEFINED if one["effect"] is None else f"{one['measure']} {one['effect']:.3f}"
    return [
        one["subject"],
        one["aspect"],
        before,
        after,
        effect,
        UNDEFINED if one["psi"] is None else f"{one['psi']:.3f}",
        p_value(one["adjusted"]),
        verdict_word(one),
    ]


def verdict_word(one: Numbers) -> str:
    """Return "drift", "no drift", or why nothing was compared."""
    if one["withheld"]:
        return f"not compared: {one['withheld']}"
    return DRIFT if one["drifted"] else NO_DRIFT


def before_and_after(one: Numbers) -> tuple[str, str]:
    """Return mean or share in training and in new rows; of levels, the one that moved most."""
    if one["withheld"]:
        return UNDEFINED, UNDEFINED
    if one["aspect"] in SHARES or one["kind"] == "prevalence":
        names = f" ({', '.join(one['names'])})" if one["names"] else ""
        return percent(one["before"]), f"{percent(one['after'])}{names}"
    if one["before"] is not None:
        shift = one["shift"]
        moved = "" if shift is None else f" ({significant(shift, 2)} SD)"
        return f"mean {significant(one['before'])}", f"mean {significant(one['after'])}{moved}"
    label, before, after = max(one["cells"], key=lambda cell: abs(cell[2] - cell[1]))
    return f"{label}: {percent(before)}", percent(after)


def comparison_lines(numbers: Numbers) -> Iterator[str]:
    """Yield what is compared, in words: rows on both sides, and answers where there are any."""
    rows, cases = numbers["rows"], numbers["cases"]
    weighted = "" if rows == cases else f" ({count(cases)} cases)"
    yield (
        f"{count(rows)} new rows{weighted} against {count(numbers['train_rows'])} training rows of "
        f"model {numbers['model_version']}"
    )
    worth = numbers.get("independent", {})  # absent from reports of earlier versions
    if worth and worth != {"training": numbers["train_cases"], "new": cases}:
        new, training = (count(max(1, round(worth[side]))) for side in ("new", "training"))
        yield f"a group counts as one: tested as {new} new cases against {training}"
    if numbers["unknown_answers"]:
        unknown = [f"{name!r} ({count(n)})" for name, n in numbers["unknown_answers"].items()]
        yield f"not known as answers: {', '.join(unknown[:5])}"


def rule(numbers: Numbers) -> str:
    """Say when a difference counts as drift."""
    floors = numbers["floors"]
    return (
        f"Drift is a difference that is large, D ≥ {floors['D']:g} or V ≥ {floors['V']:g}, and "
        f"significant at {numbers['significance']:.0%} after Benjamini and Hochberg's control of "
        "false discoveries over all comparisons. D is Kolmogorov and Smirnov's largest gap between "
        "two distribution functions, V is Cramér's; both floors are what a shift of 0.1 standard "
        "deviations makes, half of what Cohen calls small."
    )


def _order(one: Numbers) -> tuple[bool, float]:
    return not one["drifted"], -(one["effect"] or 0.0) / one["floor"]
