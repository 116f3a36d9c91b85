"""A trained model's decision: chosen on held-out training rows alone, alike for both kernels."""

from functools import partial

import numpy as np
import pandas as pd
import pytest

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.penalties.by_name import AUTO
from lr_pipeline.core.solvers import Lbfgs, Newton
from lr_pipeline.engines.design import prepare_rows
from lr_pipeline.engines.torch.torch_kernel import TorchKernel
from lr_pipeline.models.decision.choose_decision import DecisionChoice
from lr_pipeline.models.decision.decision import DEFAULT_DECISION, Costs
from lr_pipeline.models.decision.recalibration import Isotonic, Platt
from lr_pipeline.models.decision.threshold_rules import (
    Capacity,
    DecisionError,
    FixedThreshold,
    LowestCost,
    TargetPrecision,
    TargetRecall,
    Youden,
)
from lr_pipeline.models.train import Training, train_logistic
from lr_pipeline.tables.split.split_table import SplitPolicy, split_table
from lr_pipeline.tables.table import Table

RULES = [
    LowestCost(Costs(1.0, 5.0)),
    TargetPrecision(0.6),
    TargetRecall(0.9),
    Capacity(100.0),
    Youden(),
]


def rows(n: int = 400, seed: int = 0) -> pd.DataFrame:
    """Return rows whose label depends on two of three columns."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(n, 3)), columns=list("abc"))
    z = 1.2 * frame["a"] - 0.7 * frame["b"] - 0.8
    return frame.assign(y=np.where(rng.random(n) < 1 / (1 + np.exp(-z)), "yes", "no"))


@pytest.fixture(scope="module")
def parts() -> tuple[Table, Table]:
    """Return training and test set."""
    return split_table(Table.from_pandas(rows(), target="y"), SplitPolicy())


def fitted(train: Table, choice: DecisionChoice, kernel=None, solver=None):
    """Train with a decision."""
    training = Training(solver or Newton(), decision=choice)
    return train_logistic(train, prepare_rows, kernel or NumpyKernel(), training)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
@pytest.mark.parametrize("kind", ["none", "platt", "isotonic"])
def test_both_kernels_choose_the_same_threshold(parts, rule, kind) -> None:
    """Their held-out scores are equal up to rounding."""
    choice = DecisionChoice(rule, kind)
    one = fitted(parts[0], choice).decision
    other = fitted(parts[0], choice, TorchKernel("cpu", True), Lbfgs()).decision
    assert one.threshold == pytest.approx(other.threshold, rel=1e-5)
    assert [o.flagged for o in one.outcomes] == [o.flagged for o in other.outcomes]
    assert (one.folds, one.rows) == (5, 320)
    assert one.rule == rule.words
    assert isinstance(one.recalibration, {"platt": Platt, "isotonic": Isotonic}.get(kind, object))


def test_a_changed_test_row_changes_nothing() -> None:
    """The threshold and the recalibration know the training rows alone."""
    policy, frame = SplitPolicy(), rows()
    train, test = split_table(Table.from_pandas(frame, target="y"), policy)
    inside = set(map(tuple, test.to_pandas()[["a", "b", "c"]].to_numpy()))
    is_test = np.array([tuple(row) in inside for row in frame[["a", "b", "c"]].to_numpy()])
    other = frame.copy()
    other.loc[is_test, ["a", "b", "c"]] = 1e3
    changed, _ = split_table(Table.from_pandas(other, target="y"), policy)
    for kind in ("platt", "isotonic"):
        choice = DecisionChoice(Youden(), kind)
        assert fitted(train, choice).decision == fitted(changed, choice).decision


def test_a_changed_training_row_changes_the_choice(parts) -> None:
    """The test above could fail: other training rows give another threshold."""
    train = parts[0].to_pandas()
    train.loc[:40, "a"] = 3.0
    changed = Table.from_pandas(train, target="y")
    choice = DecisionChoice(Youden())
    assert fitted(parts[0], choice).decision != fitted(changed, choice).decision


def test_the_outcome_of_the_choice_meets_the_rule(parts) -> None:
    """The first outcome is that of the threshold on the held-out rows."""
    for rule in RULES:
        decision = fitted(parts[0], DecisionChoice(rule)).decision
        first = decision.outcomes[0]
        assert first.threshold == decision.threshold
        if isinstance(rule, TargetPrecision):
            assert first.right / first.flagged >= 0.6
        if isinstance(rule, TargetRecall):
            assert first.right / (first.right + first.missed) >= 0.9
        if isinstance(rule, Capacity):
            assert 0.08 < first.flagged <= 0.1
    assert fitted(parts[0], DecisionChoice(RULES[0])).decision.costs == Costs(1.0, 5.0)


def test_a_given_threshold_needs_no_folds(parts) -> None:
    """Nothing is fitted again, and 0.5 is the default decision."""
    asked: list[Table] = []

    def once(table: Table):
        asked.append(table)
        return prepare_rows(table)

    for threshold in (0.5, 0.3):
        training = Training(Newton(), decision=DecisionChoice(FixedThreshold(threshold)))
        model = train_logistic(parts[0], once, NumpyKernel(), training)
        assert model.decision.threshold == threshold
        assert (model.decision == DEFAULT_DECISION) == (threshold == 0.5)
    assert len(asked) == 2


def test_a_target_out_of_reach_says_what_was_found(parts) -> None:
    """Precision 1 among shuffled labels: the message has the highest precision that there is."""
    frame = parts[0].to_pandas()
    frame["y"] = np.random.default_rng(0).permutation(frame["y"])
    highest = frame["a"].argmax()
    frame.loc[highest, "y"] = "no"
    table = Table.from_pandas(frame, target="y")
    with pytest.raises(DecisionError, match=r"precision of at least 1 on the .* found at most 0\."):
        fitted(table, DecisionChoice(TargetPrecision(1.0)))


def test_a_separated_fold_is_fitted_by_firth() -> None:
    """Without one row the classes are separated; the decision is chosen all the same."""
    x = np.append(np.linspace(-2, -0.1, 20), np.linspace(0.1, 2, 20))
    y = (x > 0).astype(int)
    y[19], y[20] = 1, 0  # one row of each class on the other side
    table = Table.from_pandas(pd.DataFrame({"x": x, "y": y}), target="y")
    model = fitted(table, DecisionChoice(Youden(), "platt", folds=20))
    assert model.fit.penalty.adds_nothing
    assert 0.2 < model.decision.threshold < 0.8


def test_streamed_rows_give_the_same_decision(parts, tmp_path) -> None:
    """Small blocks from Parquet give what memory gives; folds keep Firth's penalty."""
    parts[0].write_parquet(tmp_path / "rows.parquet")
    stored = Table.read_parquet(tmp_path / "rows.parquet")
    training = Training(Newton(), AUTO, decision=DecisionChoice(Youden(), "platt"))
    streamed = partial(prepare_rows, kind="streaming", block_rows=50)
    one = train_logistic(stored, streamed, NumpyKernel(), training).decision
    other = train_logistic(parts[0], prepare_rows, NumpyKernel(), training).decision
    assert one.threshold == pytest.approx(other.threshold, rel=1e-9)
    assert one.outcomes[0].flagged == other.outcomes[0].flagged


@pytest.mark.parametrize(
    "choice",
    [DecisionChoice(rule) for rule in RULES] + [DecisionChoice(recalibration="platt")],
    ids=lambda choice: f"{type(choice.rule).__name__}-{choice.recalibration}",
)
def test_nothing_is_chosen_on_rows_of_one_class(choice) -> None:
    """Folds by time hold out the later rows; where none is positive, no rule has a meaning."""
    frame = rows(100).assign(t=pd.date_range("2024-01-01", periods=100))
    frame["y"] = np.where((np.arange(100) < 16) & (np.arange(100) % 2 == 0), "yes", "no")
    train = Table.from_pandas(frame, target="y", time="t")
    with pytest.raises(DecisionError, match="expected held-out training rows of both classes"):
        fitted(train, choice)
