"""Scores of a file of new rows: columns, counts, streaming, equal bytes for equal inputs."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from lr_pipeline.models import model_from_json
from lr_pipeline.models.model_version import version_of
from lr_pipeline.scoring.predictions import (
    METADATA_KEY,
    ScoringError,
    score_file,
)
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.table import Table
from tests.scoring.conftest import fit, in_blocks


def written(predictions, path) -> pd.DataFrame:
    """Return the content of the file."""
    predictions.write_parquet(path)
    return pq.read_table(path).to_pandas()


def test_each_row_has_its_score_and_its_marks(model, new_rows, tmp_path) -> None:
    """Rows are in the file's order, with their ids; columns are in their order."""
    predictions = score_file(model, new_rows)
    found = written(predictions, tmp_path / "p.parquet")
    assert list(found) == [
        "key", "probability", "lower", "upper", "label", "model_version", "model_status",
        "out_of_range", "unseen_category", "unexpected_missing",
    ]  # fmt: skip
    assert found["key"].tolist() == ["a", "b", "c", "d"]
    assert found["out_of_range"].fillna("").tolist() == ["", "age", "dose", ""]
    assert found["unseen_category"].fillna("").tolist() == ["", "", "city", ""]
    missing = found["unexpected_missing"].fillna("").tolist()
    assert missing == ["", "", "", "age; dose; city"]
    assert predictions.counts.unexpected_missing_rows == 1
    assert predictions.metadata()["unexpected_missing"] == {"age": 1, "dose": 1, "city": 1}
    assert (found["lower"] <= found["probability"]).all()
    assert (found["probability"] <= found["upper"]).all()
    assert (found["label"] == (found["probability"] > 0.5)).all()
    assert set(found["model_version"]) == {version_of(model)}
    counts = predictions.counts
    assert (counts.rows, counts.out_of_range_rows, counts.unseen_rows) == (4, 2, 1)
    assert counts.out_of_range == {"age": 1, "dose": 1}
    assert counts.positive == found["label"].sum()


def test_two_features_out_of_range_are_both_named(model, tmp_path) -> None:
    """The row counts once."""
    path = tmp_path / "new.csv"
    path.write_text("city,key,age,dose\nOslo,a,500,0.5\n")
    predictions = score_file(model, path)
    assert written(predictions, tmp_path / "p.parquet")["out_of_range"].tolist() == ["age; dose"]
    assert predictions.counts.out_of_range_rows == 1


def test_only_what_training_never_lacked_is_unexpectedly_missing(frame, tmp_path) -> None:
    """One training row without an age is enough, even if the design has no missing indicator."""
    trained = frame.assign(age=frame["age"].mask(frame.index == 3))
    model = fit(Table.from_pandas(trained, target="died", id="key"))
    assert "age=missing" not in model.coefficients
    path = tmp_path / "new.csv"
    path.write_text("city,key,age,dose\nOslo,a,,\n,b,50,nan\nOslo,c,50,0.001\n")
    for scored in (model, model_from_json(model.to_json())):
        predictions = score_file(scored, path)
        found = written(predictions, tmp_path / "p.parquet")["unexpected_missing"]
        assert found.fillna("").tolist() == ["dose", "dose; city", ""]
        assert "2 without a value that every training row has" in predictions.metadata()["summary"]


def test_without_an_id_rows_are_numbered(without_id, frame, tmp_path) -> None:
    """Numbers begin at 1 and continue through all blocks."""
    frame.to_parquet(tmp_path / "new.parquet")
    predictions = score_file(without_id, tmp_path / "new.parquet")
    assert written(predictions, tmp_path / "p.parquet")["row"].tolist() == list(range(1, 201))


def test_the_threshold_moves_the_label_alone(model, new_rows, tmp_path) -> None:
    """The label is 1 above the threshold, and 0 at it."""
    first = written(score_file(model, new_rows), tmp_path / "a.parquet")
    exact = float(first["probability"][0])
    second = written(score_file(model, new_rows, threshold=exact), tmp_path / "b.parquet")
    assert second["label"].tolist() == (first["probability"] > exact).astype(int).tolist()
    assert second["label"][0] == 0
    assert second["probability"].equals(first["probability"])


def test_withheld_intervals_are_empty_with_the_reason(penalised, new_rows, tmp_path) -> None:
    """The reason is in the file's own metadata."""
    path = tmp_path / "p.parquet"
    found = written(score_file(penalised, new_rows), path)
    assert found["lower"].isna().all()
    assert found["upper"].isna().all()
    meaning = json.loads(pq.read_schema(path).metadata[METADATA_KEY])
    assert "penalised (l2)" in meaning["interval_withheld"]
    assert meaning["label"] == "1: died = yes"


