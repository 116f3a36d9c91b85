"""Finds identifiers among the features: columns that name a row or its owner, and measure nothing.

Their names and values show it. ``find_problems`` warns of those whose values nearly all differ;
they are left out. Where the values repeat, it asks for ``group=``: otherwise the rows of one
patient may be in both parts of the split.
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

FEWEST_ROWS = 100  # from this number on, values alone can show an identifier
FEWEST_NAMED = 20  # rows, if the name shows it as well
# n draws from n²/40 integers are all different with probability ≤ exp(−n² / (2 n²/40)) = 2e-9.
COLLIDING = 40
NEARLY_ALL = 0.9  # share of different values
ID_WORDS = frozenset({"id", "ids", "identifier", "uuid", "guid", "ssn", "mrn"})
OWNERS = frozenset({"patient", "subject", "participant"})  # as the whole name
LAST_WORDS = frozenset({"no", "nr", "key", "code"})  # as in card_no
COUNT_WORDS = frozenset({"number", "num", "index"})  # card_number, but also platelet_number
REPEATED = frozenset({"no", "nr", "key", "number", "num"})  # but not zip_code, cpi_index
IN_CHINESE = re.compile(r".*(?:[Ii][Dd]|编号|序号|号码|学号|工号|卡号|单号|身份证号?)")
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

NOTHING: RowHashes = np.zeros(0, np.uint64)


def name_words(name: str) -> list[str]:
    """The words of a column's name in lower case: ``patientID`` has "patient" and "id"."""
    return [word.lower() for word in WORD.findall(name)]


def is_id_name(name: str) -> bool:
    """Whether the name starts or ends with a word for an identifier, such as ``card_id``."""
    words = name_words(name)
    if not words or not name.isascii():
        return bool(IN_CHINESE.fullmatch(name))
    return bool({words[0], words[-1]} & ID_WORDS or (len(words) == 1 and words[0] in OWNERS))


def is_key_name(name: str) -> bool:
    """Whether it is an id's name, or ends in a word such as no, key, code or "code number"."""
    words = name_words(name)
    if words[-1:] and words[-1] in COUNT_WORDS:
        return is_id_name(name) or not (LAST_WORDS | ID_WORDS).isdisjoint(words[-2:-1])
    return is_id_name(name) or not LAST_WORDS.isdisjoint(words[1:][-1:])


def may_be_count(name: str) -> bool:
    """Whether both keys and measurements may have the name: card_number, platelet_number."""
    return not is_key_name(name) and not COUNT_WORDS.isdisjoint(name_words(name)[1:][-1:])


def identifier_problems(
    table: Table, summaries: Mapping[str, ColumnSummary], features: Iterable[str]
) -> Iterator[Problem]:
    """Warn of each feature that looks like an identifier of rows, or of the owners of rows.

    Two kinds of whole numbers are useless: those with a key's name (``is_key_name``) in 20 rows or
    more, if 90 % differ; and, in 100 rows or more, those that all differ within a range of n²/40,
    where some measured values would be equal by chance (the birthday problem). A feature that
    ``may_be_count`` stays, with a warning, unless its values show the second kind. If whole numbers
    or texts repeat, have more than 10 different values, and have an id's name (``is_id_name``) or
    one that ends in no, number, key …, the warning asks for a group, unless there is one or the
    split is by time. The columns that may be identifiers are read once more, one at a time, with 8
    bytes a row.
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
    """Whether the range is so narrow that measured whole numbers would not all differ."""
    if one.rows < FEWEST_ROWS or one.repeats:
        return False
    return int(one.greatest) - int(one.least) < one.rows**2 // COLLIDING


def _of_values(
    name: str, one: ColumnSummary, different: int, grouped: bool, certain: bool
) -> Iterator[Problem]:
    """Warn of a feature that has an identifier's name, or whose values all differ.

    It is useless if it is ``certain`` to be an identifier; otherwise one warning is enough.
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
    """Whether the values are whole numbers or text, and more than 10 differ."""
    if is_text(one.kind):
        return one.num_levels > FEW_VALUES
    return one.whole and one.few is None


def _num_different(table: Table, name: str) -> int:
    """Number of different values of a column."""
    known = (chunk.drop_null() for chunk in table.column(name).chunks)
    hashes = [row_hashes(pa.record_batch([one], names=[name]), [name]) for one in known]
    return len(np.unique(np.concatenate([NOTHING, *hashes])))


def group_aliases(
    table: Table, group: str, summaries: Mapping[str, ColumnSummary], features: Iterable[str]
) -> Iterator[Problem]:
    """Warn of each feature that identifies the group, and measures nothing.

    Such a feature has one value in each group, whole numbers or text, more than 10 in all. Either
    it has an identifier's name, or a name with the same last word as the group's. Or its value
    differs from group to group, and it is text, or numbers so close together (for k ≥ 100 groups,
    within k²/40) that some measured ones would be equal by chance. Other features that are constant
    within a group, such as the age of a patient, are measurements. The columns that may identify
    the group are read once more.
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
    """Whether values that differ from group to group are unlikely to be measurements."""
    if is_text(one.kind):
        return True
    return groups >= FEWEST_ROWS and int(one.greatest) - int(one.least) < groups**2 // COLLIDING


def _different_values(
    table: Table, group: str, candidates: list[str]
) -> tuple[dict[str, int], int]:
    """Candidate with one value in each group → number of its values; and the number of groups."""
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
