"""The drift page: one HTML file that needs nothing else, from the numbers of a comparison."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lr_pipeline.evaluation.number_format import count
from lr_pipeline.report.canvas import inline_svg, markdown_picture
from lr_pipeline.report.drift_figure import drift_bars
from lr_pipeline.report.drift_view import (
    DRIFT,
    HEADINGS,
    TITLES,
    comparison_lines,
    feature_rows,
    rule,
    shown_comparisons,
    whole_rows,
)
from lr_pipeline.report.page import write_template
from lr_pipeline.report.render import Report

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FIGURES = 3


def render_drift(numbers: Mapping[str, Any]) -> Report:
    """Write the page; nothing in the numbers is interpreted as HTML."""
    from markupsafe import Markup

    figures = [
        Markup(inline_svg(figure, f"drift-{place}", f"Shares of {title}"))
        for place, (title, figure) in enumerate(_figures(numbers))
    ]
    context = {
        "title": f"Drift of {numbers['source']}",
        "verdict": numbers["verdict"],
        "drifted": numbers["drifted"],
        "lines": list(comparison_lines(numbers)),
        "headings": HEADINGS,
        "features": list(map(_marked, feature_rows(numbers))),
        "whole": list(map(_marked, whole_rows(numbers))),
        "figures": figures,
        "rule": rule(numbers),
        "facts": _facts(numbers),
    }
    return Report(write_template("drift.html", context), dict(numbers))


def drift_pictures(numbers: Mapping[str, Any]) -> dict[str, str]:
    """Return the figures of the largest effects: title → markdown image."""
    return {
        f"distribution_{place + 1}": markdown_picture(figure, title)
        for place, (title, figure) in enumerate(_figures(numbers))
    }


def _figures(numbers: Mapping[str, Any]) -> "Iterator[tuple[str, Figure]]":
    """Yield the figures of what has drifted, else of the largest effects of features."""
    shown = [one for one in shown_comparisons(numbers) if one["cells"]][:FIGURES]
    shown = [one for one in shown if one["drifted"]] or shown[:1]
    yield from ((one["subject"], drift_bars(one, one["subject"])) for one in shown)
    if numbers["score"]["drifted"]:
        title = TITLES["score"]
        yield title, drift_bars(numbers["score"], title)


def _marked(row: Sequence[str]) -> list[str | dict[str, str]]:
    """Return the row with its verdict set in bold where it is drift."""
    *cells, verdict = row
    return [*cells, {"text": verdict, "class": "best"} if verdict == DRIFT else verdict]


def _facts(numbers: Mapping[str, Any]) -> dict[str, str]:
    sampled = numbers["sampled_cases"]
    every = (
        f"{count(sampled)} evenly spaced cases" if sampled < numbers["train_cases"] else "all rows"
    )
    answers = f"{count(numbers['labelled'])} rows"
    return {
        "New rows": f"{count(numbers['rows'])} of {numbers['source']}",
        "Training rows": count(numbers["train_rows"]),
        "Distributions of numbers in training": f"of {every}",
        f"Rows with an answer ({numbers['target']} or not)": answers,
        "Model": numbers["model_version"],
        "Training fingerprint": numbers["train_fingerprint"],
    }