def test_equal_inputs_give_equal_bytes(model, new_rows, tmp_path) -> None:
    """The file's name does not matter; another threshold or row gives other bytes."""
    copy = tmp_path / "copy.csv"
    shutil.copy(new_rows, copy)
    first, second = score_file(model, new_rows), score_file(model, copy)
    first.write_parquet(tmp_path / "a.parquet")
    second.write_parquet(tmp_path / "b.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert first.fingerprint == second.fingerprint
    assert score_file(model, copy, threshold=0.4).fingerprint != first.fingerprint
    with copy.open("a") as file:
        file.write("Oslo,e,1,1,x\n")
    assert second.fingerprint == first.fingerprint  # it hashes the rows that were read
    assert score_file(model, copy).fingerprint != first.fingerprint


def test_every_file_decides_the_version(model, new_rows, tmp_path) -> None:
    """Copies elsewhere have the same version; a change in any file gives another."""
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        for part in ("a.csv", "b.csv"):
            (tmp_path / name / part).write_bytes(new_rows.read_bytes())
    here, there = (score_file(model, tmp_path / name) for name in ("here", "there"))
    first = here.fingerprint
    assert first == there.fingerprint != score_file(model, new_rows).fingerprint
    assert len(written(here, tmp_path / "scores.parquet")) == 8
    with (tmp_path / "here" / "b.csv").open("a") as file:
        file.write("Oslo,e,1,1,x\n")
    assert score_file(model, tmp_path / "here").fingerprint != first


def test_a_url_is_scored_as_its_file_is(model, new_rows) -> None:
    """The fingerprint, which is the asset's version, reads the file behind the URL."""
    by_url = score_file(model, f"file://{new_rows}")
    assert by_url.fingerprint == score_file(model, new_rows).fingerprint
    assert sum(batch.num_rows for batch in by_url.blocks()) == 4


def test_the_rows_are_streamed(model, frame, tmp_path) -> None:
    """Blocks are scored one by one, with progress; the scores do not depend on the blocks."""
    frame.to_parquet(tmp_path / "new.parquet")
    whole = written(score_file(model, tmp_path / "new.parquet"), tmp_path / "a.parquet")
    told = []
    predictions = score_file(
        model, tmp_path / "new.parquet", progress=lambda *counts: told.append(counts)
    )
    predictions = in_blocks(predictions, 8 * 5 * 30)  # with the target
    pieces = written(predictions, tmp_path / "b.parquet")
    assert told == [(n, 200) for n in (30, 60, 90, 120, 150, 180, 200)]
    np.testing.assert_allclose(whole["probability"], pieces["probability"], rtol=1e-13)
    assert pieces["key"].tolist() == frame["key"].tolist()


def test_a_file_without_rows_has_no_scores(model, tmp_path) -> None:
    """A header alone is a table with the right columns."""
    path = tmp_path / "new.csv"
    path.write_text("city,key,age,dose\n")
    predictions = score_file(model, path)
    assert written(predictions, tmp_path / "p.parquet").empty
    assert predictions.counts.rows == 0


def test_an_infinite_value_stops_the_scoring(model, tmp_path) -> None:
    """The error is that of training."""
    path = tmp_path / "new.csv"
    path.write_text("city,key,age,dose\nOslo,a,inf,1\n")
    with pytest.raises(TableError, match="infinite"):
        score_file(model, path).write_parquet(tmp_path / "p.parquet")


@pytest.mark.parametrize("threshold", [0.0, 1.0, -1.0, 2.0])
def test_a_threshold_is_a_probability(model, new_rows, threshold) -> None:
    """It is between 0 and 1, both excluded."""
    with pytest.raises(ScoringError, match="threshold between 0 and 1"):
        score_file(model, new_rows, threshold)


def test_a_model_without_ranges_is_refused(model, new_rows) -> None:
    """It could not mark values out of range."""
    with pytest.raises(ScoringError, match="Train it again"):
        score_file(replace(model, ranges={}), new_rows)


def test_an_id_named_like_a_result_is_refused(model, new_rows) -> None:
    """Two columns of the same name could not be distinguished."""
    preparation = replace(model.preparation, roles=replace(model.preparation.roles, id="label"))
    with pytest.raises(ScoringError, match="'label' has the name of a result"):
        score_file(replace(model, preparation=preparation), new_rows)


def test_the_version_is_that_of_the_stored_model(model) -> None:
    """It stays the same when stored, and differs between models."""
    assert version_of(model_from_json(model.to_json())) == version_of(model)
    assert version_of(replace(model, train_rows=1)) != version_of(model)
