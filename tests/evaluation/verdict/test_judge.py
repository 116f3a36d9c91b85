"""The verdict on tables that were made so that the right answer is known."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.loss import sigmoid
from lr_pipeline.core.solvers import Newton
from lr_pipeline.core.solvers.gradient_descent import GradientDescent
from lr_pipeline.evaluation.evaluate import evaluate_models
from lr_pipeline.evaluation.findings import Findings, HeldOutRows, ModelSection, Notice
from lr_pipeline.evaluation.intervals.interval import Interval
from lr_pipeline.evaluation.model_results import model_results
from lr_pipeline.evaluation.slices.protected_groups import Group, ProtectedColumn, Rate
from lr_pipeline.evaluation.slices.slice_results import Slice
from lr_pipeline.evaluation.slices.slices import Slices
from lr_pipeline.evaluation.validation_folds.cross_validation import CrossValidation, Estimate
from lr_pipeline.evaluation.verdict.judge import READY, judge
from lr_pipeline.evaluation.verdict.rules import MORE_ROWS
from lr_pipeline.models.train import Training, train_linear, train_logistic
from lr_pipeline.tables.split.split_table import SplitPolicy, split_table
from lr_pipeline.tables.table import Table
from tests.scoring.conftest import prepare


def findings_of(columns: dict, solver=None) -> Findings:
    """Return the findings of the usual models for a table with label y."""
    train, test = split_table(Table.from_arrow(pa.table(columns), "y"), SplitPolicy())
    training = Training(solver or Newton())
    models = {
        "linear_baseline": train_linear(train, prepare),
        "numpy_model": train_logistic(train, prepare, NumpyKernel(), training),
    }
    return evaluate_models(models, train, test, prepare)


def verdict_of(columns: dict, solver=None):
    """Return the verdict on a table."""
    findings = findings_of(columns, solver)
    return judge(findings, model_results(findings))


def table(n: int, effect: float, intercept: float = 0.0, columns: int = 4, seed: int = 1) -> dict:
    """Return n rows of normal columns, the first of which moves the log odds by ``effect``."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, columns))
    y = (rng.uniform(size=n) < sigmoid(intercept + effect * X[:, 0])).astype(int)
    return {"y": y} | {f"x{j}": X[:, j] for j in range(columns)}


def test_a_model_that_finds_a_strong_effect_is_ready():
    """A thousand rows, half of them positive: the paragraph says how much it gains."""
    found = verdict_of(table(2_000, 1.5))
    assert (found.answer, found.headline) == ("yes", READY)
    assert "significantly better than predicting the prevalence" in found.text
    assert "was tested on 400 rows that it had not seen" in found.text
    assert found.text.startswith("Logistic regression ")
    assert found.reasons == ()


def test_a_rare_event_can_be_ready():
    """Two of a hundred rows are positive, and there are enough of them in the test set."""
    found = verdict_of(table(20_000, 1.2, intercept=-4.4))
    assert found.answer == "yes"


@pytest.mark.promise("Report", "The report never calls a model of noise ready.")
@pytest.mark.parametrize("n", [60, 600, 6_000])
@pytest.mark.parametrize("seed", range(4))
def test_noise_is_never_ready(n, seed):
    """However many rows there are, columns without any relation to the label get no yes."""
    assert verdict_of(table(n, 0.0, seed=seed)).answer != "yes"


def test_much_noise_is_a_no():
    """A large test set would have seen a gain."""
    found = verdict_of(table(20_000, 0.0))
    assert found.headline == "No – no better than the prevalence"


def test_few_rows_prove_nothing():
    """Sixty rows of a strong effect leave six of each class to test on."""
    found = verdict_of(table(60, 2.0))
    assert found.headline == "Not proven – too few rows to tell"
    assert any("Collect more rows" in step for step in found.next_steps)


def test_a_leak_is_a_no():
    """One column alone tells the classes apart."""
    rng = np.random.default_rng(3)
    columns = table(2_000, 1.0)
    columns["paid_later"] = columns["y"] + rng.normal(size=2_000) / 9
    found = verdict_of(columns)
    assert found.headline == "No – a column gives the answer away"
    assert "paid_later" in found.text


