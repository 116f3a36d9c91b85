"""A model with columns that cannot be told apart: what is withheld, reported and kept."""

import pandas as pd
import pyarrow as pa

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.solvers import Newton
from lr_pipeline.engines.design import prepare_rows
from lr_pipeline.models import model_from_json
from lr_pipeline.models.train import Training, train_logistic
from lr_pipeline.scoring.prediction import Predictor
from lr_pipeline.tables.table import Table
from tests.core.inference.test_collinearity import calls


def test_predictions_of_tied_columns_keep_their_intervals() -> None:
    """The model's page and JSON say what is withheld; probabilities are correct."""
    X, y = calls()
    frame = pd.DataFrame(X, columns=list("abcde")).assign(y=y.astype(int))
    model = train_logistic(
        Table.from_pandas(frame, "y"),
        lambda table: prepare_rows(table, "memory"),
        NumpyKernel(),
        Training(Newton()),
    )
    again = model_from_json(model.to_json())
    assert again.inference.inseparable == model.inference.inseparable != ""
    assert again.inference.tied.tolist() == [True, False, True, True, True]
    predicted = Predictor(again).predict(pa.RecordBatch.from_pandas(frame.head(3)))
    assert predicted.lower is not None
    assert (predicted.lower < predicted.probability).all()
    assert (predicted.upper - predicted.lower < 0.5).all()
