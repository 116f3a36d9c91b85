"""The tasks of a pass over a table: a sum for each part, and the sums added up as a tree."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lr_pipeline.engines.cluster_work import (
    Named,
    Reading,
    Summing,
    combine_partials,
    hold_part,
    sum_held,
    sum_part,
    unnamed,
)

if TYPE_CHECKING:
    from distributed import Future

PARTIALS_AT_ONCE = 8

Key = tuple[str, int]


@dataclass(frozen=True, eq=False)
class PartedTable:
    """A table's parts as the cluster knows them: the first ``held`` stay in workers' memory."""

    parts: Sequence[Named]
    reading: Reading
    held: int
    token: str
    kept: "list[Future]"


def held_key(token: str, number: int) -> Key:
    """Key of the blocks of a part that is kept."""
    return f"lr_rows-{token}", number


def holding_tasks(table: PartedTable) -> dict[Any, Any]:
    """The tasks that read the parts to be kept."""
    reading = f"lr_reading-{table.token}"
    graph: dict[Any, Any] = {reading: (unnamed, Named(reading, table.reading))}
    for number in range(table.held):
        graph[held_key(table.token, number)] = (hold_part, table.parts[number], reading)
    return graph


def summing_tasks(
    table: PartedTable, summing: Summing, token: str
) -> tuple[dict[Any, Any], list[list[Key]]]:
    """The tasks of a pass, and their keys level by level: parts, partial sums, the one sum.

    Tasks that read parts to be kept are among them under the same keys as before, so that one
    that was lost is read again.
    """
    reading, function = f"lr_reading-{table.token}", f"lr_function-{token}"
    graph = holding_tasks(table) | {function: (unnamed, Named(function, summing))}
    keys: list[Key] = [(f"lr_part-{token}", number) for number in range(len(table.parts))]
    for number, key in enumerate(keys):
        part = table.parts[number]
        if number < table.held:
            graph[key] = (sum_held, held_key(table.token, number), part, function)
        else:
            graph[key] = (sum_part, part, reading, function)
    levels = [keys]
    while len(levels) == 1 or len(levels[-1]) > 1:
        name, below = f"lr_sum{len(levels)}-{token}", levels[-1]
        groups = range(0, len(below), PARTIALS_AT_ONCE)
        levels.append([(name, number) for number in range(len(groups))])
        for key, start in zip(levels[-1], groups, strict=True):
            graph[key] = (combine_partials, below[start : start + PARTIALS_AT_ONCE], function)
    return graph, levels