def test_columns_that_leak_together_are_too_good_to_be_true():
    """No column tells the classes apart, but their sum does."""
    rng = np.random.default_rng(4)
    a = rng.normal(size=3_000) * 4
    y = (rng.uniform(size=3_000) < 0.5).astype(int)
    found = verdict_of({"y": y, "a": a, "b": 2.0 * y - 1 - a + rng.normal(size=3_000) / 9})
    assert found.answer == "not proven"
    assert found.headline == "Not proven – too good to be true"


def test_a_fit_that_has_not_converged_is_a_no():
    """Two steps of gradient descent are no maximum-likelihood estimate."""
    found = verdict_of(table(2_000, 1.5), GradientDescent(learning_rate=1e-3, iterations=2))
    assert found.headline == "No – the fit has not converged"


def held(n: int, distort, seed: int = 5) -> Findings:
    """Return findings of a model whose log odds are a distorted form of the true ones."""
    rng = np.random.default_rng(seed)
    z = 1.5 * rng.normal(size=n) - 1.0
    y = (rng.uniform(size=n) < sigmoid(z)).astype(float)
    wrong = distort(z)
    section = ModelSection("model", "Model", sigmoid(wrong), wrong)
    return Findings(HeldOutRows(y, float(y.mean()), 8 * n, "", ""), [section])


def answer_to(findings: Findings):
    """Return the verdict on these findings."""
    return judge(findings, model_results(findings))


def test_right_probabilities_are_ready():
    """The undistorted log odds pass every rule."""
    assert answer_to(held(2_000, lambda z: z)).answer == "yes"


@pytest.mark.parametrize(
    ("shift", "short"),
    [(0.8, "its probabilities are too high"), (-0.8, "its probabilities are too low")],
)
def test_probabilities_that_are_wrong_on_average_are_a_no(shift, short):
    """A model of another population ranks well, and its probabilities mislead."""
    found = answer_to(held(5_000, lambda z: z + shift))
    assert found.headline == f"No – {short}"
    assert any("recalibration=" in step for step in found.next_steps)


@pytest.mark.parametrize(
    ("factor", "short"),
    [(2.5, "overconfident probabilities"), (0.4, "underconfident probabilities")],
)
def test_probabilities_that_are_too_extreme_or_too_timid_are_a_no(factor, short):
    """The calibration slope is 0.4 or 2.5, and 5,000 rows leave no doubt of it."""
    found = answer_to(held(5_000, lambda z: factor * z))
    assert found.answer == "no"
    assert short in [reason.short for reason in found.reasons]


def test_a_fit_of_many_columns_to_few_rows_is_not_ready():
    """It is overconfident: forty columns of noise beside one of effect."""
    found = verdict_of(table(300, 1.0, columns=41))
    assert found.answer != "yes"


def test_an_error_found_in_the_source_is_a_no():
    """The numbers do not matter: they cannot outweigh the error."""
    findings = replace(held(2_000, lambda z: z), notices=[Notice("error", "Half is missing.")])
    found = answer_to(findings)
    assert found.answer == "no"
    assert "Half is missing." in found.text


def test_a_test_set_of_one_class_proves_nothing():
    """Nothing can be compared."""
    findings = held(200, lambda z: z)
    ones = replace(findings.held_out, labels=np.ones(200))
    found = answer_to(replace(findings, held_out=ones))
    assert found.answer != "yes"
    assert "Withheld: " in found.text


def test_without_models_there_is_no_verdict():
    """A report of the prevalence alone has nothing to judge."""
    assert answer_to(replace(held(50, lambda z: z), models=[])) is None


def test_reasons_for_a_no_come_before_those_for_a_doubt():
    """The headline has the gravest."""
    findings = replace(held(40, lambda z: z), notices=[Notice("error", "Half is missing.")])
    found = answer_to(findings)
    assert [reason.answer for reason in found.reasons] == ["no", "not proven", "not proven"]
    assert found.headline.startswith("No – ")


def validated(findings: Findings, mean: float, low: float, high: float) -> Findings:
    """Return the findings with a cross-validation that found this gain in log loss."""
    gain = Estimate(mean, Interval(low, high))
    return replace(findings, cross_validation=CrossValidation(gains={"model": {"log_loss": gain}}))


