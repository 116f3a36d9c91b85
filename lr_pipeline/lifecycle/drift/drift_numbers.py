"""The findings on drift as plain numbers, and the verdict in words."""

from collections.abc import Sequence
from typing import Any

from lr_pipeline.core.listed_names import listed
from lr_pipeline.evaluation.number_format import count
from lr_pipeline.lifecycle.drift.drift_findings import (
    FEATURE,
    FLOORS,
    PREVALENCE,
    SCORE,
    SIGNIFICANCE,
    Comparison,
    DriftFindings,
)
from lr_pipeline.tables.errors import cut
from lr_pipeline.tables.level_counts import plain_count

NAMES_SHOWN = 5
OF_COMPARISON = (
    *("subject", "kind", "aspect", "measure", "effect", "floor", "drifted", "p_value", "adjusted"),
    *("before", "after", "psi", "shift", "withheld"),
)


def drift_numbers(findings: DriftFindings, source: str) -> dict[str, Any]:
    """Return all that the page shows, in strict JSON's types; ``source`` names the new rows."""
    reference = findings.reference
    return {
        "verdict": verdict(findings),
        "drifted": bool(findings.drifted),
        "drifted_features": list(findings.drifted_features),
        "source": source,
        "rows": findings.rows,
        "cases": plain_count(findings.cases),
        "train_rows": reference.rows,
        "train_cases": reference.cases,
        "sampled_cases": plain_count(reference.score.sampled),
        "independent": {
            "training": plain_count(reference.cases * findings.independence.training),
            "new": plain_count(findings.cases * findings.independence.new),
        },
        "labelled": plain_count(findings.labelled),
        "unlabelled": plain_count(findings.unlabelled),
        "unknown_answers": {value: plain_count(n) for value, n in findings.unknown},
        "target": f"{reference.target} = {reference.positive}",
        "model_version": reference.model_version,
        "train_fingerprint": reference.train_fingerprint,
        "significance": SIGNIFICANCE,
        "floors": dict(FLOORS),
        "features": [_numbers(one) for one in findings.of_kind(FEATURE)],
        SCORE: _numbers(findings.of_kind(SCORE)[0]),
        PREVALENCE: _numbers(findings.of_kind(PREVALENCE)[0]),
    }


def verdict(findings: DriftFindings) -> str:
    """Say in a sentence or two what has drifted: features, the score, the prevalence."""
    if not findings.rows:
        return "Nothing to compare: there are no new rows."
    parts = []
    if names := findings.drifted_features:
        total, shown = len(findings.reference.features), listed(list(map(cut, names)), NAMES_SHOWN)
        parts.append(f"{len(names)} of {count(total)} features ({shown})")
    score, prevalence = (findings.of_kind(kind)[0] for kind in (SCORE, PREVALENCE))
    if score.drifted:
        parts.append("the score")
    if prevalence.drifted:
        parts.append(f"the prevalence ({prevalence.before:.1%} → {prevalence.after:.1%})")
    unknown = "" if prevalence.effect is not None else " Whether the prevalence moved is not known."
    if not parts:
        return f"No drift: no difference is both large and certain.{unknown}"
    return f"Drift: {_joined(parts)}.{unknown}"


def _joined(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _numbers(one: Comparison) -> dict[str, Any]:
    return {name: getattr(one, name) for name in OF_COMPARISON} | {
        "cells": [list(cell) for cell in one.cells],
        "names": list(one.names[:NAMES_SHOWN]),
    }
