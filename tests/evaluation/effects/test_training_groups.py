"""Effects where rows have groups, against statsmodels' cluster covariance."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.stats import f, t

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.solvers import Newton
from lr_pipeline.evaluation.effects.training_groups import GroupScores, training_groups
from lr_pipeline.evaluation.evaluate import evaluate_models
from lr_pipeline.models.train import Training, train_logistic
from lr_pipeline.report.render import render_report
from lr_pipeline.tables.aggregate import aggregate_here
from lr_pipeline.tables.split.split_table import SplitPolicy, split_table
from lr_pipeline.tables.table import Table
from tests.evaluation.effects.conftest import effects_of
from tests.scoring.conftest import prepare

GROUPS = 50
FACTOR = GROUPS / (GROUPS - 1)  # which statsmodels leaves out


@pytest.fixture(scope="module")
def clustered(frame) -> pd.DataFrame:
    """Return rows of 50 patients of eight rows, alike in label and age, in no order."""
    rng = np.random.default_rng(8)
    patient = rng.permutation(np.arange(len(frame)) % GROUPS)
    own = rng.normal(size=GROUPS)[patient]
    age = (frame["age"] + 15 * own).round(1)
    z = 0.03 * (age - 50) + 0.8 * frame["smoker"] + 1.5 * own
    y = (rng.random(len(frame)) < 1 / (1 + np.exp(-z))).astype(int)
    return frame.assign(age=age, y=y, patient=[f"p{one}" for one in patient])


@pytest.fixture(scope="module")
def grouped(clustered):
    """Return the effects in that table."""
    return effects_of(clustered, group="patient")


@pytest.fixture(scope="module")
def theirs(clustered):
    """Fit statsmodels' logit with clusters."""
    city = clustered["city"]
    X = clustered[["age", "smoker"]].assign(K=city == "Köln", O=city == "Oslo").astype(float)
    kwds = {"groups": pd.factorize(clustered["patient"])[0], "use_correction": False}
    model = sm.Logit(clustered["y"], sm.add_constant(X))
    return model.fit(disp=0, tol=1e-13, cov_type="cluster", cov_kwds=kwds)


def test_standard_errors_intervals_and_p_values_are_statsmodels(grouped, theirs):
    """The sandwich with G / (G − 1), and t of G − 1 degrees of freedom."""
    errors = np.sqrt(FACTOR) * theirs.bse
    columns = [grouped.columns[name] for name in grouped.columns_in_order]
    for one, b, se in zip(columns, theirs.params[1:], errors[1:], strict=True):
        assert one.standard_error == pytest.approx(se, rel=1e-6)
        assert one.interval == pytest.approx(t.interval(0.95, GROUPS - 1, b, se), rel=1e-6)
        assert one.p_value == pytest.approx(2 * t.sf(abs(b / se), GROUPS - 1), rel=1e-5)
    alone = effects_of(grouped.frame.drop(columns="patient")).columns["age"]
    assert grouped.columns["age"].standard_error > 1.1 * alone.standard_error


def test_the_joint_test_is_an_f_test_between_groups(grouped, theirs):
    """Statsmodels' Wald statistic, by F with as many degrees of freedom as groups less one."""
    (city,) = (one for one in grouped.effects.features if one.name == "city")
    expected = theirs.wald_test("K = 0, O = 0", scalar=True, use_f=False).statistic / FACTOR
    assert city.joint_test.statistic == pytest.approx(float(expected), rel=1e-6)
    assert city.joint_test.p_value == pytest.approx(f.sf(expected / 2, 2, GROUPS - 1), rel=1e-6)
    assert city.joint_test.method == "Wald between groups"


def test_intervals_of_points_are_of_the_same_covariance(grouped, theirs):
    """The intervals equal those of ``get_margeff(dummy=True)`` with clusters."""
    margins = theirs.get_margeff(at="overall", dummy=True)
    j = list(theirs.params.index).index("smoker") - 1
    low, high = grouped.columns["smoker"].points_interval
    half = t.ppf(0.975, GROUPS - 1) * np.sqrt(FACTOR) * margins.margeff_se[j]
    assert (high - low) / 2 == pytest.approx(half, rel=1e-5)


def test_a_far_column_changes_no_slope(clustered, grouped):
    """Its errors are those of the same column near zero, and so are the others'."""
    shifted = effects_of(clustered.assign(age=clustered["age"] + 1e7), group="patient")
    for name in grouped.columns_in_order:
        expected = grouped.columns[name].standard_error
        assert shifted.columns[name].standard_error == pytest.approx(expected, rel=1e-6)