def test_where_the_test_set_is_too_small_the_verdict_says_what_cross_validation_found():
    """It says too that this is no test of the model, and when no gain was shown."""
    few = held(30, lambda z: z)
    found = answer_to(validated(few, 0.21, 0.12, 0.3))
    assert "which tests such models and not this one" in found.text
    assert "lower than that of the prevalence by 0.21 (95 % interval 0.12 to 0.30)." in found.text
    worse = answer_to(validated(few, -0.21, -0.5, 0.08)).text
    assert "did not show that their log loss is lower" in worse
    assert "gain −0.21 (95 % interval −0.50 to 0.08)." in worse
    assert found.answer == "not proven"


def test_a_large_test_set_speaks_for_itself():
    """Cross-validation is not in the verdict."""
    found = answer_to(validated(held(2_000, lambda z: z), 0.21, 0.12, 0.3))
    assert "Cross-validation" not in found.text


def test_a_slope_that_is_a_little_off_is_to_know():
    """5,000 rows show a slope of 0.9, with which decisions can live."""
    found = answer_to(held(20_000, lambda z: z / 0.88))
    assert found.answer == "yes"
    assert "its probabilities are a little too extreme (calibration slope 0." in found.text
    assert "Nothing was found wrong" not in found.text


def part(p_holm: float) -> Slice:
    """Return a part of the test set."""
    return Slice("age", "1", 90.0, 45.0, 0.4, 0.1, (0.0, 0.2), 0.6, 0.2, None, None, p_holm, p_holm)


def test_parts_in_which_the_predictions_are_wrong_are_to_know():
    """A verdict does not say that nothing is wrong where the slices say that something is."""
    findings = held(2_000, lambda z: z)
    right = replace(findings, slices=Slices("model", "Model", "all", 0.5, [part(0.4)]))
    assert "Nothing was found wrong" in answer_to(right).text
    wrong = replace(findings, slices=Slices("model", "Model", "all", 0.5, [part(0.4), part(0.01)]))
    found = answer_to(wrong).text
    assert "in a part of the test set the predictions are wrong (slices by age)" in found
    assert "Nothing was found wrong" not in found


def protected(high: float) -> Slices:
    """Return groups, one of which has a rate of yes whose ratio's interval ends at ``high``."""
    rate = Rate(50.0, 0.5, (0.4, 0.6))
    rest = (50.0, 25.0, rate, rate, rate, 0.0, (-0.1, 0.1))
    groups = (Group("f", *rest, 1.0), Group("m", *rest, 0.5, (0.3, high)))
    column = ProtectedColumn("sex", groups, 0, "f")
    return Slices("model", "Model", "all", 0.5, [], protected=[column])


def test_groups_that_are_surely_below_four_fifths_are_to_know():
    """If the interval reaches above 0.8, the section of slices says so, not the verdict."""
    findings = held(2_000, lambda z: z)
    sure = answer_to(replace(findings, slices=protected(0.7))).text
    assert "by sex, m is answered yes at less than four fifths of the rate of f" in sure
    assert "four fifths" not in answer_to(replace(findings, slices=protected(0.9))).text


@pytest.mark.parametrize(("cases", "sure"), [(30, False), (300, True)])
def test_a_group_without_any_yes_is_below_four_fifths_only_if_it_has_enough_cases(cases, sure):
    """0 of 30 can be chance beside a rate of 5 %; 0 of 300 cannot."""
    best = Rate.of(100.0, 2_000.0, 2_000.0, 0.95)
    none = Rate.of(0.0, float(cases), float(cases), 0.95)
    groups = (
        Group("f", 2_000.0, 100.0, best, best, best, 0.0, None, 1.0),
        Group("m", float(cases), 1.0, none, none, none, 0.0, None, 0.0),
    )
    slices = Slices("m", "M", "all", 0.5, [], protected=[ProtectedColumn("sex", groups, 0, "f")])
    found = answer_to(replace(held(2_000, lambda z: z), slices=slices)).text
    assert ("m is answered yes at less than four fifths" in found) is sure


def test_few_cases_of_both_classes_call_for_more_rows_only():
    """It is not said that both classes are needed where both are there."""
    found = answer_to(held(12, lambda z: z))
    assert found.next_steps == (MORE_ROWS,)
