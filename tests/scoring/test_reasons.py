"""Reasons: their sum, their order, their groups, their words, and the file of a reference."""

import itertools
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from lr_pipeline.models.point_scale import PointScale
from lr_pipeline.scoring.predictions import score_file
from lr_pipeline.scoring.reason_words import signed
from lr_pipeline.scoring.reasons import find_reasons, largest, reasons_of
from lr_pipeline.scoring.reference import (
    ReferenceRowError,
    read_reference,
    reference_design,
    training_means,
)
from lr_pipeline.tables.table import Table
from tests.core.inference.test_collinearity import calls
from tests.scoring.conftest import fit


@pytest.fixture(scope="module")
def gaps() -> pd.DataFrame:
    """Return 300 rows with missing numbers and texts and a rare level."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "<script>": rng.normal(3.0, 1.0, 300),
            "年龄": rng.normal(50.0, 9.0, 300),
            "city": rng.choice(["Oslo", "Lyon", "Köln"], 300, p=[0.5, 0.3, 0.2]).astype(object),
        }
    )
    frame.loc[:39, "年龄"] = np.nan
    frame.loc[30:69, "city"] = None
    frame.loc[298:, "city"] = "Rome"
    z = frame["<script>"] - 3.0 + 0.8 * (frame["city"] == "Lyon") + 0.7 * frame["年龄"].isna()
    frame["y"] = (rng.random(300) < 1 / (1 + np.exp(-z))).astype(int)
    frame.loc[298:, "y"] = [0, 1]
    return frame


def batch_of(frame: pd.DataFrame) -> pa.RecordBatch:
    return pa.RecordBatch.from_pandas(frame, preserve_index=False)


def test_contributions_add_up_to_the_score(gaps) -> None:
    """With the reference's score they are z, from the training means and from a given row."""
    model = fit(Table.from_pandas(gaps, target="y"))
    batch = batch_of(gaps)
    X = model.preparation.design(batch)
    z = model.predictor.of_design(X)
    given_row = reference_design(model, {"city": "Lyon", "年龄": None, "<script>": 2})
    for design in (model.fit.center, given_row):
        reasons = reasons_of(model, 3, training_means(model).__class__(design))
        total = reasons.contributions(X).sum(axis=0) + reasons.reference_score
        np.testing.assert_allclose(total, z, rtol=0, atol=1e-12)


def test_contributions_are_those_of_statsmodels_coefficients(gaps) -> None:
    """Per original column: β̂ (x − x̄), levels and missing indicator added."""
    model = fit(Table.from_pandas(gaps, target="y"))
    age = gaps["年龄"]
    design = pd.DataFrame(
        {
            "s": gaps["<script>"],
            "age": age.fillna(age.median()),
            "age_missing": age.isna(),
            "Köln": gaps["city"] == "Köln",
            "Lyon": gaps["city"] == "Lyon",
            "other": gaps["city"] == "Rome",
            "missing": gaps["city"].isna(),
        }
    ).astype(float)
    beta = sm.Logit(gaps["y"], sm.add_constant(design)).fit(disp=0, tol=1e-12).params[1:]
    parts = (design - design.mean()) * beta
    expected = [
        parts["s"],
        parts["age"] + parts["age_missing"],
        parts[["Köln", "Lyon", "other", "missing"]].sum(axis=1),
    ]
    reasons = reasons_of(model, 3)
    assert [group.name for group in reasons.groups] == ["<script>", "年龄", "city"]
    found = reasons.contributions(model.preparation.design(batch_of(gaps)))
    np.testing.assert_allclose(found, np.array(expected), atol=1e-9)


@given(st.lists(st.lists(st.integers(-3, 3), min_size=4, max_size=4), min_size=1, max_size=6))
def test_the_largest_come_first_and_of_equals_the_first_column(rows) -> None:
    """The order is that of a stable sort by size."""
    contributions = np.array(rows, dtype=float).T
    expected = np.argsort(-np.abs(contributions), axis=0, kind="stable")
    for k in (1, 3, 4, 7):
        assert largest(contributions, k).tolist() == expected[:k].tolist()


