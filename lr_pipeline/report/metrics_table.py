"""Metrics × models, for the terminal, for markdown and for the page."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from lr_pipeline.evaluation.metrics import HEADINGS, METRICS
from lr_pipeline.evaluation.number_format import UNDEFINED, decimals_for, fixed, metric, significant
from lr_pipeline.report.markdown import bold, escaped, markdown_table

MODELS_ABREAST = 4  # what a phone shows beside the metrics' names
IN_TERMINAL = ("log_loss", "brier_score", "roc_auc", "accuracy")
MOST_DECIMALS = 4  # in a terminal of 80 columns
OF_ANSWERS = "accuracy"  # the metric of answers by which models are compared
# Metrics that have no interval are shown with the digits of another one.
DIGITS_LIKE = {
    "ks": "roc_auc",
    "brier_reliability": "brier_score",
    "brier_resolution": "brier_score",
    "brier_uncertainty": "brier_score",
}


LEAST_PART = 1e-3  # of a Brier score: a part below it is shown as 0


class MetricCell(NamedTuple):
    """A metric of one model and its interval as text; ``best``: better than all other models."""

    text: str
    interval: str
    best: bool


class MetricRow(NamedTuple):
    """One metric, with a cell for each model."""

    heading: str
    cells: tuple[MetricCell, ...]


class MetricTable(NamedTuple):
    """The metrics of a few models, by title."""

    titles: tuple[str, ...]
    rows: tuple[MetricRow, ...]


def best_models(comparisons: Iterable[Mapping[str, Any]], metric_name: str) -> frozenset[str]:
    """Return the models that are significantly better by a metric than every other one.

    Models that give the same predictions share the mark. Others that cannot be compared with a
    model do not count; with no comparison that is "better", nothing is best.
    """
    better: set[str] = set()
    beaten: set[str] = set()
    same: list[tuple[str, str]] = []
    for one in comparisons:
        pair = one["first"], one["second"]
        if one["metric"] != metric_name or one["verdict"] == "withheld":
            continue
        if one["verdict"] == "same":
            same.append(pair)
        elif one["verdict"] == "undecided":
            beaten.update(pair)
        else:
            winner, loser = pair if one["verdict"] == "better" else pair[::-1]
            better.add(winner)
            beaten.add(loser)
    for pair in same:
        if set(pair) & beaten:
            beaten.update(pair)
    return frozenset(better - beaten)


def metric_tables(numbers: Mapping[str, Any]) -> list[MetricTable]:
    """Return the metrics of all models, of at most four in each table, from a report's numbers.

    Models that give the same predictions share a column.
    """
    best, titles = _best(numbers), _shared_titles(numbers)
    names = list(titles)
    starts = range(0, len(names), MODELS_ABREAST)
    parts = [names[start : start + MODELS_ABREAST] for start in starts]
    return [
        MetricTable(
            tuple(titles[name] for name in part),
            tuple(
                MetricRow(
                    column.heading,
                    tuple(_cell(numbers, name, column.name, best[column.name]) for name in part),
                )
                for column in METRICS
            ),
        )
        for part in parts
    ]


def first_alike(comparisons: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return model → the first one that gives the same predictions, for those that have one."""
    found: dict[str, str] = {}
    for one in comparisons:
        if one["verdict"] == "same" and one["metric"] == "brier_score":
            found.setdefault(one["first"], one["second"])
    return found


def _shared_titles(numbers: Mapping[str, Any]) -> dict[str, str]:
    """Return model → title, with those of later models that predict and answer the same."""
    firsts = first_alike(numbers["comparisons"])
    accuracy = {name: metrics["accuracy"] for name, metrics in numbers["models"].items()}
    shared: dict[str, list[str]] = {}
    for name in numbers["models"]:
        first = firsts.get(name, name)
        key = first if accuracy[first] == accuracy[name] else name
        shared.setdefault(key, []).append(numbers["titles"][name])
    return {name: " = ".join(titles) for name, titles in shared.items()}


