"""Train models from tables."""

import numpy as np
import pytest

from lr_pipeline.core.columns.rank import ColumnAnalysis, analyse_columns
from lr_pipeline.core.existence.existence import SeparationError
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.penalties.by_name import AUTO
from lr_pipeline.core.logistic.penalties.firth import Firth
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.logistic.penalties.ridge import Ridge
from lr_pipeline.core.rows import Rows
from lr_pipeline.core.solvers import Newton
from lr_pipeline.core.solvers.gradient_descent import GradientDescent
from lr_pipeline.engines.design import PreparedRows
from lr_pipeline.models.provenance import ProvenanceError
from lr_pipeline.models.table_existence import describe_existence, existence_from_dict, has_estimate
from lr_pipeline.models.train import Training, assess_table, train_linear, train_logistic
from lr_pipeline.tables.table import Table
from tests.models.conftest import prepare


def test_a_separated_table_is_fitted_by_firth_under_auto(train, separated) -> None:
    """The estimate is finite, and the model says that it is penalised."""
    model = train(separated, penalty=AUTO)
    assert model.fit.penalty == Firth()
    assert np.isfinite(list(model.coefficients.values())).all()
    assert model.fit.standard_errors is None
    assert model.inference.method == "profile"
    assert np.isfinite(model.inference.lower).all()


def test_a_separated_table_is_refused_without_penalty(train, separated) -> None:
    """The error names the column and the remedy."""
    with pytest.raises(SeparationError, match=r"'x' to \+∞.*auto or firth"):
        train(separated, penalty=NoPenalty())


def test_the_assessment_names_the_separating_column(separated) -> None:
    """The column x separates every row, whatever else helps."""
    found = assess_table(separated, prepare)
    assert found["verdict"] == "complete_separation"
    assert found["separating_columns"][0] == "x"
    assert found["separating_direction"][0] > 0
    assert not has_estimate(found)
    assert "completely separated by x" in describe_existence(found)
    assert "(10 rows)" in describe_existence(found)


def test_the_assessment_survives_storage(separated, overlapping) -> None:
    """A model asset reads what another asset stored."""
    for table in (separated, overlapping):
        found = assess_table(table, prepare)
        assert existence_from_dict(found).exists is has_estimate(found)
        assert existence_from_dict(found).separated is not has_estimate(found)


def test_an_assessment_already_made_decides(train, separated, overlapping) -> None:
    """If it says that the classes overlap, ``auto`` uses maximum likelihood at once."""
    found = assess_table(overlapping, prepare)
    assert describe_existence(found) == "The maximum-likelihood estimate exists."
    assert train(overlapping, penalty=AUTO).fit.penalty == NoPenalty()


def test_large_tables_get_walds_inference(train, overlapping) -> None:
    """Beyond the limit profiles take too long; Firth's penalty then has no inference."""
    model = train(overlapping, penalty=NoPenalty(), profile_limit=0.0)
    assert model.inference.method == "wald"
    expected = model.fit.coefficients - 1.959963984540054 * model.fit.standard_errors
    np.testing.assert_allclose(model.inference.lower[1:], expected, rtol=1e-12)
    firth = train(overlapping, penalty=Firth(), profile_limit=0.0).inference
    assert "the profile method is right for it" in firth.withheld
    assert np.isnan(firth.lower).all()


def test_a_start_is_taken_in_the_columns_own_units(train, overlapping) -> None:
    """One step of length almost 0 leaves the weights where they were."""
    solver = GradientDescent(learning_rate=1e-12, iterations=1)
    model = train(overlapping, solver=solver, start=lambda p: np.linspace(-1e-3, 1e-3, p))
    found = [model.intercept, *model.coefficients.values()]
    np.testing.assert_allclose(found, np.linspace(-1e-3, 1e-3, len(found)), atol=1e-9)


def test_an_assessment_of_other_rows_is_refused(train, separated, overlapping) -> None:
    """A stale assessment would choose the wrong penalty."""
    stale = assess_table(separated, prepare)
    with pytest.raises(ProvenanceError, match="mle_existence"):
        train_logistic(overlapping, prepare, NumpyKernel(), Training(Newton()), stale)


def test_a_strength_of_zero_is_refused(train, overlapping) -> None:
    """Zero does not mean the default."""
    with pytest.raises(ValueError, match="l2 must be positive"):
        train(overlapping, penalty=Ridge(0.0))


def test_fits_of_one_design_analyse_its_columns_once(overlapping, monkeypatch) -> None:
    """Each of them needs the analysis, and finds the same as by itself."""
    alone = [
        train_linear(overlapping, prepare).to_json(),
        train_logistic(overlapping, prepare, NumpyKernel(), Training(Newton())).to_json(),
    ]
    prepared, analysed = prepare(overlapping), []

    def counted(rows: Rows) -> ColumnAnalysis:
        analysed.append(rows)
        return analyse_columns(rows)

    monkeypatch.setattr("lr_pipeline.engines.design.analyse_columns", counted)

    def shared(table: Table) -> PreparedRows:
        return prepared

    assert train_linear(overlapping, shared).to_json() == alone[0]
    model = train_logistic(overlapping, shared, NumpyKernel(), Training(Newton()))
    assert model.to_json() == alone[1]
    assert analysed == [prepared.rows]


def test_a_descent_that_leaves_the_finite_numbers_names_the_remedy(overlapping) -> None:
    """A model of NaN could not be stored; the message says why there is none."""
    solver = GradientDescent(learning_rate=1e3, iterations=200)
    with pytest.raises(ValueError, match=r"expected finite parameters.*lower the learning rate"):
        train_logistic(overlapping, prepare, NumpyKernel(), Training(solver, Ridge(1e3)))
