"""A protected column stays in the table, a feature or not."""

import pandas as pd
import pytest

from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.roles import ColumnRoles
from lr_pipeline.tables.sources.declared_tables import FileTable
from lr_pipeline.tables.table import Table

FRAME = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "sex": list("fmfm"), "y": [0, 1, 1, 0]})


def test_a_protected_column_is_a_feature_unless_it_is_excluded():
    """Excluded, it is still in the table."""
    both = Table.from_pandas(FRAME, "y", protected=["sex"])
    assert both.roles.features == ("x", "sex")
    kept = Table.from_pandas(FRAME, "y", exclude=["sex"], protected=["sex"])
    assert kept.roles.features == ("x",)
    assert kept.schema.names == ["x", "sex", "y"]
    named = Table.from_pandas(FRAME, "y", features=["x"], protected=["sex"])
    assert named.schema.names == ["x", "sex", "y"]


def test_roles_are_stored_with_it_and_are_as_before_without_it():
    """Fingerprints of tables without protected columns do not change."""
    kept = Table.from_pandas(FRAME, "y", exclude=["sex"], protected=["sex"]).roles
    assert ColumnRoles.from_dict(kept.to_dict()) == kept
    assert "protected" not in Table.from_pandas(FRAME, "y").roles.to_dict()


@pytest.mark.parametrize(
    ("protected", "message"),
    [(["y"], "declared target and protected"), (["sexx"], "protected column 'sexx' not found")],
)
def test_what_cannot_be_protected_is_refused(protected, message):
    """The target is no group, and a misspelled name is told from its neighbour."""
    with pytest.raises(TableError, match=message):
        Table.from_pandas(FRAME, "y", protected=protected)


def test_a_declared_file_keeps_it(tmp_path):
    """The declaration's plain values give the same declaration."""
    path = tmp_path / "rows.csv"
    many = pd.concat([FRAME.assign(x=FRAME["x"] + j) for j in range(30)])
    many.to_csv(path, index=False)
    source = FileTable(path, "y", exclude=["sex"], protected="sex")
    table = source.read()
    assert table.roles.protected == ("sex",)
    assert "sex" in table.schema.names
    assert source.to_dict()["protected"] == ["sex"]
    assert "protected" not in FileTable(path, "y").to_dict()