def test_a_row_says_why_in_words(gaps, tmp_path) -> None:
    """Column, value and signed contribution; the machine's columns say the same."""
    model = fit(Table.from_pandas(gaps, target="y"))
    path = tmp_path / "new.parquet"
    gaps.drop(columns="y").to_parquet(path)
    scored = score_file(model, path, reasons=reasons_of(model, 2))
    scored.write_parquet(tmp_path / "scores.parquet")
    found = pd.read_parquet(tmp_path / "scores.parquet")
    row = found.iloc[35]  # both are missing
    by_name = {row[f"reason_{k}_column"]: row[f"reason_{k}_value"] for k in (1, 2)}
    assert by_name.get("年龄", "missing") == by_name.get("city", "missing") == "missing"
    for k in (1, 2):
        for text, name, value, moved in zip(
            *(found[f"reason_{k}{part}"] for part in ("", "_column", "_value", "_contribution")),
            strict=True,
        ):
            sign = "−" if moved < 0 else "+"
            assert text.startswith(f"{name} {value}: {sign}")
            shown = text.rpartition(": ")[2].replace("−", "-")
            assert float(shown) == pytest.approx(moved, abs=0.00501)
    sizes = found[["reason_1_contribution", "reason_2_contribution"]].abs()
    assert (sizes.iloc[:, 0] >= sizes.iloc[:, 1]).all()
    assert scored.meaning()["reasons"]["reference"].startswith("the mean")
    assert scored.fingerprint != score_file(model, path).fingerprint


def test_small_contributions_have_their_sign_and_two_digits() -> None:
    """Whole hundredths stand as they are; what would be 0.00 keeps two significant digits."""
    moved = np.array([0.824, -0.824, 0.00321, -0.00321, 1.5e9])
    expected = ["+0.82", "−0.82", "+0.0032", "−0.0032", "+1500000000"]
    assert signed(moved).to_pylist() == expected


def test_values_keep_six_digits_and_whole_numbers_all(gaps) -> None:
    """1234567 stays; 0.123456789 becomes 0.123457; −0.00001234 stays small."""
    model = fit(Table.from_pandas(gaps, target="y"))
    frame = gaps.head(3).assign(年龄=[1234567.0, 0.123456789, -0.0000123400001])
    columns = reasons_of(model, 3).columns(
        batch_of(frame), model.preparation.design(batch_of(frame))
    )
    values = [{n.as_py(): v.as_py() for n, v in pairs} for pairs in _pairs(columns)]
    assert [float(one["年龄"]) for one in values] == [1234567, 0.123457, -1.234e-05]


def _pairs(columns: list[pa.Array]) -> list[list[tuple[pa.Scalar, pa.Scalar]]]:
    """Return for each row its pairs of name and value."""
    names, values = columns[1::4], columns[2::4]
    return [
        [(n[i], v[i]) for n, v in zip(names, values, strict=True)] for i in range(len(columns[0]))
    ]


def test_more_reasons_than_columns_and_rows_at_the_reference_are_empty(gaps) -> None:
    """Nothing is invented: a reason that moves nothing is null."""
    model = fit(Table.from_pandas(gaps, target="y"))
    row = {"<script>": 2.5, "年龄": 44.0, "city": "Lyon"}
    reference = training_means(model).__class__(reference_design(model, row))
    batch = batch_of(pd.DataFrame([row]))
    columns = reasons_of(model, 5, reference).columns(batch, model.preparation.design(batch))
    assert all(column.null_count == 1 for column in columns)
    assert len(columns) == 20
    empty = batch.slice(0, 0)
    assert [len(c) for c in reasons_of(model, 2).columns(empty, np.zeros((0, 7)))] == [0] * 8


def test_columns_that_cannot_be_told_apart_have_one_reason() -> None:
    """Their sum is determined though their parts are not; others stay alone."""
    X, y = calls()
    frame = pd.DataFrame(X, columns=list("abcde")).assign(y=y.astype(int))
    model = fit(Table.from_pandas(frame, "y"))
    names = [group.features for group in reasons_of(model, 1).groups]
    assert sorted(itertools.chain(*names)) == list("abcde")
    assert ("b",) in names
    assert all(len(group) > 1 for group in names if group != ("b",))


