"""The workers of a cluster learn the same about a table as one process does."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.solvers import Newton
from lr_pipeline.engines.cluster.cluster import ClusterSettings, open_cluster
from lr_pipeline.engines.cluster.cluster_reading import aggregate_on_workers
from lr_pipeline.engines.cluster.cluster_settings import PartLimits
from lr_pipeline.engines.design import prepare_rows
from lr_pipeline.evaluation.test_scores import score_test_set
from lr_pipeline.models.train import Training, train_linear, train_logistic
from lr_pipeline.tables.aggregate import Aggregate, aggregate_here
from lr_pipeline.tables.case_counts import prevalence
from lr_pipeline.tables.feature_profile import profile_features
from lr_pipeline.tables.preparation.encoding_fit import MedianLimits
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.row_choice import HashedRows, MaskedRows
from lr_pipeline.tables.split import leakage
from lr_pipeline.tables.split.perturbation import moved_by_test_rows, perturbed_table
from lr_pipeline.tables.split.split_table import SplitPolicy, split_table
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.validation import likely_leaks as leaks

pytestmark = pytest.mark.dask
ROWS, PARTS = 6_000, 12


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Table:
    """Return numbers with missing values and ties, booleans, and text, in 12 row groups."""
    rng = np.random.default_rng(5)
    a = np.where(rng.random(ROWS) < 0.1, np.nan, rng.normal(size=ROWS))
    b, c = rng.integers(0, 9, ROWS), rng.random(ROWS) < 0.3
    s = rng.choice(["u", "v", "w", None], ROWS)
    z = np.nan_to_num(a) + 0.2 * b - 1.0 + (s == "u")
    y = (rng.random(ROWS) < 1 / (1 + np.exp(-z))).astype(int)
    data = pa.table({"a": pa.array(a, from_pandas=True), "b": b, "c": c, "s": s, "y": y})
    path = tmp_path_factory.mktemp("rows") / "rows.parquet"
    pq.write_table(data, path, row_group_size=ROWS // PARTS)
    return Table(path, Table.from_arrow(data, "y").roles)


@pytest.fixture(scope="module")
def aggregate(standing) -> Iterator[Aggregate]:
    """Return an aggregate by the standing cluster's workers; each row group is a part."""
    limits = PartLimits(least_bytes=1, enough_parts=PARTS)
    with open_cluster(ClusterSettings(standing.address, limits=limits)) as cluster:
        yield partial(aggregate_on_workers, cluster)


@pytest.mark.parametrize("sent", [2**18, 1])
def test_medians_and_levels_are_exactly_those_of_one_process(aggregate, table, sent):
    """They are equal even if the limit on sent values makes a median take several passes."""
    limits = MedianLimits(sent_values=sent)
    assert Preparation.fit(table, aggregate, limits) == Preparation.fit(table)


def test_the_profile_is_that_of_one_process(aggregate, table):
    """Counts and ranges are equal exactly, means and deviations to rounding."""
    found, expected = profile_features(table, aggregate), profile_features(table)
    for classes in expected["features"].values():
        for values in classes.values():
            for name in {"mean", "deviation"} & values.keys():
                values[name] = pytest.approx(values[name], rel=1e-12)
    assert found == expected


@pytest.mark.parametrize("weight", [None, "b"])
def test_the_prevalence_is_that_of_one_process(aggregate, table, weight):
    """It is equal exactly, since it is made of sums of whole numbers."""
    weighted = Table(table.data, replace(table.roles, weight=weight))
    assert prevalence(weighted, aggregate) == prevalence(weighted)


@pytest.mark.parametrize(
    "choice",
    [
        HashedRows(1, 0.2, below=False),
        HashedRows(1, 0.2, below=True, column="b"),
        MaskedRows(np.arange(ROWS) % 3 > 0),
    ],
    ids=["by number", "by column", "by mask"],
)
def test_the_rows_of_a_view_are_chosen_by_the_workers(aggregate, table, choice):
    """They choose by number in the whole table, by a column's value, or by a mask cut in parts."""
    view = table.where(choice)
    found, expected = profile_features(view, aggregate), profile_features(view)
    assert found["classes"] == expected["classes"]
    assert found["features"]["s"] == expected["features"]["s"]