def test_a_weight_is_so_many_rows_of_the_group(clustered):
    """Standard errors are those of the rows written out."""
    weight = np.arange(len(clustered)) % 3
    weighted = effects_of(clustered.assign(times=weight), weight="times", group="patient")
    written = clustered.loc[clustered.index.repeat(weight)].reset_index(drop=True)
    expected = effects_of(written, group="patient").columns
    for name, one in weighted.columns.items():
        assert one.standard_error == pytest.approx(expected[name].standard_error, rel=1e-6)


def test_sums_do_not_depend_on_how_rows_are_cut_into_blocks():
    """Groups whose rows are in several blocks are put together."""
    rng = np.random.default_rng(1)
    hashes = rng.integers(0, 40, 500).astype(np.uint64) << np.uint64(58)
    rows = rng.normal(size=(500, 3))
    parts = [GroupScores.of(hashes[a:b], rows[a:b]) for a, b in ((0, 90), (90, 91), (91, 500))]
    nothing = GroupScores.of(hashes[:0], rows[:0])
    expected = pd.DataFrame(rows).groupby(hashes).sum().to_numpy()
    for found in (
        GroupScores.of(hashes, rows),
        nothing + parts[0] + parts[1] + parts[2],
        parts[2] + parts[1] + parts[0],
    ):
        assert found.scores == pytest.approx(expected, rel=1e-9)
        assert found.outer == pytest.approx(expected.T @ expected, rel=1e-9)


def test_of_very_many_groups_some_are_kept_whichever_come_first():
    """Their products are scaled up; which groups are kept depends on their hashes alone."""
    rng = np.random.default_rng(1)
    hashes = rng.integers(0, 2**64, 10_000, dtype=np.uint64)
    rows = rng.normal(size=(10_000, 2))
    of = partial(GroupScores.of, most_numbers=4_000)
    whole = of(hashes, rows)
    assert 1_000 < len(whole.hashes) <= 2_000
    first, last = (of(hashes[a], rows[a]) for a in np.split(np.arange(10_000), [4_000]))
    assert ((last + first).hashes == whole.hashes).all()
    assert (last + first).halvings == whole.halvings
    assert np.diag(whole.outer) == pytest.approx(np.diag(rows.T @ rows), rel=0.2)


def evaluated(frame, passes=None):
    """Train on half of the patients, evaluate on the others; note the passes over training rows."""
    table = Table.from_pandas(frame, "y", group="patient")
    train, test = split_table(table, SplitPolicy(test_size=0.5))
    models = {
        name: train_logistic(train, prepare, NumpyKernel(), Training(Newton()))
        for name in ("one", "other")
    }

    def aggregate(rows, columns, function):
        if passes is not None and rows.fingerprint == train.fingerprint:
            passes.append(set(columns))
        return aggregate_here(rows, columns, function)

    return evaluate_models(models, train, test, prepare, aggregate=aggregate)


@pytest.fixture(scope="module")
def report(clustered):
    """Return findings of the grouped table, and the passes over its training rows."""
    passes = []
    return evaluated(clustered, passes), passes


def test_groups_cost_one_pass_over_the_training_rows(report):
    """It serves the scores of both models and the tests of linearity."""
    reading = [one for one in report[1] if "patient" in one]
    assert reading == [{"age", "smoker", "city", "y", "patient"}]


def test_the_page_names_the_units_and_both_models_have_them(report):
    """No interval of effects or of slices takes rows as independent."""
    findings = report[0]
    html = render_report(findings).html
    assert "sandwich covariance, the 25 groups of training rows as units" in html
    assert "F distributions of 24 degrees of freedom" in html
    assert "independent cases that would tell as much as the groups of rows" in html
    assert "their variance between the groups of rows" in html
    one, other = findings.models
    assert "groups of rows as units" in one.facts["Intervals"]
    errors = [[row.standard_error for row in m.coefficients] for m in (one, other)]
    assert errors[0] == pytest.approx(errors[1])
    assert {one.groups for one in findings.slices.slices} <= set(range(5, 26))


def test_too_few_groups_withhold_every_interval(clustered):
    """The reason is on the page, and the estimates stay."""
    few = clustered.assign(patient=(clustered["patient"].str[1:].astype(int) % 14).astype(str))
    findings = evaluated(few)
    reason = "of 7 groups in the training set too little is known: 10 are needed"
    assert reason in findings.effects.withheld
    assert all(one.interval is None for one in findings.effects.columns)
    assert all(one.coefficient for one in findings.effects.columns)
    assert "there are only 7 groups, 10 are needed" in findings.diagnostics.reason("linearity")
    assert reason in render_report(findings).html


def test_training_groups_are_those_of_the_rows_in_their_order(clustered):
    """Rows of one patient have one hash, others another."""
    train = Table.from_pandas(clustered, "y", group="patient")
    found = training_groups({}, train, aggregate_here)
    codes = np.unique(found.of_rows, return_inverse=True)[1].tolist()
    assert found.number == len(set(zip(codes, clustered["patient"], strict=True))) == GROUPS
