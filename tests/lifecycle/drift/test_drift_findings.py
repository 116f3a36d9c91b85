"""What counts as drift: each kind of change is found alone, and noise and trifles are not."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lr_pipeline.lifecycle.drift.drift_findings import (
    MISSING,
    RANGE,
    UNSEEN,
    DriftFindings,
    find_drift,
)
from lr_pipeline.lifecycle.drift.drift_numbers import drift_numbers, verdict
from lr_pipeline.lifecycle.drift.new_counts import NewCounts, count_new_rows
from lr_pipeline.lifecycle.drift.training_profile import profile_training_set
from lr_pipeline.scoring.new_rows import open_new_rows
from lr_pipeline.storage.plain_values import json_text
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.table import Table
from tests.lifecycle.drift.conftest import fit, rows


def drifted(findings: DriftFindings) -> set[tuple[str, str]]:
    """Return subject and aspect of what has drifted."""
    return {(one.subject, one.aspect) for one in findings.drifted}


def test_rows_of_the_same_population_have_not_drifted(model, train_set, compare) -> None:
    """Nothing is reported for 1,500 further rows."""
    findings = compare(model, train_set, rows(1_500, 2))
    assert verdict(findings) == "No drift: no difference is both large and certain."
    assert (findings.rows, findings.labelled, findings.unlabelled) == (1_500, 1_500, 0)


def test_a_shift_is_found_in_its_feature_and_in_the_score(model, train_set, compare) -> None:
    """Half a deviation of age moves the score; nothing else is reported."""
    new = rows(1_500, 2)
    new["age"] += 6
    assert drifted(compare(model, train_set, new)) == {
        ("age", "distribution"),
        ("score", "distribution"),
    }


def test_missing_values_are_found(model, train_set, compare) -> None:
    """A fifth of the ages, of which training lacks none."""
    new = rows(1_500, 2)
    new.loc[::5, "age"] = np.nan
    findings = compare(model, train_set, new)
    assert ("age", MISSING) in drifted(findings)
    (one,) = [one for one in findings.comparisons if (one.subject, one.aspect) == ("age", MISSING)]
    assert (one.before, one.after) == (0.0, 0.2)


def test_unseen_levels_are_found_and_named(model, train_set, compare) -> None:
    """3 % of the rows come from a city that training lacks."""
    new = rows(1_500, 2)
    new.loc[:44, "city"] = "Rome"
    findings = compare(model, train_set, new)
    assert findings.drifted_features == ("city",)
    assert ("city", UNSEEN) in drifted(findings)
    assert findings.drifted[0].names == ("Rome",)


def test_values_out_of_range_are_found(model, train_set, compare) -> None:
    """1 % of the ages are in months; the distribution as a whole hardly changes."""
    new = rows(1_500, 2)
    new.loc[:14, "age"] *= 12
    findings = compare(model, train_set, new)
    assert drifted(findings) == {("age", RANGE)}


def test_other_shares_of_the_levels_are_found(model, train_set, compare) -> None:
    """The effect is Cramér's V, and the levels are shown with their shares."""
    new = rows(1_500, 2)
    new.loc[::4, "city"] = "Oslo"
    findings = compare(model, train_set, new)
    (one,) = [one for one in findings.drifted if one.subject == "city"]
    assert one.measure == "V"
    shares = {label: after for label, _, after in one.cells}
    assert shares == pytest.approx(new["city"].value_counts(normalize=True).to_dict())


def test_the_prevalence_drifts_apart_from_the_features(model, train_set, compare) -> None:
    """The same rows with more yes: label drift, but neither score nor feature drift."""
    new = rows(1_500, 2)
    new.loc[::5, "died"] = "yes"
    findings = compare(model, train_set, new)
    assert drifted(findings) == {("prevalence", "distribution")}
    assert verdict(findings).startswith("Drift: the prevalence (")


def test_without_answers_the_prevalence_is_not_known(model, train_set, compare) -> None:
    """Answers of neither class are named and left out."""
    new = rows(300, 2)
    said = verdict(compare(model, train_set, new.drop(columns="died")))
    assert said.endswith("Whether the prevalence moved is not known.")
    new.loc[:9, "died"] = "maybe"
    new.loc[10:19, "died"] = None
    findings = compare(model, train_set, new)
    assert dict(findings.unknown) == {"maybe": 10}
    assert (findings.labelled, findings.unlabelled) == (280, 20)


