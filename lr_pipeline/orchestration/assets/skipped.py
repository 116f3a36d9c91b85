"""Say that an asset makes nothing in this run, and why: in the run's log and on its page."""

import dagster as dg

from lr_pipeline.orchestration.table_names import TableNames


def skipped(context: dg.AssetExecutionContext, reason: str) -> dg.AssetObservation:
    """Log the reason as a warning, and return it as an observation of the asset."""
    said = f"skipped: {reason}"
    context.log.warning(said)
    return dg.AssetObservation(context.asset_key, description=said, metadata={"skipped": reason})


def skipped_without_rows(context: dg.AssetExecutionContext, effect: str) -> dg.AssetObservation:
    """Say what a missing ``score_path`` has for an effect, and how to give one."""
    op = TableNames.of(context.asset_key).named(context.asset_key.path[-1])
    return skipped(
        context,
        f"{effect} without a score_path. Give it in the Launchpad: "
        f"ops: {{{op}: {{config: {{score_path: new_rows.csv}}}}}}, or for every run in the table's "
        "declaration: build_definitions(…, score_path=) or score_path: in its YAML file",
    )
