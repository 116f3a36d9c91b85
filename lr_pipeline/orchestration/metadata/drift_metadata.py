"""Metadata of the reference profile and of the drift report; the web UI charts the numbers."""

from collections.abc import Mapping
from itertools import islice
from typing import Any

import dagster as dg

from lr_pipeline.lifecycle.drift.reference_profile import ReferenceProfile
from lr_pipeline.report.drift_view import HEADINGS, feature_rows, whole_rows
from lr_pipeline.report.markdown import Markdown, markdown_table
from lr_pipeline.report.render import Report
from lr_pipeline.storage.plain_values import metadata_values
from lr_pipeline.tables.errors import cut

FEATURES_SHOWN = 50
# The verdict first and no PSI: the web UI's column has room for these in a usual window.
SHOWN = ("Feature", "Verdict", "What", "Training", "New rows", "Effect", "p, adjusted")
NUMBERS = ("Training", "New rows", "Effect", "p, adjusted")


def reference_metadata(profile: ReferenceProfile) -> dict[str, Any]:
    """Return whose training set it is, and of how many rows."""
    every = "" if profile.step == 1 else f", numbers from one case in {profile.step:,}"
    return metadata_values(
        {
            "summary": f"{len(profile.features)} features and the score of model "
            f"{profile.model_version}, {profile.rows:,} training rows{every}",
            "model_version": profile.model_version,
            "train_fingerprint": profile.train_fingerprint,
        }
    )


def drift_metadata(report: Report, pictures: Mapping[str, str]) -> dict[str, Any]:
    """Return the verdict, the comparisons as a table, effects as numbers, and the pictures."""
    numbers = report.numbers
    rows = [*whole_rows(numbers), *islice(feature_rows(numbers), FEATURES_SHOWN)]
    places = [HEADINGS.index(name) for name in SHOWN]
    shown = [[cut(row[place]) for place in places] for row in rows]
    effect = SHOWN.index("Effect")
    for row in shown:
        row[effect] = Markdown(row[effect].replace(" ", "&nbsp;"))
    return metadata_values(
        {
            "summary": numbers["verdict"],
            "dagster/row_count": numbers["rows"],
            "features_drifted": len(numbers["drifted_features"]),
            **_charted(numbers),
            "comparisons": dg.MetadataValue.md(markdown_table(SHOWN, shown, NUMBERS)),
            **{name: dg.MetadataValue.md(picture) for name, picture in pictures.items()},
            "model_version": numbers["model_version"],
            "train_fingerprint": numbers["train_fingerprint"],
        }
    )


def _charted(numbers: Mapping[str, Any]) -> dict[str, float]:
    """Return what charts over time: effects in units of their floors, and the prevalence."""
    sizes: dict[str, float] = {}
    for one in (*numbers["features"], numbers["score"], numbers["prevalence"]):
        if one["effect"] is not None:
            name = f"effect/{cut(one['subject'])}" if one["kind"] == "feature" else one["kind"]
            sizes[name] = max(sizes.get(name, 0.0), one["effect"] / one["floor"])
    of_features = {name: size for name, size in sizes.items() if name.startswith("effect/")}
    largest = sorted(of_features.items(), key=lambda pair: -pair[1])[:FEATURES_SHOWN]
    charted = {"largest_effect": max(of_features.values(), default=0.0), **dict(largest)}
    charted |= {
        f"effect of {name}": sizes[name] for name in ("score", "prevalence") if name in sizes
    }
    if numbers["prevalence"]["after"] is not None:
        charted["prevalence"] = numbers["prevalence"]["after"]
    return charted
