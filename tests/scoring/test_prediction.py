"""One block: intervals compared with statsmodels, new values with hand-made rows."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import statsmodels.api as sm

from lr_pipeline.models import model_from_json
from lr_pipeline.scoring.prediction import Predictor, unseen_rows
from lr_pipeline.scoring.predictions import score_file
from lr_pipeline.tables.preparation.encoding import CategoryEncoding
from lr_pipeline.tables.table import Table


def batch_of(frame: pd.DataFrame) -> pa.RecordBatch:
    """Return one block of rows."""
    return pa.RecordBatch.from_pandas(frame, preserve_index=False)


def test_probabilities_are_those_of_the_model(model, frame) -> None:
    """They equal those of ``predict_proba`` bit for bit, since the arithmetic is the same."""
    found = Predictor(model).predict(batch_of(frame))
    table = Table.from_pandas(frame, target="died", id="key")
    np.testing.assert_allclose(found.probability, model.predict_proba(table), rtol=1e-14)


def test_intervals_are_statsmodels(model, frame) -> None:
    """They are a binomial GLM's intervals of the mean, by the link (statsmodels, its own fit)."""
    levels = [name.partition("=")[2] for name in model.preparation.columns if "=" in name]
    X = frame[["age", "dose"]].to_numpy()
    X = np.column_stack([np.ones(len(X)), X, *[frame["city"] == level for level in levels]])
    peer = sm.GLM(frame["died"] == "yes", X, family=sm.families.Binomial()).fit(tol=1e-12)
    expected = peer.get_prediction(X).summary_frame(alpha=0.05)
    found = Predictor(model).predict(batch_of(frame))
    for ours, column in (
        (found.probability, "mean"),
        (found.lower, "mean_ci_lower"),
        (found.upper, "mean_ci_upper"),
    ):
        np.testing.assert_allclose(ours, expected[column], rtol=1e-6)


def test_there_is_no_interval_where_standard_errors_are_withheld(penalised, frame) -> None:
    """The reason is that of the fit itself."""
    predictor = Predictor(penalised)
    found = predictor.predict(batch_of(frame))
    assert found.lower is None
    assert found.upper is None
    assert "penalised (l2)" in predictor.withheld


def test_a_large_mean_costs_the_interval_few_digits(frame) -> None:
    """A column shifted by 10⁶ deviations has the interval of the column itself."""
    from tests.scoring.conftest import fit

    plain = frame[["age", "died"]]
    shifted = plain.assign(age=plain["age"] + 12e6)
    found = [
        Predictor(fit(Table.from_pandas(one, target="died"))).predict(batch_of(one))
        for one in (plain, shifted)
    ]
    # (mean / deviation)² = 10¹² times the rounding 10⁻¹⁶ of the covariance.
    np.testing.assert_allclose(found[0].lower, found[1].lower, rtol=1e-3)


def test_the_range_is_that_of_training(model, frame) -> None:
    """Its ends are inside, the next number is outside, and a missing value is not marked."""
    age = frame["age"]
    ends = [age.min(), age.max(), np.nextafter(age.min(), 0), np.nextafter(age.max(), 200), np.nan]
    rows = pd.DataFrame({"age": ends, "dose": 1e-3, "city": "Oslo"})
    found = Predictor(model).predict(batch_of(rows))
    assert list(found.out_of_range) == ["age"]
    assert found.out_of_range["age"].tolist() == [False, False, True, True, False]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), "str")])
def test_unseen_levels_are_marked_row_by_row(kind) -> None:
    """The storage of text does not matter; a missing value is not an unseen level."""
    encoding = CategoryEncoding("city", "Köln", ("Lyon",), marks_missing=False)
    column = pa.array(["Lyon", "Rome", None, "Köln", "Rome", "Bern"]).cast(kind)
    expected = [False, True, False, False, True, True]
    assert unseen_rows(encoding, column).tolist() == expected
    assert sum(expected) == encoding.unseen(column)


def test_a_block_without_rows_is_predicted(model) -> None:
    """The result has no rows."""
    rows = pd.DataFrame({"age": [1.0], "dose": [1.0], "city": ["Oslo"]})
    found = Predictor(model).predict(batch_of(rows).slice(0, 0))
    assert found.probability.shape == (0,)
    assert not found.out_of_range


def test_a_level_in_another_spelling_is_that_level(model, frame, tmp_path) -> None:
    """Any kind of file and a stored model give the same bits, and no unseen level."""
    stored = model_from_json(model.to_json())
    other = frame.assign(city=frame["city"].str.replace("ö", "o\u0308") + "\u00a0")
    plain, spelled = tmp_path / "plain.csv", tmp_path / "spelled.csv"
    frame.to_csv(plain, index=False)
    other.to_csv(spelled, index=False)
    other.to_parquet(tmp_path / "spelled.parquet")
    expected, *found = (
        [
            Predictor(stored).predict(block)
            for block in score_file(stored, path).new_rows.table.blocks()
        ]
        for path in (plain, spelled, tmp_path / "spelled.parquet")
    )
    for (ours,) in found:
        assert ours.unseen == {}
        np.testing.assert_array_equal(ours.probability, expected[0].probability)
