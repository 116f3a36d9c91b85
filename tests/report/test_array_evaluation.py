"""Models of any kind are evaluated on arrays, with the report's numbers."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as peer
from sklearn.linear_model import LogisticRegression, RidgeClassifier

import lr_pipeline
from lr_pipeline.tables.table import Table


@pytest.fixture(scope="module")
def rows() -> tuple[pd.DataFrame, np.ndarray]:
    """400 rows of two columns; the first half is for training."""
    rng = np.random.default_rng(4)
    X = pd.DataFrame(rng.normal(size=(400, 2)), columns=["dose", "age"])
    y = (rng.random(400) < 1 / (1 + np.exp(1 - X["dose"] - 0.5 * X["age"]))).astype(int)
    return X, y.to_numpy() if hasattr(y, "to_numpy") else y


def test_metrics_are_those_of_scikit_learn(rows) -> None:
    """Its classifier, this package's fit and a column of probabilities stand side by side."""
    X, y = rows
    weight = np.arange(200) % 3.0
    forest = LogisticRegression(C=0.1).fit(X[:200], y[:200])
    fit = lr_pipeline.fit_logistic(X[:200], y[:200])
    models = {"ridge": forest, "ours": fit, "column": np.full(200, 0.3)}
    found = lr_pipeline.evaluate(models, X[200:], y[200:], weight).numbers["models"]
    for name, p in (
        ("ridge", forest.predict_proba(X[200:])[:, 1]),
        ("ours", fit.predict_proba(X[200:])),
        ("column", models["column"]),
    ):
        of = {"sample_weight": weight}
        assert found[name]["log_loss"] == pytest.approx(peer.log_loss(y[200:], p, **of))
        assert found[name]["roc_auc"] == pytest.approx(peer.roc_auc_score(y[200:], p, **of))
        assert found[name]["brier_score"] == pytest.approx(peer.brier_score_loss(y[200:], p, **of))
        expected = peer.accuracy_score(y[200:], p > 0.5, **of)
        assert found[name]["accuracy"] == pytest.approx(expected)


def test_the_threshold_is_given_for_all_or_by_name(rows) -> None:
    """The answer is yes above it."""
    _, y = rows
    p = np.where(y == 1, 0.4, 0.2)
    found = lr_pipeline.evaluate({"a": p, "b": p}, y=y, threshold={"a": 0.3}).numbers["models"]
    assert (found["a"]["accuracy"], found["b"]["accuracy"]) == (1.0, np.mean(y == 0))
    found = lr_pipeline.evaluate(p, y=y, threshold=0.3).numbers["models"]
    assert found["model"]["accuracy"] == 1.0


def test_the_baseline_predicts_the_training_prevalence(rows) -> None:
    """A fit has recorded it; for other models it is the share in ``y`` unless given."""
    X, y = rows
    fit = lr_pipeline.fit_logistic(X[:200], y[:200])
    assert lr_pipeline.evaluate(fit, X[200:], y[200:]).numbers["prevalence"] == y[:200].mean()
    column = np.full(200, 0.5)
    assert lr_pipeline.evaluate(column, y=y[200:]).numbers["prevalence"] == y[200:].mean()
    found = lr_pipeline.evaluate(column, y=y[200:], train_prevalence=0.25)
    assert found.numbers["prevalence"] == 0.25


def test_a_table_has_its_own_labels(rows) -> None:
    """A fit of a table prepares the rows of another one."""
    X, y = rows
    town = np.tile(["a", "b"], 200)
    frame = X.assign(town=town, bought=np.where(y == 1, "yes", "no"))
    train, test = (Table.from_pandas(part, "bought") for part in (frame[:200], frame[200:]))
    fit = lr_pipeline.fit_logistic(train)
    found = lr_pipeline.evaluate({"fit": fit, "line": lr_pipeline.fit_linear(train)}, test)
    assert (found.numbers["target"], found.numbers["positive"]) == ("bought", "yes")
    expected = peer.roc_auc_score(y[200:], fit.predict_proba(frame[200:]))
    assert found.numbers["models"]["fit"]["roc_auc"] == pytest.approx(expected)
    with pytest.raises(ValueError, match="a Table has its own label"):
        lr_pipeline.evaluate(fit, test, y[200:])


