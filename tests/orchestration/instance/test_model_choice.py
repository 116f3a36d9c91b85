"""A model that scores is a file, a version's folder, or an asset by name."""

import pandas as pd
import pytest

from lr_pipeline.estimators import fit_linear
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.orchestration.instance.model_choice import find_model
from lr_pipeline.scoring.predictions import ScoringError
from lr_pipeline.storage.storage_error import ArtifactError
from lr_pipeline.tables.table import Table
from tests.scoring.conftest import fit


@pytest.fixture(scope="module")
def model() -> LogisticModel:
    """A model of a few rows whose classes overlap."""
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "y": [0, 1, 0, 1, 0, 1]})
    return fit(Table.from_pandas(frame, target="y"))


@pytest.fixture
def stored(model, tmp_path):
    """Return a version as the pipeline stores it."""
    path = tmp_path / "model.json"
    path.write_text(model.to_json(), encoding="utf-8")
    return path


def test_a_file_or_its_folder_is_a_model(model, stored) -> None:
    """Both give the same model."""
    for name in (stored, stored.parent):
        assert find_model(str(name)).model.to_json() == model.to_json()


@pytest.mark.parametrize("text", ["", "[]", '{"kind": "tree"}', '{"kind": "logistic"}', "\x00"])
def test_what_is_no_model_is_named(stored, text) -> None:
    """The error is no traceback."""
    stored.write_text(text)
    with pytest.raises(ScoringError, match=r"model\.json: expected a model's JSON"):
        find_model(str(stored))


def test_a_missing_file_is_named(tmp_path) -> None:
    """A name that ends in .json is not an asset."""
    with pytest.raises(ScoringError, match="no such model file"):
        find_model(str(tmp_path / "none.json"))


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("churn", "churn/champion"),
        ("churn/", "churn/champion"),
        ("churn/torch_model", "churn/torch_model"),
        ("churn/champion", "churn/champion"),
        ("numpy_model", "numpy_model"),
    ],
)
def test_a_name_is_an_asset(monkeypatch, name, key) -> None:
    """A table's name means its champion."""
    asked = []

    def load(key, home):
        asked.append((key, home))
        raise ArtifactError("enough")

    monkeypatch.setattr("lr_pipeline.orchestration.instance.model_choice.load", load)
    with pytest.raises(ArtifactError, match="enough"):
        find_model(name, "home")
    assert asked == [(key, "home")]


def test_the_linear_baseline_does_not_score(monkeypatch, home) -> None:
    """Its values are not probabilities."""
    X, y = [[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1]
    monkeypatch.setattr(
        "lr_pipeline.orchestration.instance.model_choice.load", lambda *_: fit_linear(X, y)
    )
    with pytest.raises(ScoringError, match="expected a logistic regression, found FittedLinear"):
        find_model("churn/linear_baseline", home)


def test_an_unknown_home_is_named(tmp_path) -> None:
    """The error is that of ``load`` in a notebook."""
    with pytest.raises(ArtifactError, match="expected a Dagster home"):
        find_model("churn", tmp_path / "none")
