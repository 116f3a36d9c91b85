"""What the template of diagnostics is given."""

from typing import TYPE_CHECKING, Any

from lr_pipeline.evaluation.findings import Findings
from lr_pipeline.evaluation.number_format import significant
from lr_pipeline.report.canvas import embedded
from lr_pipeline.report.diagnostics_view import (
    goodness_table,
    influence_lines,
    influence_table,
    linearity_lines,
    linearity_table,
    worst_table,
)
from lr_pipeline.report.effects_section import place_of, recalibrated
from lr_pipeline.report.linearity_figure import linearity_figure

if TYPE_CHECKING:
    from markupsafe import Markup


def diagnostics_context(findings: Findings) -> dict[str, Any] | None:
    """Return the names in the template of diagnostics; None where there are none."""
    found = findings.diagnostics
    if found is None:
        return None
    drawn: list[Markup] = []
    if found.binned:
        figure = linearity_figure(found.binned, place_of(findings, found.name))
        drawn = [embedded(figure, "linearity", "Observed and predicted log odds by value")]
    leverage = found.mean_leverage
    return {
        "title": found.title,
        "rows": found.rows,
        "recalibrated": recalibrated(
            findings.models[place_of(findings, found.name)],
            "All but the worst predictions are of the fit before its recalibration.",
        ),
        "test_rows": found.test_rows,
        "goodness": goodness_table(found),
        "linearity": linearity_table(found),
        "linearity_lines": linearity_lines(found),
        "linearity_withheld": found.reason("linearity"),
        "untested": found.untested,
        "figures": drawn,
        "influential": influence_table(found),
        "influence_lines": influence_lines(found),
        "influence_withheld": found.reason("influence"),
        "mean_leverage": "" if leverage is None else significant(leverage, 2),
        "worst": worst_table(found),
    }
