"""From a challenger and the champion so far to the next champion, with real models."""

from dataclasses import replace

import numpy as np
import pytest

from lr_pipeline.core.solvers.result import Status
from lr_pipeline.lifecycle.challenge import Policy
from lr_pipeline.lifecycle.model_in_use import Record, Ruling
from lr_pipeline.models.model_version import version_of
from lr_pipeline.models.provenance import ProvenanceError
from lr_pipeline.orchestration.metadata.champion_metadata import champion_metadata
from tests.lifecycle.conftest import candidate, fit, on_rows_of, parts_of, rows_of, ruled

FRAME = rows_of()
TRAIN, TEST = parts_of(FRAME)


@pytest.fixture(scope="module")
def good():
    """A model of both features."""
    return fit(TRAIN)


@pytest.fixture(scope="module")
def poor():
    """A model of the feature that tells little, trained on the same rows."""
    return on_rows_of(fit(parts_of(FRAME, ["little"])[0]), TRAIN)


@pytest.fixture(scope="module")
def useless():
    """A model of noise, trained on the same rows."""
    noise = FRAME.assign(little=np.random.default_rng(9).normal(size=len(FRAME)))
    return on_rows_of(fit(parts_of(noise, ["little"])[0]), TRAIN)


def test_the_first_model_must_beat_the_prevalence(good, useless) -> None:
    """One that does is promoted; one that does not leaves none, and the ruling says why."""
    first = ruled(candidate(good, report="r.html"), None, [], TEST)
    assert first.model is good
    assert first.version == version_of(good) == first.record.ruling.challenger
    assert first.record.since == first.record.ruling.when == "2031-05-06T07:08:09+00:00"
    assert (first.record.ruling.who, first.record.ruling.report) == ("ada", "r.html")
    assert first.record.ruling.challenge.against == "the prevalence"
    none = ruled(candidate(useless), None, [], TEST)
    assert none.model is None and none.version is None
    assert "do not show a better log loss than the prevalence" in none.record.ruling.why


def test_a_promotion_in_spite_of_doubts_and_no_champion_are_explained(good, useless) -> None:
    """A report that is not proven keeps no model out; without a champion a way out is named."""
    doubt = "Not proven – too few rows to tell"
    first = ruled(candidate(good, doubt=doubt), None, [], TEST).record
    assert f'although its report says "{doubt}": to come into use, a model must' in first.ruling.why
    assert first.ruling.why.endswith("all that the report says")
    shown = champion_metadata(first)
    assert shown["summary"].endswith(first.ruling.challenge.reasons[-1])
    assert "way_out" not in shown
    none = ruled(candidate(useless, doubt=doubt), None, [], TEST).record
    assert "although" not in none.ruling.why
    assert "--promote latest --because" in champion_metadata(none)["way_out"]


def test_a_better_model_replaces_and_a_worse_one_does_not(good, poor) -> None:
    """The second decision of the same rows has the smaller level."""
    first = ruled(candidate(poor), None, [], TEST, Policy(alpha=0.4))
    second = ruled(candidate(good), first, [first.record], TEST)
    assert second.version == version_of(good)
    challenge = second.record.ruling.challenge
    assert (challenge.verdict, challenge.times_decided) == ("promoted", 2)
    assert challenge.level == pytest.approx(0.05 / 6)
    third = ruled(candidate(poor), second, [first.record, second.record], TEST)
    assert third.version == version_of(good)
    assert third.record.since == second.record.since
    assert third.record.ruling.challenge.verdict == "kept"
    assert not third.record.changed


def test_the_same_question_is_not_tested_twice(good, poor) -> None:
    """It gets the same answer and spends no level."""
    first = ruled(candidate(good), None, [], TEST)
    second = ruled(candidate(poor), first, [first.record], TEST)
    third = ruled(candidate(poor), second, [first.record, second.record], TEST)
    assert third.record.ruling.challenge.repeated
    assert third.record.ruling.challenge.p_value == second.record.ruling.challenge.p_value
    fourth = ruled(candidate(good), None, [first.record, second.record, third.record], TEST)
    assert fourth.record.ruling.challenge.repeated


