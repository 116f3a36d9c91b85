"""Features that say once more which group a row is of: other names and coarser keys of it."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from lr_pipeline.tables.errors import Problem
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.validation.column_summary import FEW_VALUES, ColumnSummary
from lr_pipeline.tables.validation.identifiers import (
    COLLIDING,
    FEWEST_ROWS,
    can_identify,
    is_id_name,
    name_words,
)
from lr_pipeline.tables.values.column_values import is_text
from lr_pipeline.tables.values.row_hash import RowHashes, row_hashes

NOTHING: RowHashes = np.zeros(0, np.uint64)


def group_aliases(
    table: Table, group: str, summaries: Mapping[str, ColumnSummary], features: Iterable[str]
) -> Iterator[Problem]:
    """Warn of each feature that stands for the group, and measures nothing.

    It has one value in each group, more than 10 in all, whole numbers or text, and is named like
    an identifier or ends in the same word as the group's name; or it has another value in every
    group, and is text, or numbers so close together (k of 100 groups or more within k²/40) that
    measured ones would meet by chance. What else is constant within a group, such as the age of a
    patient, is a measurement. One more pass over the columns that can be such.
    """
    candidates = [name for name in features if can_identify(summaries[name])]
    counts, groups = _different_values(table, group, candidates)
    for name, values in counts.items():
        one = summaries[name]
        same_word = name_words(name)[-1:] == name_words(group)[-1:] != []
        if values <= FEW_VALUES or not (
            is_id_name(name) or same_word or (values == groups and _identifies(one, groups))
        ):
            continue
        which = "another one in each" if values == groups else "one in each"
        message = (
            f"feature {name!r} stands for the group {group!r}: {values} values in {groups} groups, "
            f"{which}"
        )
        remedy = f"Set exclude=[{name!r}], or number=[{name!r}] if it is measured"
        yield Problem(message, remedy, name, severity="warning", useless=True)


def _identifies(one: ColumnSummary, groups: int) -> bool:
    """Whether values that differ from group to group can hardly be measured."""
    if is_text(one.kind):
        return True
    return groups >= FEWEST_ROWS and int(one.greatest) - int(one.least) < groups**2 // COLLIDING


def _different_values(
    table: Table, group: str, candidates: list[str]
) -> tuple[dict[str, int], int]:
    """Number of different values of each candidate with one value a group; and of groups."""
    groups, left = NOTHING, dict.fromkeys(candidates, (NOTHING, NOTHING))
    for block in table.blocks(columns=[group, *candidates]) if candidates else ():
        groups = np.union1d(groups, row_hashes(block, [group]))
        for name, found in tuple(left.items()):
            keys = [group, name], [name]
            pairs, values = (
                np.union1d(known, row_hashes(block, key))
                for known, key in zip(found, keys, strict=True)
            )
            left[name] = pairs, values
            if len(pairs) > len(groups):
                del left[name]
        if not left:
            break
    return {name: len(values) for name, (_, values) in left.items()}, len(groups)
