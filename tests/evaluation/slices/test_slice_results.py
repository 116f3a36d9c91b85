"""Parts of a test set, against pandas, scikit-learn, statsmodels and direct definitions."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy.special import logit
from scipy.stats import norm
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from lr_pipeline.evaluation.slices.protected_groups import protected_column
from lr_pipeline.evaluation.slices.row_partitions import Partition, partitions_by
from lr_pipeline.evaluation.slices.slice_results import ScoredRows, slices_of
from lr_pipeline.tables.preparation.encoding import CategoryEncoding, NumberEncoding

N = 400


@pytest.fixture(scope="module")
def rows():
    """Return scores with ties, of rows without weights."""
    rng = np.random.default_rng(6)
    z = rng.normal(size=N).round(1)
    p = 1 / (1 + np.exp(-z))
    return ScoredRows((rng.random(N) < p).astype(float), p, z, np.ones(N))


@pytest.fixture(scope="module")
def partition():
    """Return three parts, a few rows in none, and one part of four rows."""
    codes = np.random.default_rng(7).integers(-1, 3, N).astype(np.int32)
    codes[:4] = 3
    return Partition("city", ("a", "b", "c", "few"), codes)


def weighted(rows, weight):
    """Return the same rows with weights."""
    return ScoredRows(rows.y, rows.p, rows.z, weight)


def repeated(rows, partition, weight):
    """Return the rows written out as often as their weight says, without weights."""
    many = np.repeat(np.arange(len(rows.y)), weight.astype(int))
    written = ScoredRows(rows.y[many], rows.p[many], rows.z[many], np.ones(len(many)))
    return written, Partition(partition.column, partition.names, partition.codes[many])


def test_numbers_of_a_part_are_those_of_its_rows_alone(rows, partition):
    """Scikit-learn computes loss, Brier score and area for the rows of each part."""
    found, smaller = slices_of(partition, rows)
    assert ([one.name for one in found], smaller) == (["a", "b", "c"], 1)
    for code, one in enumerate(found):
        inside = partition.codes == code
        y, p = rows.y[inside], rows.p[inside]
        assert (one.cases, one.positives) == (inside.sum(), y.sum())
        assert one.log_loss == pytest.approx(log_loss(y, p), rel=1e-12)
        assert one.brier == pytest.approx(brier_score_loss(y, p), rel=1e-12)
        assert one.roc_auc == pytest.approx(roc_auc_score(y, p), rel=1e-12)
        assert one.difference == pytest.approx(y.mean() - p.mean(), abs=1e-15)


def test_intervals_of_areas_are_delongs(rows, partition):
    """The structural components, one pair of rows at a time, give the same variance."""
    found, _ = slices_of(partition, rows)
    for code, one in enumerate(found):
        inside = partition.codes == code
        y, z = rows.y[inside], rows.z[inside]
        wins = np.sign(z[y == 1][:, None] - z[y == 0][None, :]) / 2 + 0.5
        by_one, by_zero = wins.mean(axis=1), wins.mean(axis=0)
        variance = by_one.var(ddof=1) / len(by_one) + by_zero.var(ddof=1) / len(by_zero)
        half = norm.ppf(0.975) * np.sqrt(variance) / (one.roc_auc * (1 - one.roc_auc))
        ends = logit(np.array(one.roc_auc_interval))
        assert ends == pytest.approx(
            [logit(one.roc_auc) - half, logit(one.roc_auc) + half], rel=1e-9
        )


def test_a_weight_is_so_many_rows(rows, partition):
    """Every number of weighted rows is that of the rows written out."""
    weight = np.random.default_rng(8).integers(0, 4, N).astype(float)
    ours, _ = slices_of(partition, weighted(rows, weight))
    written, parts = repeated(rows, partition, weight)
    theirs, _ = slices_of(parts, written)
    for one, other in zip(ours, theirs, strict=True):
        assert (one.name, one.cases) == (other.name, other.cases)
        for name in ("positives", "predicted", "log_loss", "brier", "p_value", "interval"):
            assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-9), name
        assert one.roc_auc == pytest.approx(other.roc_auc, rel=1e-9)
        assert one.roc_auc_interval == pytest.approx(other.roc_auc_interval, rel=1e-9)
    ours = protected_column(partition, weighted(rows, weight), 0.5)
    theirs = protected_column(parts, written, 0.5)
    assert [vars(one.selection) for one in ours.groups] == [
        vars(one.selection) for one in theirs.groups
    ]
    ratios = [one.ratio_interval for one in ours.groups]
    assert ratios == [one.ratio_interval for one in theirs.groups]


def test_a_part_of_one_class_has_no_area_and_a_rare_one_no_test(rows):
    """Nothing is made up: None stands where there is nothing to rank or too little to test."""
    part = Partition("x", ("all",), np.zeros(N, np.int32))
    none = ScoredRows(np.zeros(N), np.full(N, 0.001), np.full(N, -6.9), np.ones(N))
    ((one,), _) = slices_of(part, none)
    assert (one.roc_auc, one.roc_auc_interval, one.p_value) == (None, None, None)
    assert one.interval[1] > 0


def test_selection_rates_and_their_ratio_are_statsmodels(rows, partition):
    """Wilson's intervals, and the ratio's on the log scale."""
    found = protected_column(partition, rows, 0.6)
    assert found.smaller == 1
    groups = {one.name: one for one in found.groups}
    best = groups[found.reference]
    assert best.ratio == 1.0
    for code, name in enumerate("abc"):
        inside = partition.codes == code
        yes, y, one = rows.p[inside] > 0.6, rows.y[inside], groups[name]
        assert one.selection.value == yes.mean()
        assert one.selection.interval == pytest.approx(
            proportion_confint(yes.sum(), len(yes), method="wilson")
        )
        assert one.true_positive.value == pytest.approx(yes[y == 1].mean())
        assert one.false_positive.value == pytest.approx(yes[y == 0].mean())
        if name == found.reference:
            continue
        n0 = int(best.cases)
        theirs = confint_proportions_2indep(
            yes.sum(), len(yes), round(best.selection.value * n0), n0, compare="ratio", method="log"
        )
        assert one.ratio_interval == pytest.approx(theirs, rel=1e-6)
    assert found.below_four_fifths == [one.name for one in found.groups if one.ratio < 0.8]


def test_a_group_that_is_never_chosen_has_ratio_zero_and_no_interval(rows):
    """Where no group is chosen there is no ratio."""
    codes = np.arange(N, dtype=np.int32) % 2
    part = Partition("g", ("x", "y"), codes)
    half = ScoredRows(rows.y, np.where(codes == 0, 0.1, 0.9), rows.z, rows.weight)
    never, always = protected_column(part, half, 0.5).groups
    assert (never.ratio, never.ratio_interval, always.ratio) == (0.0, None, 1.0)
    nobody = protected_column(part, half, 0.95)
    assert [one.ratio for one in nobody.groups] == [None, None]


def test_quarters_of_a_number_have_as_many_rows_and_are_named_by_their_ends():
    """Pandas' qcut puts the same rows together; missing values are a partition of their own."""
    x = np.random.default_rng(1).normal(size=101).round(2)
    values = pa.array([None if j % 10 == 0 else float(v) for j, v in enumerate(x)])
    quarters, missing = partitions_by("x", values, None, {"x": NumberEncoding("x", 0.0, True)})
    known = np.arange(101) % 10 != 0
    expected = pd.qcut(x[known], 4, labels=False)
    assert quarters.codes[known].tolist() == expected.tolist()
    assert set(quarters.codes[~known]) == {-1}
    assert quarters.names[0].startswith("−")
    assert (missing.names, missing.codes.tolist()) == (
        ("missing", "not missing"),
        known.astype(int).tolist(),
    )


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (pa.array([True, False, True]), ("0", "1")),
        (pa.array([3, 1, 2, 3]), ("1", "2", "3")),
        (pa.array([0.5, 1_500.0]), ("0.5", "1,500")),
    ],
)
def test_few_values_are_parts_of_their_own(values, names):
    """Up to six values are not put together."""
    (found,) = partitions_by("x", values, None, {})
    assert found.names == names
    assert found.codes.max() == len(names) - 1


def test_levels_are_those_of_the_encoding():
    """Spellings that are one level are one part; a level that training lacked is named so."""
    encoding = CategoryEncoding("city", "Oslo", ("Rome",), False, ("Bern",))
    values = pa.array(["Rome", "Rome ", "Oslo", "Bern", "Paris", None])
    levels, missing = partitions_by("city", values, None, {"city": encoding})
    named = [levels.names[code] if code >= 0 else None for code in levels.codes]
    assert named == ["Rome", "Rome", "Oslo", "Bern", "(unseen in training)", None]
    assert missing.codes.tolist() == [1, 1, 1, 1, 1, 0]


def test_columns_of_other_types_are_taken_level_by_level():
    """A protected column that is no feature may be text or a date."""
    (found,) = partitions_by("sex", pa.array(["f", "m", "f"]), None, {})
    assert (found.names, found.codes.tolist()) == (("f", "m"), [0, 1, 0])
    dates = pa.array([0, 1, 0], pa.date32())
    (found,) = partitions_by("day", dates, None, {})
    assert found.names == ("1970-01-01", "1970-01-02")
