"""A model's decision: its JSON, and the probabilities and labels that follow from it."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from lr_pipeline.models import model_from_json
from lr_pipeline.models.decision.decision import Costs, Decision, FoldOutcome
from lr_pipeline.models.decision.recalibration import Isotonic, Platt
from lr_pipeline.models.document import ModelDocumentError
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.scoring.predictions import METADATA_KEY, score_file

OUTCOME = FoldOutcome("lowest cost", 1 / 3, 0.4, 0.25, 0.1)
DECISIONS = [
    Decision(),
    Decision(1 / 3, "lowest cost", 5, 90, Costs(1.0, 5.0), Platt(-0.1, 0.7), (OUTCOME,)),
    Decision(0.1, "Youden's", 5, 90, None, Isotonic((-1.0, 1 / 7), (0.01, 0.3, 0.99))),
    Decision(0.2, "0.2, as set", recalibration=Isotonic((), (0.25,))),
]


@pytest.mark.parametrize("decision", DECISIONS)
def test_json_restores_a_decision_exactly(train, overlapping, decision) -> None:
    """Every bit of threshold, costs, outcomes and recalibration comes back."""
    model = replace(train(overlapping), decision=decision)
    restored = model_from_json(model.to_json())
    assert isinstance(restored, LogisticModel)
    assert restored.decision == decision
    assert restored.to_json() == model.to_json()


def test_a_model_stored_before_there_were_decisions_says_yes_above_one_half(
    train, overlapping
) -> None:
    """Without the key the threshold is 0.5 and the probability σ(z)."""
    document = json.loads(train(overlapping).to_json())
    document["format_version"] = 1
    del document["decision"]
    restored = model_from_json(json.dumps(document))
    assert isinstance(restored, LogisticModel)
    assert restored.decision == Decision()


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("threshold", 1.5),
        ("recalibration", {"kind": "platt", "intercept": 0.0, "slope": -1.0}),
        ("recalibration", {"kind": "isotonic", "starts": [1.0, 0.0], "values": [0.1, 0.2, 0.3]}),
        ("recalibration", {"kind": "isotonic", "starts": [0.0], "values": [0.2, 0.1]}),
        ("recalibration", {"kind": "isotonic", "starts": [0.0], "values": [0.1]}),
        ("costs", {"false_positive": -1, "false_negative": 1}),
    ],
)
def test_a_decision_that_is_none_is_refused(train, overlapping, part, value) -> None:
    """The error names the field: a threshold beyond 1, a map that falls, a negative cost."""
    document = json.loads(train(overlapping).to_json())
    document["decision"][part] = value
    with pytest.raises(ModelDocumentError, match=f"field 'decision.{part}"):
        model_from_json(json.dumps(document))


def test_probabilities_are_recalibrated(train, overlapping) -> None:
    """``predict_proba`` is σ(a + b z), or the step that z is on."""
    model = train(overlapping)
    z = model.linear_predictor(overlapping)
    platt = replace(model, decision=Decision(recalibration=Platt(0.5, 2.0)))
    expected = 1 / (1 + np.exp(-(0.5 + 2.0 * z)))
    np.testing.assert_allclose(platt.predict_proba(overlapping), expected, rtol=1e-12)
    steps = replace(model, decision=Decision(recalibration=Isotonic((0.0,), (0.2, 0.7))))
    assert steps.predict_proba(overlapping).tolist() == [0.7 if one >= 0.0 else 0.2 for one in z]
    np.testing.assert_allclose(
        steps.decision.log_odds(z), np.where(z >= 0, np.log(0.7 / 0.3), np.log(0.2 / 0.8))
    )


@pytest.fixture
def new_rows(overlapping, tmp_path):
    """Return a file of rows to score."""
    path = tmp_path / "new.parquet"
    overlapping.to_pandas().drop(columns="died").to_parquet(path)
    return path


def scored(model, rows, path, threshold=None) -> tuple[pd.DataFrame, dict[str, object]]:
    """Return the scores of a file and what its metadata say of the columns."""
    score_file(model, rows, threshold).write_parquet(path)
    return pd.read_parquet(path), json.loads(pq.read_schema(path).metadata[METADATA_KEY])


def test_new_rows_are_labelled_by_the_models_threshold(
    train, overlapping, new_rows, tmp_path
) -> None:
    """The file says which threshold it is and how it was chosen; a given one overrides it."""
    model = replace(train(overlapping), decision=Decision(0.3, "Youden's index", 5, 90))
    rows, meaning = scored(model, new_rows, tmp_path / "a.parquet")
    assert (rows["label"] == (rows["probability"] > 0.3)).all()
    assert (meaning["threshold"], meaning["threshold_rule"]) == (0.3, "Youden's index")
    rows, meaning = scored(model, new_rows, tmp_path / "b.parquet", 0.6)
    assert (rows["label"] == (rows["probability"] > 0.6)).all()
    assert meaning["threshold"] == 0.6
    assert "the model's own is 0.3 (Youden's index)" in str(meaning["threshold_rule"])


@pytest.mark.parametrize("recalibration", [Platt(0.5, 2.0), Isotonic((-0.5, 0.5), (0.1, 0.5, 0.8))])
def test_intervals_of_new_rows_are_recalibrated_too(
    train, overlapping, new_rows, tmp_path, recalibration
) -> None:
    """Each end goes through the same increasing map as the probability."""
    model = train(overlapping)
    plain, _ = scored(model, new_rows, tmp_path / "a.parquet")
    changed = replace(model, decision=Decision(recalibration=recalibration))
    found, meaning = scored(changed, new_rows, tmp_path / "b.parquet")
    for name in ("lower", "probability", "upper"):
        z = np.log(plain[name] / (1 - plain[name])).to_numpy()
        np.testing.assert_allclose(found[name], recalibration.probability(z), rtol=1e-9)
    assert (found["lower"] <= found["probability"]).all()
    assert (found["probability"] <= found["upper"]).all()
    assert meaning["recalibration"] == recalibration.description
