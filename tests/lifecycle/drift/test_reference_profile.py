"""The reference profile: exact counts of all rows, a systematic sample, the same bits in JSON."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lr_pipeline.lifecycle.drift import training_profile
from lr_pipeline.lifecycle.drift.case_sample import CaseSampler, sampling_step
from lr_pipeline.lifecycle.drift.reference_profile import (
    CategoryProfile,
    NumberProfile,
    ReferenceProfile,
    points_of_each,
)
from lr_pipeline.lifecycle.drift.training_profile import profile_training_set
from lr_pipeline.tables.table import Table
from tests.lifecycle.drift.conftest import fit, rows


def number_of(values: np.ndarray, cases: np.ndarray, points: int = 200) -> NumberProfile:
    """Return the profile of these values."""
    ends = float(values.min()), float(values.max())
    return NumberProfile.of_sample("x", values, cases, (len(values), 0, *ends), points)


def test_a_profile_has_the_same_bits_after_a_round_trip(model, train_set) -> None:
    """Strict JSON keeps every float; the loaded profile compares alike."""
    profile = profile_training_set(model, train_set)
    text = json.dumps(profile.to_dict(), allow_nan=False)
    again = ReferenceProfile.from_dict(json.loads(text))
    assert json.dumps(again.to_dict()) == text
    assert again.by_name["city"] == profile.by_name["city"]


def test_counts_and_levels_are_those_of_pandas(model, train_set) -> None:
    """Missing values, range, levels, prevalence and answers, over all rows."""
    frame, profile = rows(4_000, 1), profile_training_set(model, train_set)
    dose, city = profile.by_name["dose"], profile.by_name["city"]
    assert isinstance(dose, NumberProfile)
    assert isinstance(city, CategoryProfile)
    assert (dose.missing, dose.known) == (frame["dose"].isna().sum(), frame["dose"].count())
    assert (dose.least, dose.greatest) == (frame["dose"].min(), frame["dose"].max())
    assert dose.mean == pytest.approx(frame["dose"].mean())
    assert dose.deviation == pytest.approx(frame["dose"].std(ddof=0))
    assert dict(zip(city.levels, city.counts, strict=True)) == dict(frame["city"].value_counts())
    assert profile.positives == (frame["died"] == "yes").sum()
    assert dict(profile.answers) == dict(frame["died"].value_counts())


def test_another_table_is_refused(model) -> None:
    """A profile of other rows would compare with the wrong training set."""
    with pytest.raises(ValueError, match="expected the model's training set"):
        profile_training_set(model, Table.from_pandas(rows(50, 2), target="died"))


def test_deciles_are_numpys() -> None:
    """Of 10,000 different values they are order statistics number 1,000, 2,000 and so on."""
    values = np.random.default_rng(1).normal(size=10_000)
    profile = number_of(values, np.ones_like(values))
    expected = np.quantile(values, np.arange(1, 10) / 10, method="inverted_cdf")
    assert profile.points[profile.deciles] == pytest.approx(expected)
    few = number_of(values, np.ones_like(values), 50)
    assert few.points[few.deciles] == pytest.approx(expected)
    assert len(few.points) < 70


def test_a_constant_has_one_point_and_no_decile() -> None:
    """All of its values are in one cell."""
    profile = number_of(np.full(30, 7.0), np.ones(30))
    assert profile.points.tolist() == [7.0]
    assert profile.deciles == []


@given(st.lists(st.integers(0, 9), min_size=1, max_size=40), st.integers(1, 6), st.integers(1, 7))
def test_weights_give_the_sample_of_repeated_rows(weights, step, cut) -> None:
    """The size of the blocks does not matter."""
    weight = np.array(weights, dtype=float)
    repeated = np.repeat(np.arange(len(weight)), weight.astype(int))
    chosen: list[int] = []
    sampler = CaseSampler(step)
    for start in range(0, len(weight), cut):
        places, cases = sampler.choose(weight[start : start + cut])
        chosen += np.repeat(places + start, cases.astype(int)).tolist()
    assert chosen == repeated[step - 1 :: step].tolist()


def test_a_weighted_training_set_has_the_profile_of_its_repeated_rows() -> None:
    """A profile sampled from every third case is the same as well."""
    frame = rows(600, 3)
    frame["times"] = np.random.default_rng(4).integers(1, 4, 600)
    repeated = frame.loc[frame.index.repeat(frame["times"])].drop(columns="times")
    weighted = Table.from_pandas(frame, target="died", weight="times")
    plain = Table.from_pandas(repeated, target="died")
    first, second = (profile_training_set(fit(t), t, 500).to_dict() for t in (weighted, plain))
    assert first["step"] > 1
    for name in ("cases", "positives", "answers", "step"):
        assert first[name] == second[name]
    for one, other in zip(first["features"], second["features"], strict=True):
        assert one.keys() == other.keys()
        for name, value in one.items():
            if isinstance(value, float) or name in ("points", "cumulative", "below"):
                assert value == pytest.approx(other[name], abs=1e-9)
            else:
                assert value == other[name]


def test_the_sample_is_bounded_in_cases_and_in_values() -> None:
    """A sample has at most 65,536 cases, and 2²⁴ values of all columns."""
    assert sampling_step(1e9, 20) == -(-1_000_000_000 // 2**16)
    assert 1e9 / sampling_step(1e9, 2_000) * 2_000 <= 2**24
    assert sampling_step(1_000, 20) == 1
    assert (points_of_each(20), points_of_each(1_000)) == (200, 50)


def test_levels_that_occur_once_are_counted_apart() -> None:
    """They are the share of unseen levels to be expected of new rows."""
    frame = rows(300, 5)
    frame.loc[:4, "city"] = ["A", "B", "C", "D", "D"]
    table = Table.from_pandas(frame, target="died")
    city = profile_training_set(fit(table), table).by_name["city"]
    assert isinstance(city, CategoryProfile)
    assert (city.once, city.twice, city.other, city.known) == (3, 1, 2, 300)
    # 3 of 300 with variance (3 + 2) / 300², as of 1.8 of 180 independent cases
    assert city.unseen_cases == pytest.approx((1.8, 180))
    assert set(city.levels) == {"Köln", "Lyon", "Oslo"}


def test_memory_does_not_grow_with_the_rows(model, train_set, monkeypatch) -> None:
    """Only the chosen rows are held: of each block as many as the step leaves."""
    held = []
    number_sums = training_profile._NumberSums
    add = number_sums.add

    def watched(self, values, weight, chosen):
        add(self, values, weight, chosen)
        held.append(sum(map(len, self.sample)))

    monkeypatch.setattr(number_sums, "add", watched)
    profile_training_set(model, train_set, 100)
    assert max(held) <= 100


def test_a_bool_and_an_integer_are_numbers() -> None:
    """Their points are all of their values."""
    frame = pd.DataFrame({"yes": [True, False] * 40, "k": [1, 2, 3, 4] * 20})
    frame["y"] = np.random.default_rng(6).integers(0, 2, 80)
    table = Table.from_pandas(frame, target="y")
    profile = profile_training_set(fit(table), table)
    points = {one.name: one.points.tolist() for one in profile.features}
    assert points == {"yes": [0.0, 1.0], "k": [1.0, 2.0, 3.0, 4.0]}
