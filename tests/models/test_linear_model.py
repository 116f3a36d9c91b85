"""The linear baseline as a model."""

import json

import numpy as np
from sklearn.linear_model import LinearRegression

from lr_pipeline.models import model_from_json
from lr_pipeline.models.train import train_linear
from tests.models.conftest import prepare
from tests.models.test_logistic_model import design_of


def test_predictions_equal_scikit_learns(overlapping) -> None:
    """The model is least squares on the prepared columns, with labels 0 and 1."""
    frame = overlapping.to_pandas()
    design, label = design_of(frame), (frame["died"] == "yes").astype(float)
    expected = LinearRegression().fit(design, label).predict(design)
    model = train_linear(overlapping, prepare)
    np.testing.assert_allclose(model.predict_proba(overlapping), expected, rtol=1e-9)


def test_json_restores_every_bit(overlapping) -> None:
    """A stored model predicts exactly as the trained one."""
    model = train_linear(overlapping, prepare)
    restored = model_from_json(model.to_json())
    assert restored.to_json() == model.to_json()
    assert np.array_equal(restored.predict_proba(overlapping), model.predict_proba(overlapping))
    assert json.loads(model.to_json())["kind"] == "linear"
