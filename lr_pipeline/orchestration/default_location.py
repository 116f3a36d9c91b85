"""The default code location: the tutorial's table, and every table that is remembered."""

import os
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from lr_pipeline.orchestration.alerts.alert_sensor import build_alerts
from lr_pipeline.orchestration.instance.located_tables import located_tables
from lr_pipeline.orchestration.instance.remembered_tables import UnusablePlan, remembered_plans
from lr_pipeline.orchestration.maintenance import build_maintenance
from lr_pipeline.orchestration.resources.notifier import VARIABLE
from lr_pipeline.orchestration.table_names import TableNames
from lr_pipeline.orchestration.table_plan import TablePlan
from lr_pipeline.report.markdown import escaped
from lr_pipeline.tables.sources.declared_tables import SyntheticTable

UNUSABLE = "declaration"
STORAGE = "io_manager"


def default_definitions(home: str | Path | None = None, folder: Path = Path()) -> dg.Definitions:
    """Return the definitions of the tutorial's table and of the tables remembered in ``home``.

    A table that has a code location of its own in the workspace of ``folder`` is left to that. A
    file that cannot be used is an asset without a button, whose description says what is wrong.
    """
    return dg.Definitions.merge(*_parts(home, folder))


def _parts(home: str | Path | None, folder: Path) -> Iterator[dg.Definitions]:
    yield build_maintenance()
    if os.environ.get(VARIABLE):
        yield build_alerts()
    yield _bound(TablePlan(SyntheticTable()).definitions())
    located, unusable = located_tables(folder), dict[str, UnusablePlan]()
    for plan in remembered_plans(home):
        if plan.name in located:
            continue
        if isinstance(plan, UnusablePlan):
            unusable.setdefault(plan.name, plan)  # two of one name would keep all from loading
        else:
            yield _bound(plan.definitions())
    yield dg.Definitions(assets=[_unusable(plan) for plan in unusable.values()])


def _bound(part: dg.Definitions) -> dg.Definitions:
    """Return the definitions of one table with its resources bound to its assets and checks.

    Otherwise every job would have the resources of all tables in its Launchpad, and take time for
    each of them when the location is loaded.
    """
    resources = dict(part.resources or {})
    return dg.Definitions(
        assets=dg.with_resources(list(part.assets or []), resources),  # type: ignore[type-var]
        asset_checks=dg.with_resources(list(part.asset_checks or []), resources),
        jobs=part.jobs,
        schedules=part.schedules,
        sensors=part.sensors,
        resources={STORAGE: resources[STORAGE]},  # which assets without a button need as well
        executor=part.executor,
        loggers=part.loggers,
    )


def _unusable(plan: UnusablePlan) -> dg.AssetSpec:
    names = TableNames(plan.name)
    return dg.AssetSpec(
        names.key(UNUSABLE),
        group_name=names.group("data"),
        kinds={"yaml"},
        description=f"This table cannot be shown. {escaped(f'{plan.path}: {plan.reason}')}\n\n"
        "Then reload this code location. To remove the table from the web UI, delete the file.",
    )