def test_the_page_is_saved_without_what_arrays_do_not_know(rows, tmp_path) -> None:
    """There are no fingerprints and no training rows; a model's name is text."""
    X, y = rows
    fit = lr_pipeline.fit_logistic(X, y)
    page = lr_pipeline.evaluate({"<script>x</script>": fit}, X, y).save(tmp_path / "page.html")
    text = page.read_text(encoding="utf-8")
    assert "<script>" not in text
    assert "Training fingerprint" not in text


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"models": np.zeros(3), "y": None}, ValueError, "y is missing"),
        ({"models": np.zeros(3), "y": [0, 1, 2]}, ValueError, "0 or 1, found 2 in row 2"),
        ({"models": np.zeros(2), "y": [0, 1, 1]}, ValueError, "expected 3 predictions of 'model'"),
        ({"models": [0.1, np.nan, 0.2], "y": [0, 1, 1]}, ValueError, "must be finite"),
        ({"models": RidgeClassifier(), "y": [0, 1, 1]}, TypeError, "predicts no probabilities"),
        ({"models": LogisticRegression(), "y": [0, 1, 1]}, ValueError, "X is missing"),
        ({"models": np.zeros(3), "y": [0, 1, 1], "weight": [1, 2]}, ValueError, "3 weights"),
        ({"models": np.zeros(3), "y": [0, 1, 1], "group": ["a"]}, ValueError, "group of each of 3"),
        (
            {"models": np.zeros(3), "y": [0, 1, 1], "group": ["a", None, "b"]},
            ValueError,
            "each row needs its group, found none in row 1",
        ),
        (
            {"models": {"a": np.zeros(3)}, "y": [0, 1, 1], "threshold": {"b": 0.3}},
            ValueError,
            "threshold= names 'b', which is none of the models: 'a'",
        ),
        (
            {"models": np.zeros(3), "y": [0, 1, 1], "train_prevalence": 30.0},
            ValueError,
            "train_prevalence must be between 0 and 1, found 30",
        ),
    ],
)
def test_what_cannot_be_evaluated_is_refused(arguments, error, message) -> None:
    """The error says what was expected."""
    with pytest.raises(error, match=message):
        lr_pipeline.evaluate(**arguments)


def test_a_classifier_of_other_labels_is_refused(rows) -> None:
    """Its second class need not be the label 1."""
    X, y = rows
    model = LogisticRegression().fit(X, np.where(y == 1, "bad", "good"))
    with pytest.raises(ValueError, match="a classifier of labels 0 and 1, found"):
        lr_pipeline.evaluate(model, X, y)


def test_the_summary_shows_intervals_and_comparisons_as_text_and_html(rows) -> None:
    """The best model is marked, and names are no HTML."""
    X, y = rows
    fit = lr_pipeline.fit_logistic(X[:200], y[:200])
    found = lr_pipeline.evaluate({"fit": fit, "<b>half": np.full(200, 0.5)}, X[200:], y[200:])
    values, ends = found.numbers["models"]["fit"], found.numbers["intervals"]["fit"]["roc_auc"]
    (cells,) = (row for row in found.summary().rows if row[0] == "ROC AUC")
    shown = f"{values['roc_auc']:.2f}* ({ends['low']:.2f} to {ends['high']:.2f})"
    assert cells == ("ROC AUC", "0.50", shown, "0.50")
    assert "ROC AUC, <b>half − fit: −" in str(found)
    assert ", p < 0.001: worse" in str(found)
    assert "<b>half" not in found._repr_html_()


def test_a_withheld_interval_has_its_reason_in_the_summary(rows) -> None:
    """Two cases of a class are too few; the page has the same sentence."""
    y = np.repeat([0, 1], [50, 2])
    found = lr_pipeline.evaluate(np.linspace(0.1, 0.6, 52), y=y)
    assert found.numbers["intervals"]["model"]["roc_auc"]["low"] is None
    (said,) = (one for one in found.summary().remarks if "ROC AUC" in one)
    assert said.startswith("No interval for ")
    assert "only 2 cases of the rarer class, 3 are needed" in str(found)


def test_whole_groups_are_the_units_of_intervals(rows) -> None:
    """Twenty copies of each row in one group tell no more than the row alone."""
    X, y = rows
    p = 1 / (1 + np.exp(-X["dose"].to_numpy()))
    names = np.repeat([f"person {k}" for k in range(400)], 20)
    alone = lr_pipeline.evaluate(p, y=y).numbers["intervals"]["model"]["brier_score"]
    copied = lr_pipeline.evaluate(np.repeat(p, 20), y=np.repeat(y, 20), group=names)
    found = copied.numbers["intervals"]["model"]["brier_score"]
    assert found["low"] == pytest.approx(alone["low"], rel=0.01)
    assert found["high"] == pytest.approx(alone["high"], rel=0.01)


def test_models_that_predict_the_same_share_a_column_of_the_summary(rows) -> None:
    """Two names of one model are printed as one; at another threshold it is another one."""
    X, y = rows
    p = 1 / (1 + np.exp(1 - X["dose"].to_numpy()))
    found = lr_pipeline.evaluate({"a": p, "b": p, "c": np.full(400, 0.3)}, y=y)
    headings = found.summary().headings
    assert headings == ("", "Prevalence baseline", "a = b", "c")
    assert all(len(row) == len(headings) for row in found.summary().rows)
    assert "a = b" in str(found)
    assert not any("b −" in remark or "− b" in remark for remark in found.summary().remarks)
    apart = lr_pipeline.evaluate({"a": p, "b": p}, y=y, threshold={"a": 0.2}).summary()
    assert apart.headings == ("", "Prevalence baseline", "a", "b")
    accuracy = next(row for row in apart.rows if row[0] == "Accuracy")
    assert accuracy[2] != accuracy[3]
