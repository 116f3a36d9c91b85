"""Cross-fitting: scores of held-out rows, by models that know nothing of them."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from lr_pipeline.core.fitting.fit import fit_logistic
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.penalties.by_name import AUTO
from lr_pipeline.engines.design import prepare_rows
from lr_pipeline.models.cross_fit import cross_fit
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.split.folds import divide, plan_folds
from lr_pipeline.tables.table import Table


def fit(prepared):
    """Fit by maximum likelihood."""
    found = fit_logistic(prepared.rows, NumpyKernel(), AUTO)
    return np.zeros(prepared.rows.num_columns), np.append(found.intercept, found.coefficients)


def held(table: Table, prepare=prepare_rows, folds: int = 4):
    """Cross-fit the rows of a table."""
    return cross_fit(table, prepare, fit, plan_folds(table, folds))


def test_scores_are_those_of_a_model_of_the_other_rows(overlapping) -> None:
    """scikit-learn, given the documented preparation of the other rows, scores the same."""
    found, start = held(overlapping), 0
    for number, fold in enumerate(divide(overlapping, plan_folds(overlapping, 4))):
        training, part = (
            overlapping.where(choice).to_pandas() for choice in (fold.training, fold.held_out)
        )
        reference = training["city"].value_counts().idxmax()
        median, levels = training["age"].median(), sorted(set(training["city"]) - {reference})

        def design(frame, median=median, levels=levels):
            columns = [frame["age"].fillna(median), frame["age"].isna(), frame["dose"] * 1e3]
            return np.column_stack([*columns, *(frame["city"] == level for level in levels)])

        oracle = LogisticRegression(C=np.inf, tol=1e-10, max_iter=10_000)
        oracle.fit(design(training).astype(float), training["died"])
        stop = start + len(part)
        assert (found.fold[start:stop] == number).all()
        assert found.y[start:stop].tolist() == (part["died"] == "yes").tolist()
        expected = oracle.decision_function(design(part).astype(float))
        np.testing.assert_allclose(found.z[start:stop], expected, atol=2e-3)
        start = stop
    assert start == len(found.z) == overlapping.num_rows


def test_no_median_or_level_comes_from_held_out_rows() -> None:
    """A value that only a held-out row has changes no score but that row's own."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=60), "c": ["a", "b"] * 30})
    frame.loc[::7, "x"] = np.nan
    frame["y"] = rng.permutation([0, 1] * 30)
    frame["row"] = np.arange(60)
    first = Table.from_pandas(frame, target="y", exclude=["row"])
    (fold, *_) = divide(first, plan_folds(first, 4))
    inside = np.flatnonzero(fold.held_out.mask(first.to_arrow().to_batches()[0], 0))
    changed = frame.copy()
    changed.loc[inside[0], ["x", "c"]] = [1e6, "seen nowhere else"]
    second = Table.from_pandas(changed, target="y", exclude=["row"])
    before, after = held(first), held(second)
    of_fold = before.fold == 0
    assert before.z[of_fold][1:].tolist() == after.z[of_fold][1:].tolist()
    assert before.z[of_fold][0] != after.z[of_fold][0]


def test_every_engine_gives_the_same_scores(overlapping, tmp_path) -> None:
    """Rows in memory, and streamed in small blocks from Parquet, in the same order."""
    expected = held(overlapping, partial(prepare_rows, kind="memory"))
    overlapping.write_parquet(tmp_path / "rows.parquet")
    stored = Table.read_parquet(tmp_path / "rows.parquet")
    found = held(stored, partial(prepare_rows, kind="streaming", block_rows=7))
    np.testing.assert_allclose(found.z, expected.z, rtol=1e-9)
    assert found.y.tolist() == expected.y.tolist()
    assert held(stored).z.tobytes() == held(stored).z.tobytes()


def test_weights_are_held_out_with_their_rows() -> None:
    """A row of weight 3 is three cases, which may lie in several folds."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=80)
    frame = pd.DataFrame({"x": x, "w": rng.integers(1, 5, 80), "y": rng.random(80) < 0.5})
    table = Table.from_pandas(frame, target="y", weight="w")
    found = held(table)
    assert found.weight.sum() == frame["w"].sum()
    assert found.weight @ found.y == frame["w"] @ frame["y"]


@pytest.mark.parametrize("repeat", [0, 1])
def test_repeats_score_every_row_again(overlapping, repeat) -> None:
    """Another repeat divides the rows otherwise; each row still has one score."""
    plan = plan_folds(overlapping, 5)
    found = cross_fit(overlapping, prepare_rows, fit, plan, repeat=repeat)
    assert len(found.z) == overlapping.num_rows
    assert found.number_of_folds == 5


def test_a_fold_without_one_of_the_classes_is_an_error() -> None:
    """Held out forward, the first model would learn from rows of one class alone."""
    frame = pd.DataFrame({"x": np.arange(60.0), "t": np.arange(60), "y": [0] * 30 + [0, 1] * 15})
    table = Table.from_pandas(frame, target="y", time="t")
    with pytest.raises(TableError, match="training rows of fold 1 of 4 folds, each later than"):
        held(table)
