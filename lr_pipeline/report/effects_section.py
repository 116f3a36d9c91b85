"""What the templates of effects and fits are given."""

from typing import TYPE_CHECKING, Any

from lr_pipeline.core.inference.group_inference import BY_GROUPS
from lr_pipeline.evaluation.effects.effects import Effects
from lr_pipeline.evaluation.findings import Findings, ModelSection
from lr_pipeline.evaluation.number_format import count
from lr_pipeline.report.canvas import embedded
from lr_pipeline.report.effects_view import (
    agreement_lines,
    effects_table,
    group_lines,
    inflation_line,
    linear_rows,
)
from lr_pipeline.report.fits_view import descending, descent_curves, fact_rows
from lr_pipeline.report.forest_figure import forest_plot, forest_rows
from lr_pipeline.report.model_view import coefficient_table

if TYPE_CHECKING:
    from markupsafe import Markup

METHODS = {
    BY_GROUPS: "Wald's method with the sandwich covariance, the {groups} groups of training rows "
    "as units, by the t and F distributions of {freedom} degrees of freedom",
    "profile": "profile likelihood and likelihood-ratio tests",
    "wald": "Wald's method",
}


def effects_context(findings: Findings) -> dict[str, Any] | None:
    """Return the names in the template of effects; None where none were found."""
    effects = findings.effects
    if effects is None:
        return None
    place = place_of(findings, effects.name)
    drawn: list[Markup] = []
    if forest_rows(effects):
        title = f"Odds ratios of {effects.title}"
        drawn = [embedded(forest_plot(effects, place), "effects", title)]
    known = any(column.interval for column in effects.columns)
    return {
        "title": effects.title,
        "agreements": agreement_lines(effects),
        "groups": group_lines(effects.together),
        "inflation": inflation_line(effects),
        "withheld": "" if known else effects.withheld,
        "table": effects_table(effects),
        "rows": effects.rows,
        "method": _method(effects) if known else "",
        "points_withheld": effects.points_withheld if known else "",
        "figures": drawn,
        "recalibrated": recalibrated(
            findings.models[place],
            "Odds ratios and points of probability are of the fit before its recalibration.",
        ),
        "exact": coefficient_table(findings.models[place]),
        "linear": linear_rows(effects.linear),
    }


def _method(effects: Effects) -> str:
    """Return how intervals and p-values were found."""
    words = METHODS.get(effects.interval_method, "")
    return words.format(groups=count(effects.groups), freedom=count(effects.groups - 1))


def recalibrated(model: ModelSection, sentence: str) -> str:
    """Return the sentence where the model's probabilities were recalibrated, else ""."""
    return "" if model.decision is None or model.decision.recalibration is None else sentence


def fits_context(findings: Findings) -> dict[str, Any]:
    """Return the names in the template of fits: facts, descents, further coefficients."""
    headings, rows = fact_rows(findings.models)
    traces = descending(findings)
    drawn: list[Markup] = []
    if traces:
        drawn = [embedded(descent_curves(traces), "descents", "Objective by iteration")]
    return {
        "headings": headings,
        "rows": rows,
        "figures": drawn,
        "models": [
            {
                "title": one.title,
                "withheld": one.withheld,
                "coefficients": coefficient_table(one),
            }
            for one in _shown_nowhere_else(findings)
        ],
    }


def place_of(findings: Findings, name: str) -> int:
    """Return the place of a model among all, which decides its colour."""
    return [model.name for model in findings.models].index(name)


def _shown_nowhere_else(findings: Findings) -> list[ModelSection]:
    """Return the models whose coefficients the section of effects does not show."""
    effects = findings.effects
    shown: set[str] = set()
    if effects is not None:
        shown = {effects.name, *(one.model for one in effects.linear)}
        if not any(one.differ for one in effects.agreements):
            shown |= {m.name for m in findings.models if m.linear_predictor is not None and m.fit}
    return [model for model in findings.models if model.coefficients and model.name not in shown]
