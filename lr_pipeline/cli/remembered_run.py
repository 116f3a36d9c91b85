"""Remember a table for the web UI while it is run; forget what turned out to be no table."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import click

from lr_pipeline.orchestration.instance.plan_fields import PlanError
from lr_pipeline.orchestration.instance.remembered_tables import Remembered, remember
from lr_pipeline.orchestration.table_plan import TablePlan
from lr_pipeline.tables.files.refusals import os_message


@dataclass
class End:
    """How the run ended for the table: whether it was read, and what is remembered of it."""

    remembered: Remembered | None = None
    problem: str | None = None
    table_was_read: bool = False

    def show(self) -> None:
        """Say where the table is remembered if that is new, or why it is not."""
        if self.problem is not None:
            click.echo(f"Not remembered for the web UI: {self.problem}", err=True)
        elif self.remembered is not None and self.table_was_read and self.remembered.changed:
            click.echo(
                f"In the web UI (make ui; reload lr_pipeline if it is up): {self.remembered.path}"
            )


@contextmanager
def remembered_run(plan: TablePlan, home: str) -> Iterator[End]:
    """Remember the plan before the block; take it back if the table was not read in it.

    So a killed run is remembered, while a misspelt column leaves the declaration that was there. A
    table that cannot be remembered is run all the same.
    """
    end = End()
    if plan.name is not None:
        try:
            end.remembered = remember(plan, home)
        except PlanError as error:
            end.problem = str(error)
        except OSError as error:
            end.problem = os_message(error)
    try:
        yield end
    finally:
        if end.remembered is not None and not end.table_was_read:
            end.remembered.take_back()