def test_dependent_columns_have_one_reason() -> None:
    """Twice the same column: its effect could be either's."""
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 200))
    frame = pd.DataFrame({"a": a, "b": b, "again": 2.0 * a})
    frame["y"] = (rng.random(200) < 1 / (1 + np.exp(-a - b))).astype(int)
    model = fit(Table.from_pandas(frame, "y"))
    reasons = reasons_of(model, 1)
    assert [group.features for group in reasons.groups] == [("a", "again"), ("b",)]
    batch = batch_of(frame.head(1))
    text = reasons.columns(batch, model.preparation.design(batch))[0][0].as_py()
    assert text.startswith(("a & again ", "b "))


def test_a_file_gives_the_reference_and_the_points(gaps, tmp_path) -> None:
    """Points: a factor of pdo / log 2 for each unit of the log odds (Siddiqi)."""
    model = fit(Table.from_pandas(gaps, target="y"))
    document = {
        "reference": {"city": "Lyon", "年龄": 40},
        "scale": {"base": 600, "odds": 50, "pdo": 20},
    }
    (tmp_path / "reference.json").write_text(json.dumps(document))
    (tmp_path / "reference.yaml").write_text(
        "reference: {city: Lyon, 年龄: 40}\nscale: {base: 600, odds: 50, pdo: 20}\n"
    )
    path = tmp_path / "new.parquet"
    gaps.to_parquet(path)
    tables = []
    for name in ("reference.json", "reference.yaml"):
        reasons = find_reasons(model, 3, tmp_path / name)
        assert reasons is not None
        score_file(model, path, reasons=reasons).write_parquet(tmp_path / "s.parquet")
        tables.append(pd.read_parquet(tmp_path / "s.parquet"))
    pd.testing.assert_frame_equal(*tables)
    found = tables[0]
    p = found["probability"]
    np.testing.assert_allclose(found["points"], 600 + 20 * np.log2(p / (1 - p) / 50), rtol=1e-12)
    np.testing.assert_allclose(
        found["reason_1_points"], 20 / np.log(2) * found["reason_1_contribution"], rtol=1e-14
    )
    at = 600 + 20 * (reasons.reference_score / np.log(2) - np.log2(50))
    total = found[[f"reason_{k}_points" for k in (1, 2, 3)]].fillna(0.0).sum(axis=1)
    np.testing.assert_allclose(at + total, found["points"], rtol=1e-12)
    assert reasons.to_dict()["scale"] == PointScale().to_dict()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("reference: {city: Rom}", "no level 'Rom' in training, only 'Köln', 'Lyon', 'Oslo'"),
        ("reference: {citty: Oslo}", "Did you mean 'city'"),
        ("reference: {年龄: old}", "'年龄' must be a number, found 'old'"),
        ("reference: [1]", "expected a row, name: value"),
        ("reference: []", "expected a row, name: value"),
        ("scale: 0", "expected its fields, found 0"),
        ("rows: {city: Oslo}", "expected the fields reference or scale, found 'rows'"),
        ("scale: {base: 1, odd: 2}", "Give base, odds, pdo, rising"),
        ("scale: {base: high}", "base must be a number, found 'high'"),
        ("scale: {odds: -2}", "odds must be a positive number, found -2"),
        ("reference: {", "expected YAML or JSON"),
    ],
)
def test_a_reference_that_cannot_be_used_is_refused(gaps, tmp_path, text, message) -> None:
    """The message names the file, what was found and what to write."""
    model = fit(Table.from_pandas(gaps, target="y"))
    (tmp_path / "reference.yaml").write_text(text)
    with pytest.raises(ReferenceRowError, match=message):
        read_reference(tmp_path / "reference.yaml", model)
    with pytest.raises(ReferenceRowError, match="no such file"):
        read_reference(tmp_path / "none.yaml", model)


def test_a_reference_without_reasons_is_refused(model) -> None:
    """An option that does nothing is said to."""
    with pytest.raises(ReferenceRowError, match="--reasons 4"):
        find_reasons(model, None, "reference.yaml")
    assert find_reasons(model, None) is None
    with pytest.raises(ValueError, match="at least 1"):
        reasons_of(model, 0)
