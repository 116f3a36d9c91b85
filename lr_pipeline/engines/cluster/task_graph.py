"""The tasks of a pass over a table: a sum for each part, and the sums added up as a tree."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lr_pipeline.engines.cluster.kept_parts import file_part, hold_part, sum_filed, sum_held
from lr_pipeline.engines.cluster.worker_tasks import (
    Named,
    PartReader,
    Summing,
    add_neighbours,
    stored_rows,
    sum_part,
    unnamed,
)

if TYPE_CHECKING:
    from distributed import Future

SUMS_AT_ONCE = 8

Key = tuple[str, int]


@dataclass(frozen=True, eq=False)
class PartedTable:
    """A table's parts as the cluster knows them.

    The first ``held`` parts stay in workers' memory; the next ones, up to ``kept`` in all, in
    files.
    """

    parts: Sequence[Named]
    reader: PartReader
    held: int
    kept: int
    token: str
    futures: "list[Future]"

    @property
    def kept_keys(self) -> list[Key]:
        """Keys of the parts that are kept."""
        return [(f"lr_rows-{self.token}", number) for number in range(self.kept)]


def keeping_tasks(table: PartedTable) -> dict[Any, Any]:
    """Return the tasks that read the parts to be kept, or make room for them."""
    reader = f"lr_reader-{table.token}"
    graph: dict[Any, Any] = {reader: (unnamed, Named(reader, table.reader))}
    for number, key in enumerate(table.kept_keys):
        keep = hold_part if number < table.held else file_part
        graph[key] = (keep, table.parts[number], reader)
    return graph


def summing_tasks(
    table: PartedTable, summing: Summing, token: str
) -> tuple[dict[Any, Any], list[list[Key]]]:
    """Return the tasks of a pass, and their keys by level: parts, partial sums, the final sum.

    They include the tasks that read kept parts, under the same keys as before, so that a lost part
    is read again.
    """
    reader, function = f"lr_reader-{table.token}", f"lr_function-{token}"
    graph = keeping_tasks(table) | {function: (unnamed, Named(function, summing))}
    keys: list[Key] = [(f"lr_part-{token}", number) for number in range(len(table.parts))]
    for key, part in zip(keys[table.kept :], table.parts[table.kept :], strict=True):
        graph[key] = (sum_part, part, reader, function)
    for number, kept in enumerate(table.kept_keys):
        sum_kept = sum_held if number < table.held else sum_filed
        graph[keys[number]] = (sum_kept, kept, stored_rows(table.parts[number].value), function)
    levels = [keys]
    while len(levels) == 1 or len(levels[-1]) > 1:
        name, below = f"lr_sum{len(levels)}-{token}", levels[-1]
        groups = range(0, len(below), SUMS_AT_ONCE)
        levels.append([(name, number) for number in range(len(groups))])
        for key, start in zip(levels[-1], groups, strict=True):
            graph[key] = (add_neighbours, below[start : start + SUMS_AT_ONCE])
    return graph, levels
