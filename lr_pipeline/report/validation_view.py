"""The page's table of cross-validation."""

from typing import Any

from lr_pipeline.evaluation.findings import BASELINE, Findings
from lr_pipeline.evaluation.number_format import UNDEFINED, significant, with_interval
from lr_pipeline.evaluation.validation_folds.cross_validation import METRIC_NAMES, Estimate

HEADINGS = ("Model", "Log loss", "Brier score", "ROC AUC", "Accuracy")


def validation_context(findings: Findings) -> dict[str, Any] | None:
    """Return the names in the template of cross-validation; None where there is none."""
    found = findings.cross_validation
    if found is None:
        return None
    titles = {model.name: model.title for model in findings.models}
    titles[BASELINE] = "Prevalence baseline"
    alike = {
        name: " and ".join(titles[one] for one in (name, *found.alike.get(name, ())))
        for name in titles
    }
    gains = [
        f"{alike[name]}: {_shown(metrics['log_loss'])}"
        for name, metrics in found.gains.items()
        if metrics["log_loss"].mean is not None
    ]
    withheld = {
        one.interval.withheld for metrics in found.estimates.values() for one in metrics.values()
    }
    return {
        "withheld": found.withheld,
        "division": found.division,
        "times": found.repeats,
        "fits": found.folds * found.repeats,
        "seconds": significant(found.seconds, 2),
        "share": f"{found.folds - 1} of {found.folds}",
        "forward": any("than the one before" in reason for reason in withheld),
        "headings": HEADINGS,
        "rows": [
            [alike[name], *(_shown(metrics[metric]) for metric in METRIC_NAMES)]
            for name, metrics in found.estimates.items()
        ],
        "gains": gains,
        "penalised": found.penalised,
        "left_out": [f"{titles[name]}: {reason}" for name, reason in found.left_out.items()],
    }


def _shown(one: Estimate) -> str:
    """Return an estimate with its interval, in the digits that this justifies."""
    if one.mean is None:
        return UNDEFINED
    if one.interval.ends is None:
        return significant(one.mean, 3)
    return with_interval(one.mean, one.interval.ends)