def test_a_trifle_in_many_rows_is_no_drift(tmp_path) -> None:
    """A shift of 0.03 deviations of 60,000 rows is significant, and below the floor."""
    rng = np.random.default_rng(7)
    frame = pd.DataFrame({"x": rng.normal(size=60_000), "y": rng.integers(0, 2, 60_000)})
    table = Table.from_pandas(frame, target="y")
    model = fit(table)
    pd.DataFrame({"x": rng.normal(0.03, 1, 60_000)}).to_parquet(tmp_path / "new.parquet")
    profile = profile_training_set(model, table)
    opened = open_new_rows(tmp_path / "new.parquet", model.preparation)
    findings = find_drift(profile, count_new_rows(model, profile, opened))
    (one,) = [one for one in findings.comparisons if one.aspect == "distribution"][:1]
    assert one.adjusted is not None
    assert one.adjusted < 0.01
    assert not findings.drifted


def test_weights_are_repeated_rows(tmp_path) -> None:
    """Weights of training and new rows give the effects, p-values and verdict of repeated rows."""
    rng = np.random.default_rng(8)
    before, after = rows(500, 3), rows(400, 4)
    before["n"], after["n"] = rng.integers(0, 4, 500), rng.integers(0, 4, 400)
    after["age"] += 3
    found = []
    for weighted in (True, False):
        pair = [before, after]
        if not weighted:
            pair = [one.loc[one.index.repeat(one["n"])].drop(columns="n") for one in pair]
        table = Table.from_pandas(pair[0], target="died", weight="n" if weighted else None)
        model = fit(table)
        pair[1].to_csv(tmp_path / "new.csv", index=False)
        opened = open_new_rows(tmp_path / "new.csv", model.preparation)
        profile = profile_training_set(model, table)
        found.append(find_drift(profile, count_new_rows(model, profile, opened)))
    assert found[0].rows < found[0].cases == found[1].cases == found[1].rows
    for one, other in zip(found[0].comparisons, found[1].comparisons, strict=True):
        assert (one.subject, one.aspect, one.drifted) == (
            other.subject,
            other.aspect,
            other.drifted,
        )
        assert one.effect == pytest.approx(other.effect, abs=1e-9)
        assert one.p_value == pytest.approx(other.p_value, abs=1e-9)


@settings(max_examples=10, deadline=None)
@given(st.permutations(range(60)))
def test_the_order_of_the_new_rows_does_not_matter(model, train_set, tmp_path_factory, order):
    """Counts are sums: the same effects in any order."""
    folder = tmp_path_factory.mktemp("order")
    profile = _PROFILE.setdefault("one", profile_training_set(model, train_set))
    found = []
    for frame in (rows(60, 9), rows(60, 9).iloc[list(order)]):
        frame.to_parquet(folder / "new.parquet", index=False)
        opened = open_new_rows(folder / "new.parquet", model.preparation)
        found.append(find_drift(profile, count_new_rows(model, profile, opened)))
    effects = [[one.effect for one in one_of.comparisons] for one_of in found]
    assert effects[0] == pytest.approx(effects[1], abs=1e-12)


_PROFILE: dict = {}


def test_a_feature_without_any_new_value_is_said(model, train_set, compare) -> None:
    """Its distribution is not compared, its missing values have drifted."""
    new = rows(400, 2).assign(age=np.nan, city=None)
    findings = compare(model, train_set, new)
    reasons = {(o.subject, o.aspect): o.withheld for o in findings.comparisons if o.withheld}
    assert reasons["age", "distribution"] == reasons["city", UNSEEN] == "the new rows have no value"
    assert {("age", MISSING), ("city", MISSING)} <= drifted(findings)
    json_text(drift_numbers(findings, "new.csv"))


def test_unseen_levels_alone_are_found(model, train_set, compare) -> None:
    """Three rows are enough, since none of 4,000 training rows has such a level."""
    new = rows(3, 2).assign(city=["A", "B", "C"])
    findings = compare(model, train_set, new)
    assert ("city", UNSEEN) in drifted(findings)
    assert len(findings.comparisons) == 14


def test_three_usual_rows_have_not_drifted(model, train_set, compare) -> None:
    """Nothing can be told from so few."""
    assert not compare(model, train_set, rows(3, 2)).drifted


