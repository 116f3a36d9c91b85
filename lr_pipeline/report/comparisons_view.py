"""The page's section on comparisons, from a report's numbers."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from lr_pipeline.evaluation.comparisons.optimism import OPTIMISTIC
from lr_pipeline.evaluation.metrics import HEADINGS
from lr_pipeline.evaluation.number_format import (
    count,
    decimals_for,
    fixed,
    metric,
    p_value,
    percent,
    signed,
    with_interval,
)
from lr_pipeline.report.metrics_table import first_alike

VERDICTS = {"better": "better", "worse": "worse", "undecided": "not told apart"}

Row = list[str]


class ComparisonsView(NamedTuple):
    """Texts of the section: tables as headings and rows, and sentences."""

    headings: tuple[str, ...] = ()
    tables: tuple[tuple[str, list[Row]], ...] = ()
    tests: int = 0
    methods: str = ""
    alike: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    training_headings: tuple[str, ...] = ()
    training: tuple[Row, ...] = ()
    training_rows: str = ""
    line: tuple[str, ...] = ()
    outside_headings: tuple[str, ...] = ()
    outside: tuple[Row, ...] = ()


def comparisons_view(numbers: Mapping[str, Any]) -> ComparisonsView:
    """Return the section; of models with the same predictions only the first is shown."""
    alike = first_alike(numbers["comparisons"])
    hidden = set(alike)
    shown = [one for one in numbers["comparisons"] if not hidden & {one["first"], one["second"]}]
    tested = [one for one in shown if one["p_value"] is not None]
    pairs = dict.fromkeys((one["first"], one["second"]) for one in tested)
    titles = numbers["titles"]
    methods = {one["metric"]: one["method"] for one in tested}
    line = numbers["line"]
    return ComparisonsView(
        headings=("Metric", "Difference", "p-value", "Detectable", "Verdict"),
        tables=tuple(
            (f"{titles[first]} − {titles[second]}", _rows(tested, first, second))
            for first, second in pairs
        ),
        tests=len(tested),
        methods="; ".join(f"{HEADINGS[name]}: {method}" for name, method in methods.items()),
        alike=tuple(
            f"{titles[first]} and {titles[second]} give every test row the same probability, "
            "up to rounding: there is nothing to compare."
            for first, second in alike.items()
        ),
        withheld=_withheld(shown, titles),
        **_training(numbers, hidden),
        **({} if line is None else _line(line, titles)),
    )


def _rows(tested: list[Mapping[str, Any]], first: str, second: str) -> list[Row]:
    return [_row(one) for one in tested if (one["first"], one["second"]) == (first, second)]


def _row(one: Mapping[str, Any]) -> Row:
    ends = one["interval"]["low"], one["interval"]["high"]
    return [
        HEADINGS[one["metric"]],
        with_interval(one["difference"], ends, signed),
        p_value(one["adjusted"]),
        fixed(one["smallest_detectable"], decimals_for(ends)),
        VERDICTS[one["verdict"]],
    ]


def _withheld(shown: list[Mapping[str, Any]], titles: Mapping[str, str]) -> tuple[str, ...]:
    """Return one sentence for each reason; a short one if it is that of all comparisons."""
    reasons: dict[str, dict[str, list[str]]] = {}
    for one in shown:
        if one["verdict"] == "withheld":
            pair = f"{titles[one['first']]} with {titles[one['second']]}"
            pairs = reasons.setdefault(one["interval"]["withheld"], {})
            pairs.setdefault(pair, []).append(HEADINGS[one["metric"]])
    if len(reasons) == 1 and all(one["verdict"] == "withheld" for one in shown):
        return (f"The models are not compared: {next(iter(reasons))}.",)
    return tuple(
        f"Not compared: {_listed(pairs)}. Reason: {reason}." for reason, pairs in reasons.items()
    )


def _listed(pairs: Mapping[str, list[str]]) -> str:
    return "; ".join(f"{pair} by {', '.join(metrics)}" for pair, metrics in pairs.items())


def _training(numbers: Mapping[str, Any], hidden: set[str]) -> dict[str, Any]:
    """Return metrics of training rows beside those of test rows."""
    training = numbers["training"]
    if training is None:
        return {}
    parts = [f"{HEADINGS[name]}, {part}" for name in OPTIMISTIC for part in ("training", "test")]
    rows = []
    for name, values in training["models"].items():
        if name not in hidden:
            cells = [numbers["titles"][name]]
            for one in OPTIMISTIC:
                cells += _beside(values[one], numbers["models"][name][one], numbers, name, one)
            rows.append(cells)
    return {
        "training_headings": ("Model", *parts),
        "training": tuple(rows),
        "training_rows": training["rows"],
    }


def _beside(
    trained: float | None, tested: float | None, numbers: Mapping[str, Any], name: str, one: str
) -> Row:
    """Return a metric of both parts, with the digits that the test set's interval justifies."""
    ends = numbers["intervals"][name][one]
    if ends["low"] is None or trained is None or tested is None:
        return [metric(trained), metric(tested)]
    places = decimals_for((ends["low"], ends["high"]))
    return [fixed(trained, places), fixed(tested, places)]


def _line(line: Mapping[str, Any], titles: Mapping[str, str]) -> dict[str, Any]:
    """Return what connects the straight line with the logistic curve."""
    linear, logistic = titles[line["linear"]], titles[line["logistic"]]
    ranked = line["rank_correlation"]
    places = 2 if ranked is None else 2 + sum(ranked > edge for edge in (0.99, 0.999, 0.9999))
    rank = "" if ranked is None else f"rank correlation of their scores {fixed(ranked, places)}, "
    outside = line["below"] + line["above"]
    said = [
        f"{linear} and {logistic}: {rank}different answers for {percent(line['disagreement'])} "
        "of the test cases, each at its own threshold. A straight line and a logistic curve rank "
        "cases nearly alike as long as probabilities stay away from 0 and 1."
    ]
    if outside:
        said.append(
            f"{linear} leaves [0, 1] for {count(outside)} of {count(line['cases'])} test cases: "
            f"{count(line['below'])} below 0, {count(line['above'])} above 1."
        )
    rows = tuple(
        [count(one["row"]), signed(one["line"], 3), metric(one["probability"]), str(one["label"])]
        for one in line["examples"]
    )
    return {
        "line": tuple(said),
        "outside_headings": ("Test row", linear, logistic, "Label"),
        "outside": rows,
    }
