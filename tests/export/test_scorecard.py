"""Scorecards: the textbook's numbers, points that add up, bins of the training rows alone."""

import csv
import io
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from lr_pipeline.export.export_error import ExportError
from lr_pipeline.export.score_plan import plan_score
from lr_pipeline.export.scorecard.binned_card import binned_score
from lr_pipeline.export.scorecard.binning import bin_of, monotone_edges
from lr_pipeline.export.scorecard.card_files import card_file, card_text
from lr_pipeline.export.scorecard.model_card import model_card
from lr_pipeline.export.scorecard.weight_of_evidence import information_value, weights_of_evidence
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.models.point_scale import PointScale
from lr_pipeline.tables.table import Table
from tests.export.conftest import AGE, CITY, CODE, FLAG, TAG
from tests.scoring.conftest import fit

# Siddiqi, Credit Risk Scorecards, chapter 6: goods and bads by age, weights of evidence in %.
GOODS = np.array([860.0, 3040.0, 4920.0, 8100.0, 9500.0, 6800.0, 2940.0])
BADS = np.array([140.0, 960.0, 1080.0, 900.0, 500.0, 200.0, 60.0])
WEIGHTS = [-42.719, -108.980, -72.613, -4.526, 70.196, 128.388, 164.934]


def test_weights_of_evidence_are_the_textbooks() -> None:
    """Siddiqi's table of ages, and its information value 0.668."""
    found = 100.0 * weights_of_evidence(GOODS, BADS)
    np.testing.assert_allclose(found, WEIGHTS, atol=5e-4)
    assert information_value(GOODS, BADS) == pytest.approx(0.6681, abs=5e-5)
    assert information_value(BADS, GOODS) == pytest.approx(0.6681, abs=5e-5)


def test_a_bin_of_one_class_has_a_finite_weight() -> None:
    """Half a case of each is added to every bin: log((0.5/11) / (3.5/6)) by hand."""
    found = weights_of_evidence(np.array([0.0, 10.0]), np.array([3.0, 2.0]))
    assert found[0] == pytest.approx(np.log((0.5 / 11) / (3.5 / 6)))


def test_the_scale_is_the_textbooks() -> None:
    """600 points at 50 to 1, doubling every 20: factor 28.8539, offset 487.123 (Siddiqi)."""
    scale = PointScale(600.0, 50.0, 20.0)
    assert scale.factor == pytest.approx(28.8539, abs=5e-5)
    assert scale.offset == pytest.approx(487.123, abs=5e-4)
    assert scale.points(np.log(50.0)) == pytest.approx(600.0)
    assert scale.points(np.log(100.0)) == pytest.approx(620.0)
    falling = PointScale(600.0, 50.0, 20.0, rising=False)
    assert falling.points(-np.log(100.0)) == pytest.approx(620.0)
    assert falling.log_odds(falling.points(0.7)) == pytest.approx(0.7)


@pytest.mark.parametrize(("name", "value"), [("odds", 0.0), ("pdo", -1.0), ("base", np.inf)])
def test_a_scale_that_gives_no_points_is_refused(name, value) -> None:
    """The message names the number."""
    with pytest.raises(ValueError, match=f"{name} must be"):
        PointScale(**{name: value})


def test_the_models_points_add_up_to_its_score(model, rows, odd) -> None:
    """Points are added by hand, row by row: units above the mean, one level, missing."""
    scale = PointScale()
    card = model_card(plan_score(model), scale, 6, "t")
    parts = {column.name: column.attributes for column in card.columns}
    means = dict(zip(model.preparation.columns, model.fit.center.tolist(), strict=True))
    total = np.full(len(odd), card.base_points)
    for name in (AGE, TAG, FLAG):
        x = odd[name].astype(float)
        unit, *missing = parts[name]
        total += np.where(x.isna(), 0.0, (x - means[name]) * unit.points)
        if missing:
            total += np.where(x.isna(), missing[0].points, 0.0)
    texts = {"Oslo ": "Oslo", "Köl’n": "Köl'n", "北京\u200b": "北京"}
    city = (
        odd[CITY].replace(texts).fillna("missing").replace({"rare": "(other)", "rarer": "(other)"})
    )
    for name, values in ((CITY, city), (CODE, odd[CODE].astype(str))):
        points = {one.text: one.points for one in parts[name]}
        total += values.map(points).to_numpy()
    np.testing.assert_allclose(total, scale.points(model.linear_predictor(rows)), atol=4e-6, rtol=0)


@pytest.fixture(scope="module")
def binned(model: LogisticModel, rows: Table):
    """Return the scorecard of bins of the odd rows."""
    return binned_score(model, rows, None, PointScale(), 5, 0, "card")


def test_points_of_bins_add_up_to_the_score_within_rounding(binned, rows) -> None:
    """Half a point a column at most; and the score is that of σ⁻¹ by statsmodels."""
    columns = binned.card.columns
    exact = binned.card.scale.points(binned.log_odds(rows))
    assert np.abs(binned.points(rows) - exact).max() <= 0.5 * len(columns)
    assert all(float(one.points).is_integer() for column in columns for one in column.attributes)
    woe = np.column_stack(
        [
            one.woe[one.places(rows.column(one.encoding.name).combine_chunks())]
            for one in binned.columns
        ]
    )
    peer = sm.Logit(rows.labels(), sm.add_constant(woe)).fit(disp=0, tol=1e-12)
    np.testing.assert_allclose(peer.params, [binned.intercept, *binned.coefficients], rtol=1e-6)
    assert "Rounding moves" in " ".join(binned.card.notes)