def test_no_rows_at_all_are_said(model, train_set, compare) -> None:
    """There is nothing to compare, and no number is invented."""
    findings = compare(model, train_set, rows(3, 2).iloc[:0])
    assert verdict(findings) == "Nothing to compare: there are no new rows."
    assert all(one.withheld for one in findings.comparisons)
    json_text(drift_numbers(findings, "new.csv"))


def test_a_constant_that_stays_constant_has_not_drifted(tmp_path) -> None:
    """One that takes another value has, in its distribution and its range."""
    rng = np.random.default_rng(9)
    frame = pd.DataFrame({"x": rng.normal(size=400), "c": 5.0, "y": rng.integers(0, 2, 400)})
    table = Table.from_pandas(frame, target="y")
    model = fit(table)
    profile = profile_training_set(model, table)
    found = {}
    for value in (5.0, 6.0):
        frame.assign(c=value).to_parquet(tmp_path / "new.parquet")
        opened = open_new_rows(tmp_path / "new.parquet", model.preparation)
        found[value] = drifted(find_drift(profile, count_new_rows(model, profile, opened)))
    assert found[5.0] == set()
    assert {("c", "distribution"), ("c", RANGE)} <= found[6.0]


def test_many_levels_that_occur_once_are_no_unseen_levels_to_worry_about(tmp_path) -> None:
    """Training has as many new levels a row: names of streets, say."""
    rng = np.random.default_rng(10)
    levels = np.char.add("s", rng.zipf(1.4, 6_000).astype(str))
    frame = pd.DataFrame({"street": levels, "y": rng.integers(0, 2, 6_000)})
    table = Table.from_pandas(frame[:4_000], target="y")
    model = fit(table)
    profile = profile_training_set(model, table)
    frame[4_000:].to_parquet(tmp_path / "new.parquet", index=False)
    opened = open_new_rows(tmp_path / "new.parquet", model.preparation)
    findings = find_drift(profile, count_new_rows(model, profile, opened))
    (unseen,) = [one for one in findings.comparisons if one.aspect == UNSEEN]
    assert unseen.after is not None
    assert unseen.after > 0.02
    assert not findings.drifted


def test_a_weight_that_is_no_number_is_refused(tmp_path) -> None:
    """The message names the row; nothing is compared with the others."""
    frame = rows(200, 3).assign(n=1)
    table = Table.from_pandas(frame, target="died", weight="n")
    model = fit(table)
    profile = profile_training_set(model, table)
    new = rows(20, 4).assign(n=1.0)
    new.loc[6, "n"] = -2.0
    new.to_csv(tmp_path / "new.csv", index=False)
    opened = open_new_rows(tmp_path / "new.csv", model.preparation)
    with pytest.raises(
        TableError, match=r"weight 'n' must be a number from 0 on, found -2 at row 7"
    ):
        count_new_rows(model, profile, opened)


def test_a_thousand_columns_are_compared(monkeypatch) -> None:
    """The control of false discoveries is over all 2,000 comparisons; one shift is found."""
    rng = np.random.default_rng(11)
    frame = pd.DataFrame(rng.normal(size=(1_200, 1_000))).add_prefix("x")
    frame["y"] = rng.integers(0, 2, 1_200)
    profile = _profile_without_a_fit(Table.from_pandas(frame[:800], target="y"))
    counts = NewCounts.empty(profile)
    for name, one in counts.features.items():
        values = frame[name].to_numpy()[800:] + (name == "x7")
        one.add(profile.by_name[name], values, np.ones(400))
    counts.score.add(profile.score, rng.normal(size=400), np.ones(400))
    counts.rows, counts.cases = 400, 400.0
    findings = find_drift(profile, counts)
    assert findings.drifted_features == ("x7",)
    assert len(findings.comparisons) == 3_002
    assert len(json_text(drift_numbers(findings, "new.csv"))) < 4e6


def _profile_without_a_fit(table: Table):
    """Return a profile whose score is that of no model: a fit of 1,000 columns takes long."""
    from lr_pipeline.lifecycle.drift.reference_profile import NumberProfile, ReferenceProfile

    features = []
    for name in table.roles.features:
        values = table.column(name).to_numpy()
        counts = (len(values), 0, float(values.min()), float(values.max()))
        features.append(NumberProfile.of_sample(name, values, np.ones(len(values)), counts, 50))
    return ReferenceProfile(
        "m", "f", "y", 1, 800, 800, 400, ((1, 400), (0, 400)), 1, tuple(features), features[0]
    )
