"""Metrics of labelled rows that were scored from a terminal join the history that the UI charts."""

from pathlib import Path

from lr_pipeline.orchestration.instance.home import opened_home
from lr_pipeline.orchestration.instance.model_choice import is_model_file, model_asset
from lr_pipeline.orchestration.metadata.source_names import SOURCE, source_identity
from lr_pipeline.scoring.predictions import Predictions, describe_counts
from lr_pipeline.storage.plain_values import metadata_values

PREDICTIONS = "predictions"


def record_answers(name: str, home: str | Path | None, scored: Predictions) -> str | None:
    """Record the metrics as an observation of the table's `predictions`; return the asset's name.

    ``name`` is the model as ``find_model`` takes it. Nothing is recorded where the rows have no
    answers, or the model is that of a file.
    """
    if scored.outcome is None or not scored.outcome.metrics or is_model_file(name):
        return None
    import dagster as dg

    key = dg.AssetKey([*model_asset(name).split("/")[:-1], PREDICTIONS])
    meaning = scored.meaning()
    values = {
        "summary": describe_counts(scored),
        SOURCE: source_identity(scored.new_rows.source),
        **scored.outcome.numbers(),
        **{one: meaning[one] for one in ("model_version", "model_status", "threshold")},
    }
    with opened_home(home) as instance:
        instance.report_runless_asset_event(
            dg.AssetObservation(
                key, metadata=metadata_values(values), description="scored from a terminal"
            )
        )
    return key.to_user_string()
