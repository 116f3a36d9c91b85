"""Models of tables on which Firth's penalised likelihood has several maxima."""

import numpy as np
import pandas as pd
import pytest

from lr_pipeline.core.fitting import problem as fit_problem
from lr_pipeline.core.fitting.minimum_search import MinimumSearch, search_minimum
from lr_pipeline.core.logistic.penalties.firth import Firth
from lr_pipeline.core.solvers import Newton
from lr_pipeline.engines.torch.torch_kernel import TorchKernel
from lr_pipeline.evaluation.evaluate import evaluate_models
from lr_pipeline.models import model_from_json
from lr_pipeline.models.document import ModelDocumentError
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.models.train import Training, train_logistic
from lr_pipeline.orchestration.checks import converged
from lr_pipeline.orchestration.metadata.value_metadata import logistic_metadata
from lr_pipeline.report.render import render_report
from lr_pipeline.tables.split.split_table import SplitPolicy, split_table
from lr_pipeline.tables.table import Table
from tests.core.several_minima import lowest_of_restarts, two_scales
from tests.models.conftest import prepare


def table_of(seed: int) -> Table:
    """Return sixteen rows: hours and earnings are zero for one class."""
    X, y = two_scales(seed)
    frame = pd.DataFrame({"hours": X[:, 0], "earnings": X[:, 1], "works": y > 0})
    return Table.from_pandas(frame, target="works")


@pytest.fixture(scope="module")
def rivals(train) -> LogisticModel:
    """Return a model of a table with several minima, close to each other."""
    return train(table_of(9), penalty=Firth())


def first_minimum(rows, start):
    """Return not the lowest minimum but the next, as if the search had found only this one."""
    _, search = search_minimum(rows, start)
    others = [one for one in search.others if one.excess > 0.1]
    return others[0].parameters, MinimumSearch(3, 2, (), others[0].parameters)


def test_a_better_profile_restarts_the_fit(train, monkeypatch) -> None:
    """If the search ends in a higher minimum, the profiles lead to the lowest."""
    X, y = two_scales(17)
    monkeypatch.setattr(fit_problem, "search_minimum", first_minimum)
    model = train(table_of(17), penalty=Firth())
    assert model.fit.value * 16 == pytest.approx(lowest_of_restarts(X, y), abs=1e-5)
    assert model.inference.better_start is None
    assert np.isfinite(model.inference.p_values).all()
    assert model.fit.search.agreeing == 0
    assert model.fit.search.others[0].excess > 0.1


def test_restarts_that_do_not_end_leave_nothing_inferred(train, monkeypatch) -> None:
    """Without restarts all inference is withheld; the reason is that another fit is better."""
    monkeypatch.setattr(fit_problem, "search_minimum", first_minimum)
    model = train(table_of(17), penalty=Firth(), restarts=0)
    assert model.inference.withheld.startswith("the fit is not the best one")
    assert np.isnan(model.inference.p_values).all()
    restored = model_from_json(model.to_json())
    np.testing.assert_array_equal(restored.inference.better_start, model.inference.better_start)


def test_the_search_survives_json(rivals) -> None:
    """Counts, the lowest minimum and the other minima are kept bit for bit."""
    search = rivals.fit.search
    restored = model_from_json(rivals.to_json()).fit.search
    assert (restored.starts, restored.agreeing) == (search.starts, search.agreeing)
    np.testing.assert_array_equal(restored.parameters, search.parameters)
    for one, other in zip(restored.others, search.others, strict=True):
        assert one.excess == other.excess
        np.testing.assert_array_equal(one.parameters, other.parameters)


def test_a_search_of_other_columns_is_refused(rivals) -> None:
    """Another minimum of four parameters in a model of three was edited by hand."""
    edited = rivals.to_json().replace('"parameters": [', '"parameters": [1.0,', 1)
    with pytest.raises(ModelDocumentError, match=r"search\.parameters"):
        model_from_json(edited)


def test_check_metadata_and_summary_say_how_many_starts_agree(rivals) -> None:
    """They say it in numbers and in words, and that the distance is to a minimum."""
    search = rivals.fit.search
    words = f"{search.agreeing} of {search.starts} start"
    assert f"standard errors from a minimum ({words}" in rivals.convergence
    assert words in converged(rivals).description
    metadata = logistic_metadata(rivals)
    assert metadata["starts"] == search.starts
    assert metadata["starts_agreeing"] == search.agreeing
    assert words in metadata["search"]


def test_the_report_says_that_the_best_known_is_not_proven_to_be_the_best(train) -> None:
    """It says so once for both models, before the numbers, and in each model's list of facts."""
    X, y = two_scales(9, rows=24)
    frame = pd.DataFrame({"hours": X[:, 0], "earnings": X[:, 1], "works": y > 0})
    table = Table.from_pandas(frame, target="works")
    train_set, test_set = split_table(table, SplitPolicy(test_size=0.25))
    training = Training(Newton(), penalty=Firth())
    models = {
        "numpy_model": train(train_set, penalty=Firth()),
        "torch_model": train_logistic(train_set, prepare, TorchKernel(), training),
    }
    search = models["numpy_model"].fit.search
    html = render_report(evaluate_models(models, train_set, test_set, prepare)).html
    assert search.others
    assert html.count("has several local maxima on this table") == 1
    assert html.count(search.description) == 1 + 2
    assert "standard errors from a minimum" in html
