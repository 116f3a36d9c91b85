"""An asset that every table has: one function, from which each table gets an asset of its own."""

from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from inspect import getdoc
from types import ModuleType
from typing import Any

import dagster as dg

from lr_pipeline.orchestration.assets.walkthrough_links import PAGES, walkthrough
from lr_pipeline.orchestration.config.checked_at_launch import check_at_launch
from lr_pipeline.orchestration.table_functions import Configs, Function, input_parameters, of_table
from lr_pipeline.orchestration.table_names import NO_TABLE, TableNames


@dataclass(frozen=True)
class Lesson:
    """Where the tutorial teaches an asset's method: a section of the walkthrough, its headings."""

    section: str
    headings: tuple[str, ...] = ()

    @property
    def reference(self) -> str:
        """The last lines of the description of an asset of the tutorial's table."""
        quoted = ", ".join(f'"{heading}"' for heading in self.headings)
        english, chinese = (f"docs/{page}#{self.section}" for page in PAGES.values())
        return (f"Tutorial: {quoted}.\n\n" if quoted else "") + f"{english}, 中文 {chinese}"


@dataclass(frozen=True)
class TableAsset:
    """The function of an asset, and what Dagster is told of it; called, it is the plain asset."""

    function: Function
    stage: str
    kinds: Set[str]
    code_version: str
    lesson: Lesson
    output_required: bool = True

    @property
    def name(self) -> str:
        """The last part of the asset's key."""
        return self.function.__name__

    def build(
        self,
        names: TableNames,
        tutorial: bool = False,
        configs: Configs | None = None,
        condition: dg.AutomationCondition[dg.AssetKey] | None = None,
        freshness: dg.FreshnessPolicy | None = None,
        partitions: dg.PartitionsDefinition[str] | None = None,
    ) -> dg.AssetsDefinition:
        """Return the asset of one table.

        ``tutorial``: its description quotes the tutorial, and links to the walkthrough. ``configs``
        are classes of configuration with the table's defaults (see ``of_table``). ``condition``:
        when Dagster makes it by itself. ``freshness``: when it is late. ``partitions``: it has a
        version of its own for each of them.
        """
        text = getdoc(self.function) or ""
        function = of_table(self.function, names, configs)
        made = dg.asset(
            name=self.name,
            key_prefix=names.prefix or None,
            ins={one: dg.AssetIn(key=names.key(one)) for one in input_parameters(self.function)},
            group_name=names.group(self.stage),
            kinds=set(self.kinds),
            code_version=self.code_version,
            output_required=self.output_required,
            description=f"{text}\n\n{self.lesson.reference}" if tutorial else text,
            metadata=walkthrough(self.lesson.section) if tutorial else None,
            automation_condition=condition,
            freshness_policy=freshness,
            partitions_def=partitions,
        )(function)
        check_at_launch(made.op, function)
        return made

    def __call__(self, *arguments: Any, **given: Any) -> Any:
        """Call the asset of a table without a name, as Dagster calls it."""
        return self.build(NO_TABLE)(*arguments, **given)


def table_asset(
    stage: str,
    lesson: Lesson,
    kinds: Set[str],
    code_version: str = "1",
    output_required: bool = True,
) -> Callable[[Function], TableAsset]:
    """Make a function the asset of every table; ``stage`` is one of ``table_names.STAGES``."""
    return lambda function: TableAsset(
        function, stage, kinds, code_version, lesson, output_required
    )


def assets_in(module: ModuleType) -> Iterator[TableAsset]:
    """Yield the assets that a module defines, in their order."""
    yield from (one for one in vars(module).values() if isinstance(one, TableAsset))
