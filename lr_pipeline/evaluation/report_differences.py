"""Compare a report with its replay: the same bits, the same certified digits, or what differs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

from lr_pipeline.evaluation.number_format import count, decimals_for, fixed, significant

Outcome = Literal["same bits", "same digits", "different"]

# What a run is told by, and what it was told: not its results.
NO_RESULT = ("run", "code", "settings", "table", "format_version")
CLOSED_FORM = 1e-9  # relative: what rounding makes of a closed form on another machine
FEWEST_DIGITS = 4  # of a metric without an interval, as the page prints it
SHOWN = 12


@dataclass(frozen=True)
class ReplayResult:
    """``outcome``; ``differences`` in results, ``causes`` in data and code that may explain them.

    ``compared`` numbers and texts were compared, ``unequal`` of them are not the same bits.
    """

    outcome: Outcome
    compared: int
    unequal: int
    differences: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()


def compare_reports(then: Mapping[str, Any], now: Mapping[str, Any]) -> ReplayResult:
    """Compare the numbers of a report, as it was stored, with those of its replay.

    Where a bit differs, the replay still agrees if the data and the verdict's answer are the same,
    coefficients are as near as both certificates promise, and metrics are the same to the digits
    that their intervals justify. All other numbers follow from these, and are only counted.
    """
    before, after = (dict(leaves(_results(one))) for one in (then, now))
    unequal = [path for path in before | after if before.get(path) != after.get(path)]
    causes = tuple(_causes(then, now))
    if not unequal:
        return ReplayResult("same bits", len(before), 0, (), causes)
    found = (_data(then, now), _answer(then, now), _coefficients(then, now), _metrics(then, now))
    differences = tuple(chain.from_iterable(found))
    outcome: Outcome = "different" if differences else "same digits"
    return ReplayResult(outcome, len(before), len(unequal), differences, causes)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield path → value of everything inside dictionaries and lists."""
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield from leaves(one, f"{path}/{name}")
    elif isinstance(value, list | tuple):
        for place, one in enumerate(value):
            yield from leaves(one, f"{path}/{place}")
    else:
        yield path, value


def changed_leaves(
    then: Mapping[str, Any], now: Mapping[str, Any]
) -> Iterator[tuple[str, Any, Any]]:
    """Yield path, value then, value now of everything inside that differs; None: not there."""
    before, after = dict(leaves(then)), dict(leaves(now))
    for path in before | after:
        if before.get(path) != after.get(path):
            yield path, before.get(path), after.get(path)


def _results(numbers: Mapping[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in numbers.items() if name not in NO_RESULT}


def _causes(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Yield what differs in code and libraries."""
    for path, before, after in changed_leaves(then.get("code", {}), now.get("code", {})):
        name = path.lstrip("/").replace("/", " ")
        shown = ("none" if one is None else one for one in (before, after))
        yield f"{name}: {' then, '.join(map(str, shown))} now"


def _data(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Yield that the data changed, by the hash that shows it."""
    before, after = (one.get("data", {}).get("content") or {} for one in (then, now))
    for kind in ("sha256", "version", "fingerprint"):
        if before.get(kind) != after.get(kind):
            yield f"the data changed: {kind} {before.get(kind)} then, {after.get(kind)} now"
            return
    for part in ("train", "test"):
        key = f"{part}_fingerprint"
        if then.get(key) != now.get(key):
            yield f"the {part} rows changed: fingerprint {then.get(key)} then, {now.get(key)} now"


def _answer(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    if answers := changed_answer(then, now):
        yield f"verdict: {answers[0]} then, {answers[1]} now"


def changed_answer(then: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, Any] | None:
    """Return the verdict's answers if they differ; None too where the earlier report has none."""
    before, after = ((one.get("verdict") or {}).get("answer") for one in (then, now))
    return (before, after) if before and before != after else None


def _coefficients(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    before, after = then.get("fits", {}), now.get("fits", {})
    for model in before | after:
        if model not in before or model not in after:
            yield f"{model} is in one of the reports alone"
            continue
        one, other = before[model], after[model]
        names = one["coefficients"] | other["coefficients"]
        apart = [name for name in names if not _agree(name, one, other)]
        for name in apart[:SHOWN]:
            values = (significant(fit["coefficients"].get(name), 8) for fit in (one, other))
            yield f"{model}: coefficient of {name!r} {' then, '.join(values)} now"
        if len(apart) > SHOWN:
            yield f"{model}: {count(len(apart) - SHOWN)} further coefficients"


def _agree(name: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether a coefficient of two fits is as near as both certificates promise."""
    a, b = (fit["coefficients"].get(name) for fit in (one, other))
    if a is None or b is None:
        return bool(a == b)
    error = one["standard_errors"].get(name)
    allowed = CLOSED_FORM * max(abs(a), abs(b))
    certificates = one["certificate"], other["certificate"]
    if error is not None and None not in certificates:
        allowed = max(allowed, error * sum(certificates))
    return bool(abs(a - b) <= allowed)


def _metrics(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for model, metric, *values, places in metrics_apart(then, now):
        yield f"{model}: {metric} {' then, '.join(_shown(one, places) for one in values)} now"


def metrics_apart(
    then: Mapping[str, Any], now: Mapping[str, Any]
) -> Iterator[tuple[str, str, int | float | None, int | float | None, int]]:
    """Yield model, metric, value then and now, decimals: where the decimals shown differ."""
    before, after = then.get("models", {}), now.get("models", {})
    for model in before:
        for metric, value in before[model].items():
            found = after.get(model, {}).get(metric)
            places = _places(then, model, metric)
            if _shown(value, places) != _shown(found, places) and not _close(value, found, places):
                yield model, metric, value, found, places


def _places(numbers: Mapping[str, Any], model: str, metric: str) -> int:
    """Return the decimals that a metric's interval justifies."""
    ends = numbers.get("intervals", {}).get(model, {}).get(metric) or {}
    low, high = ends.get("low"), ends.get("high")
    return FEWEST_DIGITS if low is None or high is None else decimals_for((low, high))


def _shown(value: int | float | None, places: int) -> str:
    return "–" if value is None else fixed(float(value), places)


def _close(value: int | float | None, found: int | float | None, places: int) -> bool:
    """Tell whether two values differ only since a rounding falls between them."""
    return None not in (value, found) and abs(value - found) < 0.01 * 10.0**-places  # type: ignore[operator]
