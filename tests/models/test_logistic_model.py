"""Logistic models: predictions, descriptions and JSON."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from lr_pipeline.core.logistic.penalties.log_f import LogF
from lr_pipeline.core.solvers.gradient_descent import GradientDescent
from lr_pipeline.models import model_from_json
from lr_pipeline.models.document import ModelDocumentError
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.table import Table


def design_of(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the documented preparation, written with pandas."""
    median = frame["age"].median()
    columns = {
        "age": frame["age"].fillna(median),
        "age=missing": frame["age"].isna(),
        "dose": frame["dose"],
    }
    reference = frame["city"].value_counts().idxmax()
    for city in sorted(set(frame["city"]) - {reference}):
        columns[f"city={city}"] = frame["city"] == city
    return pd.DataFrame(columns).astype(float)


def test_coefficients_and_standard_errors_equal_those_of_statsmodels(train, overlapping) -> None:
    """Values are imputed and categories coded; units are the columns' own."""
    model = train(overlapping)
    frame = overlapping.to_pandas()
    design = sm.add_constant(design_of(frame))
    expected = sm.Logit((frame["died"] == "yes").astype(float), design).fit(disp=0, tol=1e-12)

    assert list(model.coefficients) == list(design.columns[1:])
    np.testing.assert_allclose(
        [model.intercept, *model.coefficients.values()], expected.params, rtol=1e-8
    )
    np.testing.assert_allclose(model.fit.standard_errors, expected.bse.iloc[1:], rtol=1e-6)


def test_probabilities_are_those_of_the_reported_coefficients(train, overlapping) -> None:
    """A reader can compute a prediction from the printed numbers."""
    model = train(overlapping)
    design = design_of(overlapping.to_pandas())
    z = model.intercept + design[list(model.coefficients)] @ list(model.coefficients.values())
    np.testing.assert_allclose(model.predict_proba(overlapping), 1 / (1 + np.exp(-z)), rtol=1e-9)


def test_json_restores_every_bit(train, overlapping) -> None:
    """A stored model predicts exactly as the trained one."""
    model = train(overlapping)
    restored = model_from_json(model.to_json())
    assert restored.to_json() == model.to_json()
    assert np.array_equal(restored.predict_proba(overlapping), model.predict_proba(overlapping))
    assert restored.fit.status is model.fit.status
    assert restored.fit.certificate == model.fit.certificate


def test_json_holds_what_other_programs_read(train, overlapping) -> None:
    """It has the documented fields, with coefficients by name."""
    document = json.loads(train(overlapping).to_json())
    assert document["kind"] == "logistic"
    assert document["features"] == ["age", "dose", "city"]
    assert set(document["coefficients"]) >= {"age", "age=missing", "dose"}
    assert document["status"] == "converged"
    assert document["train_fingerprint"] == overlapping.fingerprint
    assert document["versions"]["numpy"] == np.__version__
    for name in ("intercept", "objective", "solver", "iterations", "gradient_norm"):
        assert name in document


def test_json_is_strict_where_no_bound_could_be_given(train, overlapping) -> None:
    """An infinite certificate is stored as null, and is infinite again when read."""
    model = train(overlapping, solver=GradientDescent(learning_rate=1e-9, iterations=1))
    assert model.fit.certificate.standard_errors == np.inf
    assert "Infinity" not in model.to_json()
    assert model_from_json(model.to_json()).fit.certificate.standard_errors == np.inf


def test_inference_is_stored_by_column(train, overlapping) -> None:
    """It has profile intervals, odds ratios and variance inflation from training."""
    model = train(overlapping)
    document = json.loads(model.to_json())["inference"]
    found = model_from_json(model.to_json()).inference
    assert found.method == document["method"] == "profile"
    assert document["columns"]["age"]["lower"] == model.inference.lower[1]
    np.testing.assert_array_equal(found.upper, model.inference.upper)
    assert found.model_test == model.inference.model_test
    np.testing.assert_array_equal(
        found.odds_ratios_per_sd.upper, model.inference.odds_ratios_per_sd.upper
    )


def test_what_is_withheld_or_infinite_is_so_when_read(train, overlapping) -> None:
    """NaN is stored as null and infinity as text; reading gives the same numbers."""
    model = train(overlapping)
    upper = model.inference.upper.copy()
    upper[:3] = [np.inf, -np.inf, np.nan]
    changed = replace(model, inference=replace(model.inference, upper=upper, model_test=None))
    restored = model_from_json(changed.to_json())
    np.testing.assert_array_equal(restored.inference.upper, upper)
    assert restored.inference.model_test is None
    assert restored.to_json() == changed.to_json()


def test_a_table_without_a_feature_is_refused_by_name(train, overlapping) -> None:
    """The error says which column is missing."""
    model = train(overlapping)
    frame = overlapping.to_pandas().drop(columns="dose")
    with pytest.raises(TableError, match="'dose'"):
        model.predict_proba(Table.from_pandas(frame, target="died"))


def test_convergence_is_told_in_a_sentence(train, overlapping) -> None:
    """It has solver, status, iterations, distance, and the remedy if it has not converged."""
    assert "newton: converged after" in train(overlapping).convergence
    stopped = train(overlapping, solver=GradientDescent(learning_rate=1e-9, iterations=1))
    assert "iteration_limit after 1 iteration," in stopped.convergence
    assert "use solver newton" in stopped.convergence


def test_a_log_f_models_strength_is_stored_and_only_there(train, separated, overlapping) -> None:
    """Inference needs it; other models do not change, and older ones can be read."""
    model = train(separated, penalty=LogF(2.0))
    restored = model_from_json(model.to_json())
    assert restored.fit.penalty == LogF(2.0)
    assert restored.to_json() == model.to_json()
    assert not restored.inference.withheld
    assert "log_f" not in json.loads(train(overlapping).to_json())


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"log_f": None}, "log_f"),
        ({"penalty": "none"}, "log_f"),
        ({"penalty": "l2"}, "l2"),
        ({"log_f": -1.0}, "log_f"),
        ({"penalty": "l1"}, "penalty"),
    ],
)
def test_a_strength_that_contradicts_the_penalty_is_refused(
    train, separated, change, field
) -> None:
    """The error names the field."""
    document = json.loads(train(separated, penalty=LogF()).to_json()) | change
    with pytest.raises(ModelDocumentError, match=f"field '{field}'"):
        model_from_json(json.dumps(document))
