"""Tag a run with its table where no job did: the web UI's button runs assets without a job."""

import dagster as dg

from lr_pipeline.orchestration.table_names import TABLE_TAG


def tag_run_of_table(context: dg.OutputContext) -> None:
    """Tag the run of this output with the table's name, if all its assets are of one table."""
    step = context.step_context
    if TABLE_TAG in step.dagster_run.tags:
        return
    prefixes = {tuple(key.path[:-1]) for key in step.job_def.asset_layer.selected_asset_keys}
    if len(prefixes) == 1 and len(prefix := prefixes.pop()) == 1:
        step.instance.add_run_tags(step.run_id, {TABLE_TAG: prefix[0]})