def test_predictions_are_those_of_one_process(aggregate, table):
    """Predictions come in the order of the rows."""
    newton = train_logistic(table, prepare_rows, NumpyKernel(), Training(Newton(), NoPenalty()))
    linear = train_linear(table, prepare_rows)
    np.testing.assert_allclose(
        newton.linear_predictor(table, aggregate), newton.linear_predictor(table), rtol=1e-12
    )
    np.testing.assert_allclose(
        linear.predict_proba(table, aggregate), linear.predict_proba(table), rtol=1e-12
    )


@pytest.mark.parametrize("kind", ["random", "sticky"])
@pytest.mark.parametrize("held", [2_000_000, 5_000])
def test_a_split_is_compared_as_by_one_process(aggregate, table, tmp_path, kind, held):
    """Splits, clean or not, are compared by hashes or their sums; perturbed rows are in parts."""
    stored = []
    for number, part in enumerate(split_table(table, SplitPolicy(kind=kind))):
        part.write_parquet(tmp_path / f"{number}.parquet")
        stored.append(Table.read_parquet(tmp_path / f"{number}.parquet"))
    train, test = stored
    found = leakage.find_leakage(table, train, test, aggregate, held)
    assert found.clean
    assert found == leakage.find_leakage(table, train, test, hashes_held=held)
    assert moved_by_test_rows(table, train, aggregate) == []
    limits = MedianLimits(sent_values=1, exact_rows=1_000)
    sampled = Preparation.fit(train, aggregate, limits).encodings
    assert any(getattr(one, "sampled_rows", 0) for one in sampled)
    assert moved_by_test_rows(table, train, aggregate, limits) == []  # medians of a sample
    mixed = leakage.find_leakage(table, train, train, aggregate, held)
    assert not mixed.clean
    assert mixed == leakage.find_leakage(table, train, train, hashes_held=held)


def test_a_preparation_that_saw_perturbed_rows_is_found_by_workers(aggregate, table):
    """The same rows are perturbed in any part; the others stay as they are."""
    third = np.arange(ROWS) % 3 == 0
    by_mask = MaskedRows(third), MaskedRows(~third)
    by_number = tuple(HashedRows(1, 0.2, below) for below in (True, False))
    for chosen, others in (by_mask, by_number):
        perturbed = perturbed_table(table, chosen)
        assert Preparation.fit(perturbed, aggregate) != Preparation.fit(table)
        assert Preparation.fit(perturbed.where(others), aggregate) == Preparation.fit(
            table.where(others)
        )


def test_leaks_are_looked_for_in_the_same_rows(aggregate, table, monkeypatch):
    """Rows of each class are drawn by the hash of their number in the whole table."""
    drawn = []
    monkeypatch.setattr(leaks, "_best_area", lambda name, column, *_: drawn.append(column) or 1.0)
    assert leaks.likely_leaks(table, aggregate, 200) == leaks.likely_leaks(table, class_rows=200)
    half = len(drawn) // 2
    assert [one.to_pylist() for one in drawn[:half]] == [one.to_pylist() for one in drawn[half:]]


@pytest.mark.parametrize("held", [2**22, 1_000])
def test_scores_of_a_test_set_are_those_of_one_process(aggregate, table, held):
    """The scores are gathered, or used for counts and sums."""
    newton = train_logistic(table, prepare_rows, NumpyKernel(), Training(Newton(), NoPenalty()))
    models = {"linear": train_linear(table, prepare_rows), "newton": newton}
    found, expected = (
        score_test_set(models, table, one, held) for one in (aggregate, aggregate_here)
    )
    np.testing.assert_array_equal(found.labels, expected.labels)
    for name in models:
        np.testing.assert_allclose(found.scores[name], expected.scores[name], rtol=1e-9, atol=1e-12)
        if held < ROWS:
            metrics = found.metrics[name].numbers()
            for metric, value in expected.metrics[name].numbers().items():
                same = None if value is None else pytest.approx(value, rel=1e-12)
                assert metrics[metric] == same
    assert found.whole == expected.whole
