"""Finds the problems that only a split shows, before the table is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lr_pipeline.tables.errors import Problem, TableError
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.split.split_policy import SplitPolicy
from lr_pipeline.tables.split.split_table import choose_sound_parts, require_key
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.target import TargetValues
from lr_pipeline.tables.validation.column_summary import ColumnSummary
from lr_pipeline.tables.values.column_values import is_text

GENERATED_LEVELS = {"missing", "(other)"}  # the preparation gives columns these names


def split_problems(
    table: Table,
    policy: SplitPolicy,
    target: TargetValues,
    found: Sequence[Problem],
    summaries: Mapping[str, ColumnSummary],
) -> Sequence[Problem]:
    """The errors that splitting, or preparing the training rows, would raise.

    Columns with problems that are already ``found`` are left out.
    """
    roles = table.roles
    spoiled = {one.column for one in found if one.column is not None}
    try:
        require_key(roles, policy)
        if spoiled & {roles.target, roles.id, roles.group, roles.time, roles.weight}:
            return ()
        positive = target.positive_value(roles.positive)
        table = replace(table, roles=replace(roles, positive=positive))
        in_train, in_test = choose_sound_parts(table, policy)
        test_rows = table.where(in_test).num_rows
        doubtful = _doubtful_features(table, test_rows, summaries)
        if features := tuple(name for name in roles.features if name in doubtful - spoiled):
            doubted = replace(table, roles=replace(table.roles, features=features))
            Preparation.fit(doubted.where(in_train))
    except TableError as error:
        return error.problems
    return ()


def _doubtful_features(
    table: Table, test_rows: int, summaries: Mapping[str, ColumnSummary]
) -> set[str]:
    """Features that may have no training value, or a design column with the name of another."""
    features = table.roles.features
    doubtful = set()
    for name in features:
        one = summaries[name]
        lacks_values = one.missing and one.rows - one.missing <= test_rows
        if lacks_values or (is_text(one.kind) and one.levels & GENERATED_LEVELS):
            doubtful.add(name)
        for place in (k for k, character in enumerate(name) if character == "="):
            doubtful |= {name, name[:place]} if name[:place] in summaries else set()
    return doubtful
