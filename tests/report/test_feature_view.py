"""The table of features has no empty columns, and is short enough to read."""

from lr_pipeline.evaluation.findings import FeatureRow
from lr_pipeline.report.feature_view import feature_table


def test_a_column_without_an_entry_is_left_out() -> None:
    """Only numbers, none missing: the replacement of a later missing value is shown."""
    table = feature_table([FeatureRow("x", "number", median=2.0)])
    assert table == (("Feature", "Kind", "Where missing"), (("x", "number", "median 2"),), 0)


def test_long_lists_are_cut() -> None:
    """Levels after the twelfth and features after the 200th are counted."""
    levels = tuple(f"l{k}" for k in range(15))
    rows = [FeatureRow(f"s{k}", "category", reference="a", levels=levels) for k in range(203)]
    table = feature_table(rows)
    assert table.rows[0][-1].endswith("l10, l11 and 3 more")
    assert (len(table.rows), table.left_out) == (200, 3)
