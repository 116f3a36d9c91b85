"""The ranges of the training set's numbers, without missing values, in the model's JSON."""

import numpy as np
import pandas as pd

from lr_pipeline.engines.design import prepare_rows
from lr_pipeline.models import model_from_json
from lr_pipeline.models.ranges import training_ranges
from lr_pipeline.tables.table import Table


def test_ranges_are_those_of_the_known_numbers() -> None:
    """Booleans have one, text does not; a block of missing values has no effect."""
    frame = pd.DataFrame(
        {
            "x": [np.nan, np.nan, 3.0, -1.5, 2.0, np.nan],
            "flag": [True, True, False, True, True, True],
            "city": list("aabbab"),
            "y": [0, 1, 0, 1, 0, 1],
        }
    )
    table = Table.from_pandas(frame, target="y")
    blocks_of_two = prepare_rows(table, "streaming", block_rows=2)
    assert training_ranges(blocks_of_two) == {"x": (-1.5, 3.0), "flag": (0.0, 1.0)}


def test_a_table_of_text_has_no_ranges() -> None:
    """It needs no pass."""
    table = Table.from_pandas(pd.DataFrame({"a": list("xyxy"), "y": [0, 1, 1, 0]}), target="y")
    assert training_ranges(prepare_rows(table)) == {}


def test_the_model_keeps_them(train, parts) -> None:
    """JSON keeps every bit; the ranges are those of the training rows alone."""
    model = train(parts[0])
    known = parts[0].to_pandas()[["age", "dose"]]
    assert model.ranges == {name: (known[name].min(), known[name].max()) for name in known}
    assert model_from_json(model.to_json()).ranges == model.ranges
