"""Columns that say which row or whose it is, and measure nothing: by their names and values.

``find_problems`` leaves those out of which nearly all values differ, and asks for ``group=`` where
values repeat: the rows of one patient would be in both parts of the split.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pyarrow as pa

from lr_pipeline.tables.errors import Problem
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.validation.column_summary import FEW_VALUES, ColumnSummary
from lr_pipeline.tables.values.column_values import is_text
from lr_pipeline.tables.values.row_hash import RowHashes, row_hashes

FEWEST_ROWS = 100  # that show by their values alone what they are
FEWEST_NAMED = 20  # where the name says it, too
# n draws from so many integers are all different with probability ≤ exp(−n² / (2 n²/40)) = 2e-9.
COLLIDING = 40
NEARLY_ALL = 0.9  # of the values differ
ID_WORDS = frozenset({"id", "ids", "identifier", "uuid", "guid", "ssn", "mrn"})
OWNERS = frozenset({"patient", "subject", "participant"})  # as the whole name
LAST_WORDS = frozenset({"no", "nr", "key", "code"})  # as in card_no
COUNT_WORDS = frozenset({"number", "num", "index"})  # card_number, but also platelet_number
REPEATED = frozenset({"no", "nr", "key", "number", "num"})  # on many rows: not zip_code, cpi_index
IN_CHINESE = re.compile(r".*(?:[Ii][Dd]|编号|序号|号码|学号|工号|卡号|单号|身份证号?)")
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def name_words(name: str) -> list[str]:
    """Words of a column's name in lower case: of ``patientID``, "patient" and "id"."""
    return [word.lower() for word in WORD.findall(name)]


def is_id_name(name: str) -> bool:
    """Whether the name starts or ends with a word for an identifier, such as ``card_id``."""
    words = name_words(name)
    if not words or not name.isascii():
        return bool(IN_CHINESE.fullmatch(name))
    return bool({words[0], words[-1]} & ID_WORDS or (len(words) == 1 and words[0] in OWNERS))


def is_key_name(name: str) -> bool:
    """Whether ``is_id_name``, or the last word is one such as no, key, code; or code number."""
    words = name_words(name)
    if words[-1:] and words[-1] in COUNT_WORDS:
        return is_id_name(name) or not (LAST_WORDS | ID_WORDS).isdisjoint(words[-2:-1])
    return is_id_name(name) or not LAST_WORDS.isdisjoint(words[1:][-1:])


def may_be_count(name: str) -> bool:
    """Whether the name is one of keys and of measurements: card_number, platelet_number."""
    return not is_key_name(name) and not COUNT_WORDS.isdisjoint(name_words(name)[1:][-1:])


def identifier_problems(
    table: Table, summaries: Mapping[str, ColumnSummary], features: Iterable[str]
) -> Iterator[Problem]:
    """Warn of each feature that looks like an identifier, of rows or of what rows belong to.

    Whole numbers are left out that are named so (``is_key_name``; of 20 rows or more) and of which
    90 % differ; or, of 100 rows or more, that all differ within n²/40: values that are measured
    would meet by chance (the birthday problem). Those that ``may_be_count`` stay, with a warning,
    unless their values show it. Values that repeat in a column with ``is_id_name``, or whose last
    word is one such as no, number, key, more than 10 different ones, whole numbers or text, ask for
    a group, unless there is one or the split is by time. Another pass over the columns that can be
    such, one at a time: 8 bytes a row.
    """
    grouped = table.roles.group is not None or table.roles.time is not None
    for name in features:
        one = summaries[name]
        if one.rows < FEWEST_NAMED or not can_identify(one):
            continue
        named = is_key_name(name) or may_be_count(name)
        close = _are_close(one)
        if not (named or close):
            continue
        known = one.rows - one.missing
        different = _num_different(table, name)
        shown = close and different == known
        if named or shown:
            yield from _of_values(name, one, different, grouped, shown or is_key_name(name))


def _are_close(one: ColumnSummary) -> bool:
    """Whether there are too few whole numbers within the range for measured ones to differ."""
    if one.rows < FEWEST_ROWS or one.repeats:
        return False
    return int(one.greatest) - int(one.least) < one.rows**2 // COLLIDING


def _of_values(
    name: str, one: ColumnSummary, different: int, grouped: bool, certain: bool
) -> Iterator[Problem]:
    """What is said of a feature that is named like an identifier, or all of whose values differ.

    It can be left out where that is ``certain``; else one warning is enough.
    """
    known = one.rows - one.missing
    repeated = known - different
    integers = not is_text(one.kind)
    keys = is_id_name(name) or not REPEATED.isdisjoint(name_words(name)[1:][-1:])
    split = bool(repeated) and different > FEW_VALUES and keys and not grouped
    if integers and different >= NEARLY_ALL * known and (certain or not split):
        each = "one a row" if not repeated else f"in {known} rows"
        message = (
            f"feature {name!r} looks like an identifier: {different} different integers from "
            f"{int(one.least)} to {int(one.greatest)}, {each}"
        )
        remedy = f"Set id={name!r} or exclude=[{name!r}], or number=[{name!r}] if it is measured"
        yield Problem(message, remedy, name, severity="warning", useless=certain)
    if split:
        message = (
            f"column {name!r} looks like an identifier whose values repeat: {different} different "
            f"ones in {known} rows; rows of one value may be in both parts of the split"
        )
        kind = "number" if integers else "category"
        remedy = (
            f"Set group={name!r} to keep them together, exclude=[{name!r}] if they are not of one "
            f"thing, or {kind}=[{name!r}] if it is measured"
        )
        yield Problem(message, remedy, name, severity="warning")


def can_identify(one: ColumnSummary) -> bool:
    """Whether the values are whole numbers or text, more than 10 different ones."""
    if is_text(one.kind):
        return one.num_levels > FEW_VALUES
    return one.whole and one.few is None


def _num_different(table: Table, name: str) -> int:
    """Number of different values of a column."""
    hashes = [_known_hashes(chunk) for chunk in table.column(name).chunks]
    return len(np.unique(np.concatenate([np.zeros(0, np.uint64), *hashes])))


def _known_hashes(values: pa.Array) -> RowHashes:
    known = pa.record_batch([values.drop_null()], names=["value"])
    return row_hashes(known, ["value"])


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
