"""Which differences between the columns of two trainings were intended, and which were not."""

import pandas as pd
import pytest

from lr_pipeline.tables.table import Table
from lr_pipeline.tables.validation.schema_change import contract_of, schema_differences

RENAMED = {"income": ("number", "—"), "salary": ("—", "number")}


def stored(names: str, **declaration: object) -> Table:
    """A table with these columns and the target y, as a source declares it."""
    values = {name: [1.0, 2.0, 4.0, 3.0] for name in names.split()} | {"y": [0, 1, 0, 1]}
    declared = {"target": "y", "exclude": [], "features": None} | declaration
    return Table.from_pandas(pd.DataFrame(values), "y").with_provenance({"declaration": declared})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"path": "sch.csv"}, {"path": "./sch.csv"}),
        ({"path": "2024-01.csv"}, {"path": "2024-02.csv"}),
        ({"query": "select 1"}, {"query": "select 2"}),
        ({}, {"exclude": ["other"]}),
        ({"positive": "1"}, {"positive": 1}),
    ],
)
def test_columns_are_compared_whatever_else_was_declared_otherwise(before, after) -> None:
    """The place, another column's role and the positive value may change."""
    contract = contract_of(stored("age income", **before))
    assert schema_differences(contract, stored("age salary", **after)) == RENAMED


@pytest.mark.parametrize(
    ("after", "names"),
    [
        ({"exclude": ["income"]}, "age"),
        ({"features": ["age"]}, "age"),
        ({"exclude": ["income"], "id": "key"}, "age key"),
    ],
)
def test_a_column_whose_part_was_declared_otherwise_was_meant(after, names) -> None:
    """The user excluded it, or gave it a role."""
    before = contract_of(stored("age income"))
    assert schema_differences(before, stored(names, **after)) == {}
