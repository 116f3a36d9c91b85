"""Show how a run ended: what stopped it, or its metrics, failed checks and report."""

import re
from typing import Any

import click
import dagster as dg
from rich.table import Table as TerminalTable

from lr_pipeline.cli.remedies import in_options
from lr_pipeline.cli.terminal_progress import CONSOLE
from lr_pipeline.cli.worst_moments import INTERRUPTIONS, history_problem, memory_problem
from lr_pipeline.orchestration.asset_names import CHAMPION, REPORT
from lr_pipeline.orchestration.instance.history_database import lost_query
from lr_pipeline.orchestration.table_names import TableNames
from lr_pipeline.report.metrics_table import table_rows


def show_failure(result: dg.ExecuteInProcessResult) -> bool:
    """Print a line for each problem that stopped the run; return whether it failed."""
    lines = failure_lines(result)
    for line in lines:
        click.echo(f"error: {line}", err=True)
    return bool(lines)


def show_outcome(result: dg.ExecuteInProcessResult, names: TableNames) -> None:
    """Print what a successful run found."""
    report_op = names.named(REPORT)
    numbers = result.output_for_node(report_op).numbers
    _show_metrics(numbers)
    _show_verdict(numbers)
    _show_failed_checks(result)
    (champion,) = result.asset_materializations_for_node(names.named(CHAMPION))
    CONSOLE.print(f"Champion: {champion.metadata['summary'].value}", soft_wrap=True)
    if (way_out := champion.metadata.get("way_out")) is not None:
        CONSOLE.print(f"  {way_out.value}", soft_wrap=True)
    (report,) = result.asset_materializations_for_node(report_op)
    CONSOLE.print(f"Report: {report.metadata['path'].value}", soft_wrap=True)


def failure_lines(result: dg.ExecuteInProcessResult) -> list[str]:
    """Return a line for each problem that stopped the run; none if nothing did.

    Raises
    ------
    KeyboardInterrupt
        A person stopped it.
    """
    if result.success:
        return []
    blocking = [
        in_options(f"{check.check_name}: {check.description}")
        for check in failed_checks(result)
        if check.severity is dg.AssetCheckSeverity.ERROR
    ]
    events = result.all_events
    errors = [event.step_failure_data.error for event in events if event.is_step_failure]
    # A failure of the run itself comes before its first step: no cluster, for example.
    errors += [event.job_failure_data.error for event in events if event.is_job_failure]
    for error in filter(None, errors):
        cause = error.cause or error
        if cause.cls_name == "DagsterAssetCheckFailedError" and blocking:
            return list(dict.fromkeys(blocking))  # several models can give the same message
        if cause.cls_name in INTERRUPTIONS:
            raise KeyboardInterrupt
        text = cause.message
        if known := history_problem(text) or lost_query(text) or memory_problem(text):
            return [known]
        message = re.sub(r"^lr_pipeline[.\w]*: ", "", text.strip())
        return in_options(message).splitlines()
    return ["the run failed; --verbose shows Dagster's log"]


def failed_checks(result: dg.ExecuteInProcessResult) -> list[dg.AssetCheckEvaluation]:
    """Return the checks that did not pass, warnings included."""
    return [check for check in result.get_asset_check_evaluations() if not check.passed]


def _show_metrics(numbers: dict[str, Any]) -> None:
    """Print a line of metrics for each model."""
    header, *rows = table_rows(numbers)
    table = TerminalTable(*header, box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for row in rows:
        table.add_row(*row)
    CONSOLE.print()
    CONSOLE.print(table)


def _show_verdict(numbers: dict[str, Any]) -> None:
    """Print the report's answer, and what to do next."""
    verdict = numbers["verdict"]
    if verdict is not None:
        CONSOLE.print(f"\n{verdict['headline']}", style="bold", soft_wrap=True)
        for step in verdict["next_steps"]:
            CONSOLE.print(f"  {in_options(step)}", soft_wrap=True)


def _show_failed_checks(result: dg.ExecuteInProcessResult) -> None:
    """Print how many checks failed, and a line for each of them."""
    failed = failed_checks(result)
    CONSOLE.print(f"\nChecks that failed: {len(failed) or 'none'}")
    for check in failed:
        asset = check.asset_key.to_user_string()
        described = in_options(check.description or "failed")
        CONSOLE.print(f"  {asset}, {check.check_name}: {described}", soft_wrap=True)
