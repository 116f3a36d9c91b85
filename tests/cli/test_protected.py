"""Protected columns from the command line to the report."""

import json

import numpy as np
import pandas as pd


def test_a_protected_column_that_is_no_feature_reaches_the_report(run, folder) -> None:
    """``--exclude`` keeps it from the model, ``--protected`` in the table."""
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"x": rng.normal(size=600), "sex": rng.choice(["f", "m"], 600)})
    frame["y"] = (rng.random(600) < 1 / (1 + np.exp(-frame["x"]))).astype(int)
    frame.to_csv(folder / "rows.csv", index=False)
    options = ("--target", "y", "--exclude", "sex", "--protected", "sex")
    outcome = run("run", "rows.csv", *options)
    assert outcome.exit_code == 0, outcome.output
    (path,) = (folder / "data/artifacts/rows/evaluation_report").glob("*/*.json")
    numbers = json.loads(path.read_text())
    (column,) = numbers["slices"]["protected"]
    assert (column["column"], {one["name"] for one in column["groups"]}) == ("sex", {"f", "m"})
    assert "sex" not in numbers["features"]