def test_counts_and_weights_are_those_of_the_rows(binned, odd) -> None:
    """A category's bins by a group-by of pandas."""
    (column,) = [one for one in binned.card.columns if one.name == CODE]
    grouped = odd.groupby(odd[CODE].astype(str))["y"].agg(["size", "sum"])
    for one in column.attributes:
        assert (one.cases, one.positives) == tuple(grouped.loc[one.text])
    share = grouped / grouped.sum()
    others = (grouped["size"] - grouped["sum"]) / (grouped["size"] - grouped["sum"]).sum()
    expected = np.log(share["sum"] / others)
    for one in column.attributes:
        assert one.woe == pytest.approx(expected[one.text])
    value = ((share["sum"] - others) * expected).sum()
    assert column.information_value == pytest.approx(value)


def test_bins_are_of_the_training_rows_alone(model, rows, odd) -> None:
    """Other test rows change the notes, and no attribute."""
    other = odd.assign(y=1 - odd["y"], **{AGE: 0.0, CODE: odd[CODE].astype(str)})
    test = Table.from_arrow(
        pa.Table.from_pandas(other, preserve_index=False), target="y", category=[CODE]
    )
    one, two = (binned_score(model, rows, part, PointScale(), 5, 0, "t") for part in (None, test))
    assert one.card.columns == two.card.columns
    assert one.card.notes != two.card.notes


def test_weights_are_rows(odd) -> None:
    """A row of weight 3 is three rows, of weight 0 none."""
    frame = odd[[AGE, TAG, "y"]].assign(w=np.arange(len(odd)) % 4)
    repeated = frame.loc[frame.index.repeat(frame["w"])].drop(columns="w")
    cards = []
    for table in (
        Table.from_pandas(frame, target="y", weight="w"),
        Table.from_pandas(repeated, target="y"),
    ):
        cards.append(binned_score(fit(table), table, None, PointScale(), 4, 2, "t").card)
    for first, second in zip(*(card.columns for card in cards), strict=True):
        assert [one.text for one in first.attributes] == [one.text for one in second.attributes]
        for one, two in zip(first.attributes, second.attributes, strict=True):
            assert one.cases == two.cases
            assert one.points == pytest.approx(two.points, abs=0.011)


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.integers(2, 7), st.integers(2, 40))
def test_rates_are_monotone_over_few_bins(seed, most, distinct) -> None:
    """Each bin of any rows has both classes and 5 % of the cases; their order does not matter."""
    rng = np.random.default_rng(seed)
    n = 300
    x = rng.integers(0, distinct, n).astype(float)
    y = (rng.random(n) < 0.2 + 0.6 * rng.random() * (x > rng.integers(0, distinct))).astype(float)
    weight = rng.integers(0, 3, n).astype(float)
    if len(set(y[weight > 0])) < 2:
        return
    edges = monotone_edges(x, y, weight, most)
    order = rng.permutation(n)
    assert monotone_edges(x[order], y[order], weight[order], most) == edges
    assert len(edges) < most
    bins = bin_of(x, edges)
    cases = np.bincount(bins, weights=weight, minlength=len(edges) + 1)
    positives = np.bincount(bins, weights=weight * y, minlength=len(edges) + 1)
    assert (cases >= 0.05 * cases.sum()).all()
    assert ((positives > 0) & (positives < cases)).all()
    steps = np.diff(positives / cases)
    assert (steps > 0).all() or (steps < 0).all()


def test_a_card_without_two_bins_is_refused() -> None:
    """A column that says nothing has no points."""
    frame = pd.DataFrame({"x": [0.0, 1.0] * 30, "y": [0, 0, 1, 1] * 15})
    table = Table.from_pandas(frame, target="y")
    with pytest.raises(ExportError, match="no column has two bins"):
        binned_score(fit(table), table, None, PointScale(), 5, 0, "t")


def test_files_hold_the_card_and_execute_nothing(binned) -> None:
    """JSON and CSV have every digit; HTML shows a name as text; no CSV cell is a formula."""
    card = binned.card
    document = json.loads(card_file(card, ".json"))
    assert document["columns"][0]["attributes"][0]["points"] == card.columns[0].attributes[0].points
    rows = list(csv.DictReader(io.StringIO(card_file(card, ".csv"))))
    total = sum(len(column.attributes) for column in card.columns)
    assert len(rows) == total + 1
    assert float(rows[1]["log_odds"]) == card.columns[0].attributes[0].log_odds
    page = card_file(card, ".html")
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "&lt;b&gt;&amp;amp;" in page
    assert card_file(card, ".txt") == card_text(card)
    with pytest.raises(ExportError, match=r"ends in \.csv, \.json"):
        card_file(card, ".xlsx")
    frame = pd.DataFrame({"=cmd()": ["a", "b", "-b+1"] * 20, "y": [0, 0, 1, 1, 1] * 12})
    table = Table.from_arrow(pa.Table.from_pandas(frame, preserve_index=False), target="y")
    text = card_file(model_card(plan_score(fit(table)), PointScale(), 0, "t"), ".csv")
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row[:2]]
    assert "'=cmd()" in cells
    assert not any(cell.startswith(("=", "-")) for cell in cells)