def test_the_model_in_use_does_not_challenge_itself(good) -> None:
    """A run without new data changes nothing."""
    first = ruled(candidate(good), None, [], TEST)
    again = ruled(candidate(good), first, [first.record], TEST)
    assert again.record.ruling.why == "it is the model in use already"
    assert again.record.ruling.challenge.verdict == "kept"


def test_failed_checks_and_no_convergence_are_never_promoted(good) -> None:
    """Neither as the first model nor against a champion; the reasons say which."""
    failed = ruled(candidate(good, failed=("t/train_set: no_leakage: 3 rows",)), None, [], TEST)
    assert failed.model is None
    assert "a check failed: t/train_set: no_leakage: 3 rows" in failed.record.ruling.why
    stopped = replace(good, fit=replace(good.fit, status=Status.ITERATION_LIMIT))
    assert ruled(candidate(stopped), None, [], TEST).model is None


def test_an_older_run_does_not_displace_a_newer_ruling(good, poor) -> None:
    """The champion of the later run stays, though the earlier run's model is better."""
    later = ruled(candidate(poor, started=200.0), None, [], TEST, Policy(alpha=0.4))
    assert later.model is poor
    older = ruled(candidate(good, started=100.0), later, [later.record], TEST)
    assert older.model is poor
    assert "by a ruling that is newer than its run" in older.record.ruling.why


def test_what_a_person_rolled_back_only_a_person_puts_back(good, poor) -> None:
    """The reason names who and why."""
    first = ruled(candidate(poor), None, [], TEST, Policy(alpha=0.4))
    second = ruled(candidate(good), first, [first.record], TEST)
    ruling = Ruling("rolled back", "eve", "2031", "complaints", 50.0, first.version, second.version)
    back = replace(first, record=replace(first.record, ruling=ruling))
    history = [first.record, second.record, back.record]
    again = ruled(candidate(good), back, history, TEST)
    assert again.model is poor
    assert "eve took it out of use at 2031 (complaints)" in again.record.ruling.why


def test_a_champion_of_another_split_may_have_seen_the_rows(good) -> None:
    """The ruling says so, and that this can only favour the champion."""
    other_train, other_test = parts_of(rows_of(seed=2))
    other = fit(other_train)
    first = ruled(candidate(other), None, [], other_test)
    second = ruled(candidate(good), first, [first.record], TEST)
    assert "may have seen some of these test rows" in second.record.ruling.why
    assert second.record.ruling.challenge.times_decided == 1


def test_a_champion_that_cannot_read_the_rows_stays(good) -> None:
    """Columns are missing, hold text, or the question is another: only a person can decide."""
    first = ruled(candidate(good), None, [], TEST)
    for frame, message in (
        (FRAME.rename(columns={"much": "many"}), "these test rows lack 'much'"),
        (FRAME.assign(much=np.where(FRAME["much"] > 0, "a", "b")), "cannot read these test rows"),
    ):
        train, test = parts_of(frame)
        found = ruled(candidate(fit(train)), first, [first.record], test)
        assert found.model is good
        assert found.record.ruling.challenge.verdict == "inconclusive"
        assert message in found.record.ruling.why
    other = replace(first, model=replace(good, target="z"))
    found = ruled(
        candidate(fit(parts_of(rows_of(seed=5))[0])), other, [], parts_of(rows_of(seed=5))[1]
    )
    assert "answers another question: z = 1" in found.record.ruling.why


def test_a_challenger_of_another_split_is_refused(good) -> None:
    """Its test rows may be among its training rows."""
    _, test = parts_of(rows_of(seed=3))
    with pytest.raises(ProvenanceError, match="t/numpy_model was made from training set"):
        ruled(candidate(good), None, [], test)


def test_a_record_survives_json(good) -> None:
    """A record may have a challenge or none."""
    first = ruled(candidate(good), None, [], TEST).record
    by_hand = Record("v", Ruling("rolled back", "eve", "2031", "why", 1.0, "v"))
    for one in (first, by_hand):
        assert Record.from_dict(one.to_dict()) == one
