"""Progress of a run in a terminal: a line for each asset, failed check and note."""

import logging
from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster import AssetCheckEvaluation, AssetCheckSeverity, DagsterEventType
from rich.console import Console
from rich.text import Text

from lr_pipeline.cli.remedies import in_options
from lr_pipeline.orchestration.instance.training_turn import WAITING
from lr_pipeline.orchestration.metadata.value_metadata import INSEPARABLE
from lr_pipeline.orchestration.run_loggers import PROGRESS

CONSOLE = Console(highlight=False, markup=False)  # column names may look like markup


class ProgressHandler(logging.Handler):
    """Shows Dagster's structured events; everything else stays in the event log."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self.console = console
        self.started: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Print a line for each event that a user waits for."""
        event: dg.DagsterEvent | None = getattr(record, "dagster_event", None)
        if event is None:
            self._show_pass(getattr(record, "dagster_meta", {}))
            return
        if event.event_type is DagsterEventType.STEP_START:
            self.started[event.step_key or ""] = record.created
        elif event.event_type is DagsterEventType.ASSET_MATERIALIZATION:
            self._show_asset(event, record.created)
        elif event.event_type is DagsterEventType.ASSET_CHECK_EVALUATION:
            self._show_check(event.asset_check_evaluation_data)

    def _show_pass(self, meta: Mapping[str, Any]) -> None:
        """Print each report of a long pass, of a Dask cluster, and of another run's progress."""
        message, step = str(meta.get("orig_message")), meta.get("step_key")
        if message.startswith(("pass ", "Dask ", WAITING)):
            self._print("  … ", f"{step}: " if step else "", (message, "dim"))

    def _show_asset(self, event: dg.DagsterEvent, now: float) -> None:
        made = event.step_materialization_data.materialization
        name, seconds = made.asset_key.to_user_string(), now - self.started[event.step_key or ""]
        summary = made.metadata.get("summary")
        said = str(summary.value) if summary else ""
        self._print(("  ✓ ", "green"), f"{name:<36}", (f"{seconds:6.2f} s  ", "dim"), said)
        if inseparable := made.metadata.get(INSEPARABLE):
            self._print(("  ! ", "yellow"), f"{name}: ", (str(inseparable.value), "yellow"))

    def _show_check(self, check: AssetCheckEvaluation) -> None:
        """Print a line for a check that failed, or that passed with a note."""
        notes = check.metadata.get("notes")
        if check.passed and not (notes and notes.value):
            return
        mark, style = "!", "red" if check.severity is AssetCheckSeverity.ERROR else "yellow"
        if check.passed:
            mark, style = "·", "dim"
        self._print(
            (f"  {mark} ", style),
            f"{check.asset_key.to_user_string()}: {check.check_name}: ",
            (in_options(check.description or "failed"), style),
        )

    def _print(self, *parts: str | tuple[str, str]) -> None:
        self.console.print(Text.assemble(*parts), soft_wrap=True)


@dg.logger
def progress_logger(_context: dg.InitLoggerContext) -> logging.Logger:
    """Return a Dagster logger that shows progress instead of a log."""
    logger = logging.Logger(PROGRESS, level=logging.DEBUG)
    logger.addHandler(ProgressHandler(CONSOLE))
    return logger
