"""A row of weight 3 counts as three rows, one of weight 0 as none, from table to report."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import lr_pipeline
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.solvers import Lbfgs, Newton
from lr_pipeline.engines.design import prepare_rows
from lr_pipeline.engines.torch.torch_kernel import TorchKernel
from lr_pipeline.evaluation.calibration import calibration_bins
from lr_pipeline.evaluation.metrics import evaluate
from lr_pipeline.evaluation.test_scores import score_test_set
from lr_pipeline.models.ranges import training_ranges
from lr_pipeline.models.train import Training, assess_table, train_linear, train_logistic
from lr_pipeline.tables.aggregate import aggregate_here
from lr_pipeline.tables.case_counts import prevalence
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.feature_profile import profile_features
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.split.leakage import find_leakage
from lr_pipeline.tables.split.perturbation import moved_by_test_rows
from lr_pipeline.tables.split.split_table import SplitPolicy, split_table
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.validation.likely_leaks import likely_leaks
from lr_pipeline.tables.validation.validate import find_problems


@st.composite
def tables(draw):
    """Draw columns (numbers, a boolean, text) with missing values, and whole weights."""
    n = draw(st.integers(24, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    weight = rng.integers(0, draw(st.integers(2, 6)), n)
    weight[rng.integers(n)] = draw(st.integers(1, 40))
    x = rng.normal(size=n).round(draw(st.integers(0, 3)))
    z = rng.normal(size=n)
    level = rng.choice(["a", "b", "c", "rare"], n, p=[0.4, 0.3, 0.2, 0.1])
    score = x + 0.5 * z + (level == "b") + 2.0 * rng.normal(size=n)
    y = (score > np.median(score)).astype(int)

    def some_missing(values):
        lost = rng.random(n) < draw(st.sampled_from([0.0, 0.05, 0.3]))
        return [None if gone else value for gone, value in zip(lost, values, strict=True)]

    columns = {
        "x": some_missing(x.tolist()),
        "z": some_missing(z.tolist()),
        "b": some_missing((rng.random(n) < 0.4).tolist()),
        "s": some_missing(level.tolist()),
        "y": y.tolist(),
    }
    uncounted = weight == 0  # the values of these rows must have no effect
    columns["x"] = [1e6 if gone else v for gone, v in zip(uncounted, columns["x"], strict=True)]
    columns["s"] = ["own" if gone else v for gone, v in zip(uncounted, columns["s"], strict=True)]
    assume(min(weight @ y, weight @ (1 - y)) >= 4)
    return pa.table(columns), weight


def pair(data, weight, **roles):
    """The weighted table, and the table with its rows repeated."""
    weighted = data.append_column("w", pa.array(weight))
    repeated = data.take(pa.array(np.repeat(np.arange(len(weight)), weight)))
    return (
        Table.from_arrow(weighted, "y", 1, weight="w", **roles),
        Table.from_arrow(repeated, "y", 1, **roles),
    )


CHAIN = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TRAININGS = {
    "newton": (NumpyKernel(), Training(Newton())),
    "lbfgs": (TorchKernel(), Training(Lbfgs())),
}


@CHAIN
@given(tables())
def test_what_is_learned_of_the_columns_is_that_of_repeated_rows(drawn):
    """Problems, medians, levels, indicators, prevalence, profile and ranges are equal."""
    weighted, repeated = pair(*drawn)
    problems = [
        [str(one) for one in find_problems(table) if one.severity != "note"]
        for table in (weighted, repeated)
    ]
    assert problems[0] == problems[1]
    preparations = [Preparation.fit(one) for one in (weighted, repeated)]
    assert preparations[0].encodings == preparations[1].encodings
    assert prevalence(weighted) == pytest.approx(prevalence(repeated), rel=1e-14)
    ranges = [training_ranges(prepare_rows(one)) for one in (weighted, repeated)]
    assert ranges[0] == ranges[1]
    profiles = [profile_features(one) for one in (weighted, repeated)]
    assert profiles[0].pop("cases") == profiles[1].pop("rows")
    assert_same(profiles[0], profiles[1] | {"rows": weighted.num_rows})
    assert [str(p) for p in likely_leaks(weighted)] == [str(p) for p in likely_leaks(repeated)]


def assert_same(one, other):
    """Assert that values are equal up to the rounding of numbers."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for name in one:
            assert_same(one[name], other[name])
    elif isinstance(one, float):
        assert one == pytest.approx(other, rel=1e-9, abs=1e-9)
    else:
        assert one == other


@CHAIN
@given(tables(), st.sampled_from([0.2, 0.35]), st.booleans(), st.integers(0, 1000))
def test_cases_are_split_as_repeated_rows_are(drawn, share, stratify, seed):
    """Each case is in the part of its repeated row, and only there; a row may be in both parts."""
    policy = SplitPolicy(test_size=share, stratify=stratify, seed=seed)
    parts = []
    for table in pair(*drawn):
        try:
            parts.append(split_table(table, policy))
        except TableError as error:
            parts.append(str(error).replace("cases", "rows"))
    if isinstance(parts[0], str):
        assert parts[0] == parts[1]
        return
    for weighted, repeated in zip(*parts, strict=True):
        assert as_cases(weighted) == as_cases(repeated)
    weighted = pair(*drawn)[0]
    train, test = parts[0]
    leakage = find_leakage(weighted, train, test)
    assert leakage.clean
    assert leakage.identical_rows == find_leakage(pair(*drawn)[1], *parts[1]).identical_rows
    assert train.provenance["split"]["unit"] == "cases"
    assert moved_by_test_rows(weighted, train) == []