def _best(numbers: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """Return metric → the best models; none by answers that were given at different thresholds."""
    found = {one.name: best_models(numbers["comparisons"], one.name) for one in METRICS}
    if len(set(numbers["thresholds"].values())) > 1:
        found[OF_ANSWERS] = frozenset()
    return found


def _cell(
    numbers: Mapping[str, Any], model: str, metric_name: str, best: frozenset[str]
) -> MetricCell:
    """Return a metric with the digits that its interval justifies, and the interval."""
    value = numbers["models"][model][metric_name]
    ends = numbers["intervals"][model][metric_name]
    if value is None:
        return MetricCell(UNDEFINED, "", False)
    if ends["low"] is None:
        like = numbers["intervals"][model][DIGITS_LIKE.get(metric_name, metric_name)]
        known = like["low"] is not None
        text = fixed(value, decimals_for((like["low"], like["high"]))) if known else _short(value)
        matters = abs(value) > LEAST_PART * numbers["models"][model]["brier_score"]
        if matters and not any(digit in text for digit in "123456789"):
            text = significant(value, 2)
        return MetricCell(text, "", model in best)
    decimals = decimals_for((ends["low"], ends["high"]))
    low, high = fixed(ends["low"], decimals), fixed(ends["high"], decimals)
    return MetricCell(fixed(value, decimals), f"{low} to {high}", model in best)


def _short(value: float) -> str:
    """Return a metric of unknown precision: two digits say enough."""
    return fixed(value, 2) if value == 0.0 or abs(value) >= 0.1 else significant(value, 2)


def table_rows(numbers: Mapping[str, Any]) -> list[list[str]]:
    """Return the heading, and of each model a row of its main metrics and one of their intervals.

    Metrics have the digits that their intervals justify.
    """
    shown = [column for column in METRICS if column.name in IN_TERMINAL]
    rows = [["Model", *(column.heading for column in shown)]]
    for name, metrics in numbers["models"].items():
        intervals = numbers["intervals"][name]
        cells = [_with_ends(metrics[one.name], **intervals[one.name]) for one in shown]
        rows.append([name, *(value for value, _ in cells)])
        if any(ends for _, ends in cells):
            rows.append(["  95 % interval", *(ends for _, ends in cells)])
    return rows


def _with_ends(
    value: float | None, low: float | None, high: float | None, **_: Any
) -> tuple[str, str]:
    """Return a metric and the ends of its interval, without the interval's other facts."""
    if value is None or low is None or high is None:
        return metric(value), ""
    places = min(decimals_for((low, high)), MOST_DECIMALS)
    return fixed(value, places), f"{fixed(low, places)}–{fixed(high, places)}"


def metrics_in_markdown(numbers: Mapping[str, Any]) -> str:
    """Return the table in markdown, the best of each metric in bold, and why some are undefined."""
    names, best = list(numbers["models"]), _best(numbers)
    rows = []
    for column in METRICS:
        cells = [_cell(numbers, name, column.name, best[column.name]) for name in names]
        rows.append(
            [column.heading, *(bold(_line(one)) if one.best else _line(one) for one in cells)]
        )
    table = markdown_table(["Metric", *names], rows, names)
    gaps = explain_gaps(numbers, {name: name for name in names})
    return "\n\n".join([table, *map(escaped, gaps)])


def _line(cell: MetricCell) -> str:
    return f"{cell.text} ({cell.interval})" if cell.interval else cell.text


def explain_gaps(numbers: Mapping[str, Any], titles: Mapping[str, str]) -> list[str]:
    """Return one sentence for each reason why metrics are undefined in some models."""
    reasons = [
        (titles[name], metric_name, reason)
        for name, of_model in numbers["reasons"].items()
        for metric_name, reason in of_model.items()
    ]
    return [
        f"{', '.join(metrics)} {'is' if len(metrics) == 1 else 'are'} undefined for "
        f"{', '.join(models)}: {reason}."
        for reason, metrics, models in _by_reason(reasons)
    ]


def explain_missing_intervals(numbers: Mapping[str, Any]) -> list[str]:
    """Return one sentence for each reason why metrics have no interval in some models."""
    alike = first_alike(numbers["comparisons"])
    shown = [name for name in numbers["models"] if name not in alike]
    reasons = [
        (numbers["titles"][name], metric_name, interval["withheld"])
        for name in shown
        for metric_name, interval in numbers["intervals"][name].items()
        if interval["withheld"] and numbers["models"][name][metric_name] is not None
    ]
    return [
        f"No interval for {', '.join(metrics)}"
        f"{'' if len(models) == len(shown) else ' of ' + ', '.join(models)}: {reason}."
        for reason, metrics, models in _by_reason(reasons)
    ]


def _by_reason(
    reasons: Iterable[tuple[str, str, str]],
) -> list[tuple[str, list[str], tuple[str, ...]]]:
    """Group (model, metric, reason): each reason with the metrics of the same models."""
    models: dict[tuple[str, str], list[str]] = {}
    for model, metric_name, reason in reasons:
        heading = HEADINGS[metric_name].lstrip("– ")
        models.setdefault((heading, reason), []).append(model)
    grouped: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (heading, reason), titles in models.items():
        grouped.setdefault((reason, tuple(titles)), []).append(heading)
    return [(reason, metrics, titles) for (reason, titles), metrics in grouped.items()]
