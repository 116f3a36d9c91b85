"""New rows with answers: their metrics are scikit-learn's, and what is no answer is left out."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss, roc_auc_score
from statsmodels.stats.proportion import proportion_confint

from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.scoring.labelled_scores import Outcome
from lr_pipeline.scoring.predictions import Predictions, score_file
from lr_pipeline.tables.table import Table
from tests.scoring.conftest import fit


def scored(model: LogisticModel, rows: pd.DataFrame, path: Path, **settings: int) -> Predictions:
    """Write the rows to a file, and score it."""
    rows.to_csv(path, index=False) if path.suffix == ".csv" else rows.to_parquet(path)
    predictions = replace(score_file(model, path, 0.4), **settings)
    for _ in predictions.blocks():
        pass
    return predictions


def outcome_of(model: LogisticModel, rows: pd.DataFrame, path: Path, **settings: int) -> Outcome:
    """Return the metrics of the rows, which carry answers."""
    outcome = scored(model, rows, path, **settings).outcome
    assert outcome is not None
    return outcome


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_the_metrics_are_scikit_learns(model, frame, tmp_path, suffix) -> None:
    """The labels follow from the threshold that was given."""
    outcome = outcome_of(model, frame, tmp_path / f"new{suffix}")
    y = (frame["died"] == "yes").to_numpy()
    p = model.predict_proba(Table.from_pandas(frame, target="died", id="key"))
    assert outcome.metrics == pytest.approx(
        {
            "log_loss": log_loss(y, p),
            "brier_score": brier_score_loss(y, p),
            "roc_auc": roc_auc_score(y, p),
            "accuracy": accuracy_score(y, p > 0.4),
            "prevalence": y.mean(),
        }
    )
    assert (outcome.labelled, outcome.left_out, outcome.unknown) == (200, 0, {})
    for name, interval in outcome.intervals.items():
        assert interval.ends is not None
        assert interval.ends[0] < outcome.metrics[name] < interval.ends[1]


def test_rows_without_a_known_answer_are_left_out_and_said(model, frame, tmp_path) -> None:
    """The metrics are those of the others; the scores are of all rows."""
    rows = frame.copy()
    rows.loc[:9, "died"] = None
    rows.loc[10:14, "died"] = "<script>"
    predictions = scored(model, rows, tmp_path / "new.csv")
    outcome = predictions.outcome
    assert outcome is not None
    whole = outcome_of(model, frame[15:], tmp_path / "known.csv")
    assert outcome.metrics == pytest.approx(whole.metrics)
    assert (outcome.labelled, outcome.left_out) == (185, 15)
    assert predictions.counts.rows == 200
    assert outcome.lines()[0] == "against the answers of 185 rows, 15 without one left out:"
    assert outcome.lines()[-1] == "  not known as answers: '<script>' (5)"


def test_rows_without_the_target_have_no_outcome(model, new_rows) -> None:
    """Such rows are scored, and no outcome is computed."""
    predictions = score_file(model, new_rows)
    assert sum(batch.num_rows for batch in predictions.blocks()) == 4
    assert predictions.outcome is None
    assert not [name for name in predictions.metadata() if name.startswith("answers/")]


def test_no_known_answer_and_one_class_withhold_with_a_reason(model, frame, tmp_path) -> None:
    """No metric, or no area under the curve; nothing fails."""
    none = outcome_of(model, frame[:20].assign(died=None), tmp_path / "none.csv")
    assert (none.labelled, none.left_out, none.metrics) == (0, 20, {})
    alike = outcome_of(model, frame[frame["died"] == "yes"], tmp_path / "alike.csv")
    assert alike.metrics["roc_auc"] is None
    assert any("nothing to rank" in line for line in alike.lines())


def test_weights_are_repeated_rows(frame, tmp_path) -> None:
    """The same metrics and intervals, with zeros among the weights."""
    rows = frame.drop(columns="key")
    rows["n"] = np.random.default_rng(1).integers(0, 4, 200)
    model = fit(Table.from_pandas(rows, target="died", weight="n"))
    weighted = outcome_of(model, rows, tmp_path / "weighted.csv")
    repeated = rows.loc[rows.index.repeat(rows["n"])].drop(columns="n")
    plain = outcome_of(model, repeated, tmp_path / "repeated.csv")
    assert weighted.metrics == pytest.approx(plain.metrics)
    for name, interval in weighted.intervals.items():
        assert interval.ends == pytest.approx(plain.intervals[name].ends)


def test_the_ui_gets_numbers_that_chart(model, frame, tmp_path) -> None:
    """Each metric and the ends of its interval."""
    shown = scored(model, frame, tmp_path / "new.csv").metadata()
    for name in ("log_loss", "brier_score", "roc_auc", "accuracy", "prevalence"):
        values = [shown[f"answers/{name}{end}"] for end in ("_low", "", "_high")]
        assert values == sorted(values)
        assert all(type(value) is float for value in values)
    assert shown["labelled_rows"] == 200


def test_beyond_the_rows_that_are_held_every_kth_counts(model, frame, tmp_path) -> None:
    """Memory is bounded, and the line says so."""
    outcome = outcome_of(model, frame, tmp_path / "new.csv", held_rows=70)
    part = outcome_of(model, frame[::3], tmp_path / "part.csv")
    assert outcome.step == 3
    assert outcome.metrics == pytest.approx(part.metrics)
    assert "(one in 3)" in outcome.lines()[0]


def test_a_recalibrated_model_is_judged_by_its_probabilities(model, frame, tmp_path) -> None:
    """Log loss and Brier score are those of the recalibrated probability."""
    from lr_pipeline.models.decision.decision import Decision
    from lr_pipeline.models.decision.recalibration import Platt

    recalibrated = replace(model, decision=Decision(recalibration=Platt(0.5, 0.3)))
    outcome = outcome_of(recalibrated, frame, tmp_path / "new.csv")
    p = recalibrated.predict_proba(Table.from_pandas(frame, target="died", id="key"))
    assert outcome.metrics["log_loss"] == pytest.approx(log_loss(frame["died"] == "yes", p))


def test_the_prevalence_of_few_groups_has_no_interval_and_of_more_the_t_interval(
    frame, tmp_path
) -> None:
    """Four groups give no interval; eight give one by t with 7 degrees of freedom."""
    model = fit(Table.from_pandas(frame.assign(person=1), target="died", id="key", group="person"))
    few, more = (
        outcome_of(model, frame.assign(person=np.arange(200) % number), tmp_path / "new.csv")
        for number in (4, 8)
    )
    assert "only 4 groups" in few.intervals["prevalence"].withheld
    y = (frame["died"] == "yes").to_numpy(float)
    shares = np.array([y[k::8].mean() for k in range(8)])
    error = shares.std(ddof=1) / np.sqrt(8)
    p, q = y.mean(), stats.t.ppf(0.975, 7)
    number = min(p * (1 - p) / error**2, 200) * (stats.norm.ppf(0.975) / q) ** 2
    expected = proportion_confint(p * number, number, method="wilson")
    assert more.intervals["prevalence"].ends == pytest.approx(expected)


def test_rows_of_one_group_are_one_unit(frame, tmp_path) -> None:
    """Each row four times, in a group of its own: intervals as of the rows once, not half as wide.

    Degrees of freedom are counted in groups, not in cases of a class, which moves them a little.
    """
    frame = frame.assign(person=np.arange(len(frame)))
    model = fit(Table.from_pandas(frame, target="died", id="key", group="person"))
    repeated = frame.loc[frame.index.repeat(4)].assign(key=[f"k{k}" for k in range(4 * len(frame))])
    alone = outcome_of(model, frame.drop(columns="person"), tmp_path / "alone.csv")
    grouped = outcome_of(model, repeated, tmp_path / "grouped.csv")
    assert grouped.metrics == pytest.approx(alone.metrics)
    for name, interval in grouped.intervals.items():
        assert interval.ends == pytest.approx(alone.intervals[name].ends, rel=0.01), name
