"""Notices about a table whose rows have weights."""

from collections.abc import Iterator

from lr_pipeline.evaluation.findings import Notice
from lr_pipeline.evaluation.number_format import count
from lr_pipeline.tables.case_counts import has_cases, number_of_cases
from lr_pipeline.tables.split.split_table import ROWS
from lr_pipeline.tables.table import Table


def weight_notices(train_set: Table) -> Iterator[Notice]:
    """Yield what fractional weights mean for standard errors and for the split."""
    name, split = train_set.roles.weight, train_set.provenance.get("split", {})
    if name is None or has_cases(train_set):
        return
    yield Notice(
        "note",
        f"The weights of column '{name}' are no whole numbers. They count in proportion, and "
        f"standard errors, intervals and p-values are those of as many cases as their sum, "
        f"{count(number_of_cases(train_set) or 0)}: right where a weight says how often a row was "
        "observed, and not where it makes up for how the rows were sampled.",
    )
    kind, roles = split.get("policy", {}).get("kind"), train_set.roles
    keyed = roles.group or (roles.id if kind == "sticky" else None)
    if split.get("unit") == ROWS and kind in ("random", "sticky") and keyed is None:
        yield Notice(
            "note",
            "The split keeps each row whole, since parts of its weight are no cases to be drawn. "
            "Where a row stands for all answers of one kind, the models are tested on answers that "
            "they never saw beside such columns, and the metrics are worse than for new cases.",
        )
