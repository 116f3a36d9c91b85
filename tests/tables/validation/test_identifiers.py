"""Identifiers are not measurements; those with repeated values ask for a group."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lr_pipeline.tables.errors import Problem
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.validation.identifiers import is_id_name, name_words
from lr_pipeline.tables.validation.validate import by_severity, find_problems, useful_features

ROWS = 600


def frame(rows: int = ROWS, **columns: object) -> pd.DataFrame:
    """A frame of labels, a measurement and further columns."""
    rng = np.random.default_rng(0)
    measured = {"y": np.arange(rows) % 2, "x": rng.normal(size=rows)}
    return pd.DataFrame(measured | columns)


def warned(data: pd.DataFrame, **roles: object) -> list[Problem]:
    """The warnings of a table."""
    found = find_problems(Table.from_pandas(data, "y", **roles))
    return [one for one in found if one.severity == "warning"]


def far_apart(rows: int, different: int) -> np.ndarray:
    """``different`` integers over a wide range; the last rows repeat the first."""
    values = np.random.default_rng(1).choice(10_000_000, different, replace=False)
    return np.concatenate([values, values[: rows - different]])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ID", ["id"]),
        ("patientID", ["patient", "id"]),
        ("Sample code number", ["sample", "code", "number"]),
        ("pooled.stratum", ["pooled", "stratum"]),
        ("HTTPServerId2", ["http", "server", "id"]),
        ("x1", ["x"]),
    ],
)
def test_a_name_is_split_into_words(name, words) -> None:
    """Signs, spaces, digits and capitals separate words."""
    assert name_words(name) == words


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ID", True), ("id", True), ("Id", True), ("customer_id", True), ("clientId", True),
        ("id.patient", True), ("patient", True), ("uuid", True), ("用户ID", True), ("学号", True),
        ("paid", False), ("bid", False), ("humidity", False), ("patient_age", False),
        ("Identity", False), ("年龄", False), ("width", False),
    ],
)  # fmt: skip
def test_what_an_identifiers_name_is(name, expected) -> None:
    """A word of the name counts, not letters within another word."""
    assert is_id_name(name) is expected


@pytest.mark.parametrize("name", ["ID", "Sample code number", "patient_id", "account_no"])
def test_identifiers_of_which_nearly_all_differ_are_left_out(name) -> None:
    """The Wisconsin breast cancer file has 645 different numbers in 699 rows, far apart."""
    table = Table.from_pandas(frame(699, **{name: far_apart(699, 645)}), "y")
    kept, (left_out,) = useful_features(table)
    assert kept.roles.features == ("x",)
    assert f"feature {name!r} looks like an identifier: 645 different integers from" in str(
        left_out
    )
    assert left_out["reason"].endswith("in 699 rows")


def test_patients_in_both_parts_are_a_warning_that_stays_with_the_table() -> None:
    """The column is left out, but the warning stays with its remedy."""
    kept, _ = useful_features(Table.from_pandas(frame(699, ID=far_apart(699, 645)), "y"))
    (warning,) = by_severity(kept)["warning"]
    assert warning == (
        "column 'ID' looks like an identifier whose values repeat: 645 different ones in 699 rows; "
        "rows of one value may be in both parts of the split. Set group='ID' to keep them "
        "together, exclude=['ID'] if they are not of one thing, or number=['ID'] if it is measured."
    )


@pytest.mark.parametrize(
    "values",
    [
        np.arange(ROWS) % 150 * 7919,
        (np.arange(ROWS) % 150).astype(float),
        [f"P{k % 80:03}" for k in range(ROWS)],
        [f"P{k % 150:03}" for k in range(ROWS)],
    ],
)
def test_keys_that_repeat_ask_for_a_group(values) -> None:
    """Whole numbers and text do, even text that is left out; a group, time or kind ends it."""
    data = frame(patient_id=values, day=np.random.default_rng(2).permutation(ROWS) * 1.5)
    (warning,) = [one for one in warned(data) if "whose values repeat" in one.message]
    assert (warning.column, warning.useless) == ("patient_id", False)
    assert "Set group='patient_id' to keep them together" in warning.remedy
    for role in ({"group": "patient_id"}, {"time": "day"}, {"exclude": ["patient_id"]}):
        assert not [one for one in warned(data, **role) if "repeat" in one.message]


@pytest.mark.parametrize(
    "column",
    [
        {"store_id": np.arange(ROWS) % 10},
        {"patient_age": np.arange(ROWS) % 60},
        {"mass_index": np.arange(ROWS) % 40 + 15},
        {"humidity": far_apart(ROWS, 560)},
        {"income": far_apart(ROWS, 560)},
        {"score_id": np.arange(ROWS) % 60 + 0.5},
    ],
)
def test_measurements_and_few_codes_are_left_alone(column) -> None:
    """They have other names, few values, or fractions."""
    assert warned(frame(**column)) == []


def test_a_named_feature_or_a_declared_number_stays() -> None:
    """The first gets a note, since the user wants it; the second gets none."""
    data = frame(ID=far_apart(ROWS, ROWS))
    table = Table.from_pandas(data, "y", features=["x", "ID"])
    kept, left_out = useful_features(table, named=True)
    assert (kept.roles.features, left_out) == (("x", "ID"), [])
    found = by_severity(kept.with_provenance({"declaration": {"features": ["x", "ID"]}}))
    assert found["warning"] == []
    assert "looks like an identifier" in found["note"][0]
    kept, left_out = useful_features(Table.from_pandas(data, "y", number=["ID"]))
    assert (kept.roles.features, left_out) == (("x", "ID"), [])


@pytest.mark.parametrize("rows", [20, 40, 99])
@pytest.mark.parametrize("name", ["patient_id", "ID", "card_no", "card_key", "Sample code number"])
def test_a_name_needs_twenty_rows_only(name, rows) -> None:
    """Patterns of values without a name need a hundred; fewer than twenty rows show nothing."""
    values = far_apart(rows, rows)
    assert useful_features(Table.from_pandas(frame(rows, **{name: values}), "y"))[1] != []
    assert warned(frame(19, **{name: values[:19]})) == []
    steps = np.random.default_rng(3).permutation(rows)
    assert warned(frame(rows, steps=steps)) == []


def test_patients_of_few_rows_ask_for_a_group() -> None:
    """There are sixty rows of twenty patients."""
    (warning,) = warned(frame(60, patient_id=np.arange(60) % 20 * 7919))
    assert "20 different ones in 60 rows" in warning.message


@pytest.mark.parametrize(
    "name",
    ["customer_no", "account_number", "account_num", "accountNumber", "row key", "Karten Nr"],
)
@pytest.mark.parametrize("form", [int, "A{}".format])
def test_repeated_keys_of_other_names_ask_for_a_group(name, form) -> None:
    """customer_id asks for one; a code or an index with many rows per value does not."""
    values = [form(k % 150 * 7919) for k in range(ROWS)]
    (warning,) = [one for one in warned(frame(**{name: values})) if "repeat" in one.message]
    assert f"Set group={name!r} to keep them together" in warning.remedy
    assert not warning.useless
    for other in ("zip_code", "cpi_index", name.replace(" ", "").lower().replace("_", "")):
        found = warned(frame(**{other: values}))
        assert not [one for one in found if "values repeat" in one.message]


@pytest.mark.parametrize("name", ["platelet_number", "cpi_index", "price index", "cellNum"])
@pytest.mark.parametrize("rows", [60, ROWS])
def test_counts_and_indexes_are_measured_unless_their_values_say_otherwise(name, rows) -> None:
    """They get at most one warning; integers that all differ within n²/40 are left out."""
    rng = np.random.default_rng(4)
    for values in (rng.integers(90_000, 450_000, rows), far_apart(rows, rows)):
        table = Table.from_pandas(frame(rows, **{name: values}), "y")
        assert useful_features(table)[1] == []
        found = [one for one in find_problems(table) if one.severity == "warning"]
        assert [(one.column, one.useless) for one in found] in ([], [(name, False)])
    close = rng.permutation(2 * ROWS)[:ROWS]
    _, (left_out,) = useful_features(Table.from_pandas(frame(**{name: close}), "y"))
    assert f"feature {name!r} looks like an identifier: 600 different" in left_out["reason"]


@settings(max_examples=25)
@given(st.integers(0, 2**31), st.integers(100, 300))
def test_measured_integers_are_hardly_ever_left_out(seed, rows) -> None:
    """If they are drawn from a range of n²/40, some are equal by chance."""
    values = np.random.default_rng(seed).integers(0, rows**2 // 40, rows)
    assert useful_features(Table.from_pandas(frame(rows, steps=values), "y"))[1] == []


# A matched study like R's infert: 83 strata of three rows, 63 pooled strata.
STRATA = np.arange(249) // 3 + 1
POOLED = np.minimum(STRATA, 63)


@pytest.mark.parametrize(
    ("group", "column", "share"),
    [
        ("stratum", {"pooled.stratum": POOLED}, "63 values in 83 groups, one in each"),
        ("stratum", {"case_id": POOLED * 7919}, "63 values in 83 groups, one in each"),
        ("patient", {"chart": [f"c{k}" for k in STRATA]}, "83 values in 83 groups, another one in"),
    ],
)
def test_other_names_and_coarser_keys_of_the_group_are_left_out(group, column, share) -> None:
    """Their names show it, or they are text that differs from group to group."""
    data = frame(249, **{group: STRATA}, **column)
    kept, (left_out,) = useful_features(Table.from_pandas(data, "y", group=group))
    assert kept.roles.features == ("x",)
    assert share in left_out["reason"]
    declared = Table.from_pandas(data, "y", group=group, category=list(column))
    assert useful_features(declared)[0].roles.features == ("x", *column)


def test_close_numbers_that_differ_from_group_to_group_are_left_out() -> None:
    """Of 120 measured values within 360, some would be equal, whatever the name."""
    groups = np.arange(480) // 4
    data = frame(480, ward=groups, bed=groups * 3 % 359)
    _, (left_out,) = useful_features(Table.from_pandas(data, "y", group="ward"))
    assert left_out["reason"] == (
        "feature 'bed' stands for the group 'ward': 120 values in 120 groups, another one in each"
    )


@pytest.mark.parametrize(
    "column",
    [
        {"patient_age": 20 + STRATA % 50},
        {"income": STRATA * 977 % 100_003},
        {"dose": STRATA / 7},
        {"sex": [("f", "m")[k % 2] for k in STRATA]},
        {"visit_id": np.arange(249) % 12 + np.arange(249) // 12 % 2},
    ],
)
def test_what_is_measured_once_a_group_stays(column) -> None:
    """A patient's age, income, dose or sex is constant within the group and is not left out."""
    data = frame(249, patient=STRATA, **column)
    kept, _ = useful_features(Table.from_pandas(data, "y", group="patient"))
    assert kept.roles.features == ("x", *column)


def test_groups_are_compared_over_all_blocks() -> None:
    """A feature with a second value of one group in another block is no alias."""
    other = POOLED.copy()
    other[-1] = 7
    data = frame(249, stratum=STRATA, **{"pooled.stratum": other})
    table = replace(Table.from_pandas(data, "y", group="stratum"), block_bytes=8 * 3 * 25)
    assert useful_features(table)[1] == []
