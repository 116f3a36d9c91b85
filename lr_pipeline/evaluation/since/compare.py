"""Compare the numbers of a report with those of the latest earlier one of the same table."""

from collections.abc import Iterator, Mapping
from typing import Any

from lr_pipeline.evaluation.recorded_data import key_of_test_rows, short_hash
from lr_pipeline.evaluation.report_differences import (
    changed_answer,
    changed_leaves,
    metrics_apart,
)
from lr_pipeline.evaluation.since.changes import Change, ColumnChange, MetricChange, SinceLast
from lr_pipeline.evaluation.since.earlier_report import EarlierReport
from lr_pipeline.evaluation.since.shifts import coefficient_changes
from lr_pipeline.evaluation.strict_numbers import strict_numbers

Numbers = Mapping[str, Any]

# Parts of a report's numbers → what a reader calls them.
PARTS = {
    "data": "source",
    "features": "columns",
    "fits": "coefficients",
    "models": "metrics",
    "intervals": "intervals",
    "settings": "settings",
    "code": "code",
}
FACTS = {
    "target": "target",
    "positive": "positive value",
    "train_rows": "training rows",
    "test_rows": "test rows",
    "train_cases": "training cases",
    "test_cases": "test cases",
    "prevalence": "prevalence in training",
    "test_prevalence": "prevalence in the test set",
}
OF_WEIGHTS = ("train_cases", "test_cases")  # facts that rows without weights do not have
NOT_SETTINGS = ("kind", "path", "target", "positive", "split")  # shown elsewhere, or no choice
OTHER_QUESTION = "the two reports answer different questions"


def since_last(earlier: EarlierReport, numbers: Numbers) -> SinceLast:
    """Return what changed from the earlier report to this one, whose numbers these are.

    Nothing here is a test of a cause: data, settings and code can all have changed at once.
    A part that the earlier report does not have, since an earlier version wrote it, is named in
    ``unknown`` and not compared.
    """
    if earlier.numbers is None:
        return SinceLast(earlier.run, earlier.made, problem=earlier.problem)
    then, now = strict_numbers(earlier.numbers), strict_numbers(numbers)
    unknown = tuple(said for part, said in PARTS.items() if not isinstance(then.get(part), Mapping))
    then |= {part: {} for part in PARTS if not isinstance(then.get(part), Mapping)}
    columns = tuple(_columns(then["features"], now["features"])) if then["features"] else ()
    answers = changed_answer(then, now)
    other = any(then.get(name, now[name]) != now[name] for name in ("target", "positive"))
    return SinceLast(
        earlier.run,
        earlier.made,
        verdict=None if answers is None else Change("verdict", *answers),
        data=tuple(_data(then, now)),
        columns=columns,
        coefficients=coefficient_changes(then, now, columns, OTHER_QUESTION if other else ""),
        metrics=() if other else tuple(_metrics(then, now)),
        metrics_withheld=OTHER_QUESTION if other else "",
        same_test_rows=_same_test_rows(then, now),
        settings=tuple(_settings(then, now)),
        code=tuple(_leaf_changes(then["code"], now["code"])),
        unknown=unknown,
    )


def _data(then: Numbers, now: Numbers) -> Iterator[Change]:
    """Yield what differs in the rows, their source and its content."""
    for name, said in FACTS.items():
        recorded = name in then or (name in OF_WEIGHTS and "train_rows" in then)
        if recorded and then.get(name) != now.get(name):
            yield Change(said, then.get(name), now.get(name))
    if not then["data"]:
        return
    if then["data"].get("source") != now["data"].get("source"):
        yield Change("source", then["data"].get("source"), now["data"].get("source"))
    hashes = [short_hash(one["data"]) for one in (then, now)]
    if hashes[0] != hashes[1]:
        yield Change("content, by its hash", *hashes)


def _columns(then: Numbers, now: Numbers) -> Iterator[ColumnChange]:
    """Yield the features that came, went, or became columns of the design in another way."""
    for name, found in now.items():
        if name not in then:
            yield ColumnChange(name, "added", now=found["kind"])
    for name, before in then.items():
        if name not in now:
            yield ColumnChange(name, "removed", before.get("kind"))
            continue
        found = now[name]
        if before.get("kind") != found["kind"]:
            yield ColumnChange(name, "kind", before.get("kind"), found["kind"])
        elif before.get("reference") != found["reference"]:
            yield ColumnChange(name, "reference", before.get("reference"), found["reference"])
        gone, new = _one_sided(before.get("levels") or (), found["levels"])
        if gone or new:
            yield ColumnChange(name, "levels", gone, new)


def _one_sided(before: Any, now: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what is only in the first, and what is only in the second."""
    old, new = dict.fromkeys(before), dict.fromkeys(now)
    return tuple(one for one in old if one not in new), tuple(one for one in new if one not in old)


def _metrics(then: Numbers, now: Numbers) -> Iterator[MetricChange]:
    """Yield the metrics of the models in both reports whose shown digits changed."""
    for model, name, before, found, decimals in metrics_apart(then, now):
        if name not in now["models"].get(model, {}):
            continue
        difference = None if before is None or found is None else found - before
        overlap = _overlap(_ends(then, model, name), _ends(now, model, name))
        yield MetricChange(model, name, before, found, difference, overlap, decimals)


def _ends(numbers: Numbers, model: str, name: str) -> tuple[float, float] | None:
    found = numbers["intervals"].get(model, {}).get(name) or {}
    low, high = found.get("low"), found.get("high")
    return None if low is None or high is None else (low, high)


def _overlap(one: tuple[float, float] | None, other: tuple[float, float] | None) -> bool | None:
    if one is None or other is None:
        return None
    return one[0] <= other[1] and other[0] <= one[1]


def _same_test_rows(then: Numbers, now: Numbers) -> bool | None:
    """Tell whether both tested on the same rows of the same source; None if it is not known."""
    data = then["data"]
    if data.get("content") or data.get("fingerprint"):
        return key_of_test_rows(data) == key_of_test_rows(now["data"])
    if then.get("test_fingerprint"):
        return bool(then["test_fingerprint"] == now["test_fingerprint"])
    return None


def _settings(then: Numbers, now: Numbers) -> Iterator[Change]:
    """Yield what differs in declaration, split, settings of the run, and objectives."""
    if then["data"]:
        declared, found = (_choices(one["data"].get("declaration")) for one in (then, now))
        yield from _leaf_changes(declared, found, "declaration")
        yield from _leaf_changes(then["data"].get("split"), now["data"].get("split"), "split")
    if then["settings"]:
        yield from _leaf_changes(then["settings"], now["settings"])
    for model in then["fits"]:
        if model in now["fits"]:
            before, after = (one["fits"][model].get("objective") for one in (then, now))
            if before != after:
                yield Change(f"objective of {model}", before, after)


def _choices(declaration: Numbers | None) -> dict[str, Any]:
    """Return what a declaration chooses, each list as one value."""
    chosen = {name: one for name, one in (declaration or {}).items() if name not in NOT_SETTINGS}
    return {
        name: ", ".join(map(str, one)) if isinstance(one, list) else one
        for name, one in chosen.items()
    }


def _leaf_changes(then: Numbers | None, now: Numbers | None, of: str = "") -> Iterator[Change]:
    """Yield the differing values inside two mappings, each by its path in words."""
    if then:
        for path, before, found in changed_leaves(then, now or {}):
            yield Change(f"{of} {path.lstrip('/').replace('/', ' ')}".strip(), before, found)