def as_cases(table):
    """The rows without weights, each repeated as often as it counts, in their order."""
    frame = table.to_pandas()
    if table.roles.weight is None:
        return frame.astype(str).to_numpy().tolist()
    weight = frame.pop(table.roles.weight)
    return frame.loc[frame.index.repeat(weight)].astype(str).to_numpy().tolist()


@pytest.mark.parametrize("engine", ["memory", "streaming"])
@settings(CHAIN, max_examples=3)
@given(drawn=tables())
def test_models_are_those_of_repeated_rows(engine, drawn):
    """Existence and the three models with their errors, metrics and curves are equal."""
    weighted, repeated = pair(*drawn)

    def opened(table):
        return prepare_rows(table, engine)

    verdicts = [assess_table(one, opened) for one in (weighted, repeated)]
    assert verdicts[0]["verdict"] == verdicts[1]["verdict"]
    assert verdicts[0]["dependent_columns"] == verdicts[1]["dependent_columns"]
    lines = [train_linear(one, opened) for one in (weighted, repeated)]
    assert_close_lines(lines[0].fit, lines[1].fit)
    if verdicts[0]["verdict"] != "unique":
        return
    for kernel, training in TRAININGS.values():
        fits = [train_logistic(one, opened, kernel, training) for one in (weighted, repeated)]
        assert_close_fits(*fits)
        assert_close_metrics(lines[0], fits[0], weighted, repeated)


def assert_close_lines(one, other):
    """Assert equal coefficients, standard errors and likelihood of two linear models."""
    np.testing.assert_allclose(one.coefficients, other.coefficients, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(one.intercept, other.intercept, rtol=1e-7, atol=1e-9)
    if one.standard_errors is not None and other.standard_errors is not None:
        np.testing.assert_allclose(one.standard_errors, other.standard_errors, rtol=1e-7, atol=1e-9)
    assert (one.standard_errors is None) == (other.standard_errors is None)
    assert one.log_likelihood == pytest.approx(other.log_likelihood, rel=1e-8, abs=1e-8)


def assert_close_fits(one, other):
    """Assert that fits agree within both certificates (in standard errors), and inference too."""
    distance = one.fit.certificate.standard_errors + other.fit.certificate.standard_errors
    errors = one.fit.standard_errors
    np.testing.assert_allclose(errors, other.fit.standard_errors, rtol=1e-5)
    moved = np.abs(one.fit.coefficients - other.fit.coefficients)
    assert (moved <= 2.0 * (distance + 1e-9) * errors).all()
    for name in ("lower", "upper", "p_values", "variance_inflation"):
        np.testing.assert_allclose(
            getattr(one.inference, name), getattr(other.inference, name), rtol=1e-4, atol=1e-6
        )


def assert_close_metrics(line, model, weighted, repeated):
    """Assert equal metrics and calibration of the models on both tables."""
    models = {"line": line, "model": model}
    scored = [score_test_set(models, one, aggregate_here) for one in (weighted, repeated)]
    for name, score in scored[0].scores.items():
        metrics = []
        bins = []
        for found in scored:
            z = found.scores[name]
            p = z if name == "line" else 1.0 / (1.0 + np.exp(-z))
            logistic = None if name == "line" else z
            metrics.append(evaluate(found.labels, p, found.weight, logistic).numbers())
            bins.append(calibration_bins(found.labels, p, weight=found.weight))
        for metric, value in metrics[0].items():
            assert (value is None) == (metrics[1][metric] is None)
            if value is not None:
                assert value == pytest.approx(metrics[1][metric], rel=1e-9, abs=1e-12), metric
        np.testing.assert_allclose(np.array(bins[0]), np.array(bins[1]), rtol=1e-9, atol=1e-12)
        assert len(score) == weighted.num_rows


@CHAIN
@given(st.integers(0, 2**32 - 1), st.integers(1, 3))
def test_arrays_with_weights_are_repeated_rows(seed, d):
    """All four functions agree; rows of weight 0 may hold anything, even NaN and infinity."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(40, d))
    y = (X[:, 0] + rng.normal(size=40) > 0).astype(float)
    weight = rng.integers(0, 5, 40).astype(float)
    weight[:2] = 0.0
    X[0], y[0], X[1], y[1] = np.nan, np.nan, np.inf, 7.0
    places = np.repeat(np.arange(40), weight.astype(int))
    doors = (X, y, weight), (X[places], y[places])
    first, second = (lr_pipeline.assess_existence(*door) for door in doors)
    assert first.verdict == second.verdict
    assert_close_lines(*(lr_pipeline.fit_linear(*door) for door in doors))
    if first.verdict != "unique":
        return
    fits = [lr_pipeline.fit_logistic(*door) for door in doors]
    inferred = [lr_pipeline.infer(fit, *door) for fit, door in zip(fits, doors, strict=True)]
    np.testing.assert_allclose(fits[0].coefficients, fits[1].coefficients, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(fits[0].standard_errors, fits[1].standard_errors, rtol=1e-6)
    np.testing.assert_allclose(inferred[0].lower, inferred[1].lower, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(inferred[0].p_values, inferred[1].p_values, rtol=1e-4, atol=1e-8)
