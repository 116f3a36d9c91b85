"""The page's section on what changed since the last report, and the same in a line."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from lr_pipeline.evaluation.metrics import HEADINGS
from lr_pipeline.evaluation.number_format import (
    UNDEFINED,
    count,
    decimals_for,
    fixed,
    p_value,
    percent,
    signed,
    significant,
)
from lr_pipeline.report.provenance_view import RUN_DIGITS, moment
from lr_pipeline.tables.errors import count_of, cut

Numbers = Mapping[str, Any]
Row = list[str]

SHOWN_METRICS = ("log_loss", "brier_score", "roc_auc", "average_precision", "accuracy")
LONGEST_VALUE = 60  # letters of a setting, hash or level
NOT_THERE = "none"
IN_SHORT = {  # kind of a column's change → the words before the columns' names
    "added": "added",
    "removed": "removed",
    "kind": "of another kind",
    "reference": "with another reference level",
    "levels": "with other levels",
}
OVERLAP = {True: "overlap", False: "apart", None: UNDEFINED}


class SinceView(NamedTuple):
    """Texts of the section; ``sentences`` first, then a table for each kind of change."""

    sentences: tuple[str, ...] = ()
    data: tuple[Row, ...] = ()
    columns: tuple[Row, ...] = ()
    coefficients: str = ""
    moved: tuple[Row, ...] = ()
    metrics: tuple[Row, ...] = ()
    metrics_model: str = ""
    rows: str = ""
    settings: tuple[Row, ...] = ()


def since_view(numbers: Numbers) -> SinceView | None:
    """Return the section, None if this is the first report of the table."""
    since = numbers["run"]["since"]
    if since is None:
        return None
    if since["problem"] or since["nothing"]:
        return SinceView((_opening(since),))
    titles, model = numbers["titles"], _shown_model(numbers)
    changes = [*since["settings"], *since["code"]]
    return SinceView(
        sentences=(_opening(since), *_remarks(since)),
        data=tuple(_change_row(one) for one in [since["verdict"], *since["data"]] if one),
        columns=tuple(map(_column_row, since["columns"])),
        coefficients=_coefficient_sentence(since, titles),
        moved=tuple(map(_shift_row, (since["coefficients"] or {}).get("moved", ()))),
        metrics=tuple(_metric_rows(since, model)),
        metrics_model=titles.get(model, ""),
        rows=_rows(since["same_test_rows"]),
        settings=tuple(map(_change_row, changes)),
    )


def since_line(numbers: Numbers) -> str:
    """Return what changed in one line, "" if this is the first report of the table."""
    since = numbers["run"]["since"]
    if since is None:
        return ""
    if since["problem"] or since["nothing"]:
        return _opening(since)
    return f"{_opening(since)} {'; '.join(_in_short(since, _shown_model(numbers)))}".strip()


def _opening(since: Numbers) -> str:
    last = f"the report of {moment(since['made'])} (run {since['run'][:RUN_DIGITS]})"
    if since["problem"]:
        return f"There is {last}, but it cannot be read: {since['problem']}"
    if since["nothing"]:
        return f"Nothing changed since {last}."
    return f"Compared with {last}."


def _in_short(since: Numbers, model: str) -> Iterator[str]:
    """Yield each kind of change in a few words."""
    if one := since["verdict"]:
        yield f"verdict: {one['before']}, now {one['now']}"
    for one in since["data"]:
        yield f"{one['what']}: {', now '.join(_both(one))}"
    for kind, said in IN_SHORT.items():
        names = [cut(one["column"]) for one in since["columns"] if one["what"] == kind]
        if names:
            rest = f" and {len(names) - 1} more" if len(names) > 1 else ""
            yield f"{said}: {names[0]}{rest}"
    found = since["coefficients"]
    if found and found["compared"]:
        yield f"{len(found['moved'])} of {count_of(found['compared'], 'coefficient')} moved"
    for one in _of_model(since, model):
        if one["metric"] in SHOWN_METRICS[:3]:
            values = (_number(one[when], one["decimals"]) for when in ("before", "now"))
            yield f"{HEADINGS[one['metric']]} {', now '.join(values)}"
    for part, said in (("settings", "settings"), ("code", "code and libraries")):
        if since[part]:
            yield f"{said}: {count_of(len(since[part]), 'change')}"
    if since["unknown"]:
        yield f"not recorded then: {', '.join(since['unknown'])}"


def _remarks(since: Numbers) -> Iterator[str]:
    """Yield what could not be compared."""
    if since["unknown"]:
        yield f"That report does not record: {', '.join(since['unknown'])}."
    if since["metrics_withheld"]:
        yield f"Coefficients and metrics are not compared: {since['metrics_withheld']}."


def _coefficient_sentence(since: Numbers, titles: Mapping[str, str]) -> str:
    found = since["coefficients"]
    if found is None or since["metrics_withheld"] or "coefficients" in since["unknown"]:
        return ""
    title = titles.get(found["model"], found["model"])
    if found["withheld"]:
        return f"The coefficients of {title} are not compared: {found['withheld']}."
    moved = len(found["moved"]) or "none"
    left = (
        f"; {count(found['left_out'])} cannot be compared (without standard errors, or against "
        "another reference level)"
        if found["left_out"]
        else ""
    )
    return (
        f"{title}: of {count_of(found['compared'], 'coefficient')} in both reports, {moved} moved "
        f"beyond the errors of both estimates{left}."
    )


def _rows(same: bool | None) -> str:
    """Say what a difference of metrics is due to."""
    if same is None:
        return "Whether both were tested on the same rows is not recorded."
    if same:
        return (
            "Both were tested on the same rows: the difference is due to the models alone, and "
            "intervals that overlap can hide it."
        )
    return (
        "The two were tested on different rows: a difference is due to the rows as well as to the "
        "models. Intervals that are apart show that it is more than chance; those that overlap do "
        "not show that there is none."
    )


def _shown_model(numbers: Numbers) -> str:
    """Return the model whose effects the page shows, else the last one."""
    effects = numbers["effects"]
    return str(effects["name"] if effects else list(numbers["models"])[-1])


def _of_model(since: Numbers, model: str) -> list[Numbers]:
    """Return the changed metrics that are shown, in their usual order."""
    found = {one["metric"]: one for one in since["metrics"] if one["model"] == model}
    return [found[name] for name in SHOWN_METRICS if name in found]


def _metric_rows(since: Numbers, model: str) -> Iterator[Row]:
    for one in _of_model(since, model):
        places, difference = one["decimals"], one["difference"]
        yield [
            HEADINGS[one["metric"]],
            _number(one["before"], places),
            _number(one["now"], places),
            UNDEFINED if difference is None else signed(difference, places),
            OVERLAP[one["overlap"]],
        ]


def _number(value: float | None, places: int) -> str:
    return UNDEFINED if value is None else fixed(value, places)


def _shift_row(one: Numbers) -> Row:
    """Return column, both values with the digits that the error justifies, and the p-value."""
    error = one["standard_error"]
    places = decimals_for((-2.0 * error, 2.0 * error))
    plain = 10.0**-places <= error
    values = [
        fixed(one[when], places) if plain else significant(one[when], 3)
        for when in ("before", "now")
    ]
    return [cut(one["column"]), *values, p_value(one["adjusted"])]


def _column_row(one: Numbers) -> Row:
    what = one["what"]
    said = what if what in ("added", "removed") else f"another {what}"
    if what == "levels":
        said = "other levels"
    return [cut(one["column"]), said, _value(one["before"]), _value(one["now"])]


def _change_row(one: Numbers) -> Row:
    return [cut(one["what"]), *_both(one)]


def _both(one: Numbers) -> list[str]:
    """Return both values of a change; numbers with every digit where fewer would look the same."""
    values = [one["before"], one["now"]]
    shown = [_value(value, one["what"]) for value in values]
    alike = shown[0] == shown[1] and all(isinstance(value, int | float) for value in values)
    return list(map(repr, values)) if alike else shown


def _value(value: Any, what: str = "") -> str:
    """Return a value of any kind as a short text."""
    if value is None:
        return NOT_THERE
    if isinstance(value, list):
        return cut(", ".join(map(str, value)), LONGEST_VALUE) or NOT_THERE
    if what.startswith("prevalence"):
        return percent(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return count(value)
    return cut(str(value), LONGEST_VALUE)
