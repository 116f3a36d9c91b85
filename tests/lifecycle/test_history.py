"""What earlier rulings mean: decisions counted, the way back, versions taken out of use."""

from dataclasses import replace

from lr_pipeline.lifecycle.challenge import NO_TEST, Challenge, Policy
from lr_pipeline.lifecycle.history import (
    decided_already,
    earlier_champions,
    times_decided,
    withdrawal,
)
from lr_pipeline.lifecycle.model_in_use import Record, Ruling

POLICY = Policy()
TESTED = Challenge("promoted", "A", POLICY, ("shown",), 0.1, NO_TEST, 0.001, 0.1, 0.025, 1)


def record(version: str | None, action="tested", replaced=None, rows="rows", challenge=TESTED):
    """A ruling that left a version in use."""
    ruling = Ruling(
        action, "ada", "2031", "why", 1.0, version or "X", replaced, None, rows, challenge
    )
    return Record(version, ruling, since="2031")


A = record("A")
B = record("B", replaced="A")
KEPT = record("B", replaced="B")
BACK = record("A", "rolled back", "B", None, None)


def versions(history) -> list[str | None]:
    """The champions to which a rollback can return."""
    return [one.version for one in earlier_champions(history)]


def test_decisions_are_counted_by_test_rows() -> None:
    """A ruling by hand, an answer that was repeated and one on other rows do not count."""
    other = record("C", replaced="B", rows="other")
    repeated = record("B", replaced="B", challenge=replace(TESTED, repeated=True))
    untested = record("B", replaced="B", challenge=replace(TESTED, p_value=None))
    assert times_decided([A, B, KEPT, BACK, other, repeated, untested], "rows") == 3
    assert times_decided([], "rows") == 0


def test_a_rollback_goes_down_the_stack() -> None:
    """After B came and went, nothing is left before A; kept rulings do not count."""
    assert versions([A]) == []
    assert versions([A, B, KEPT]) == ["A"]
    assert versions([A, B, BACK]) == []
    third = record("C", replaced="A")
    assert versions([A, B, BACK, third]) == ["A"]
    assert versions([A, B, record("C", replaced="B")]) == ["A", "B"]


def test_a_version_that_was_rolled_back_is_known_until_a_person_puts_it_back() -> None:
    """The withdrawal names the rollback."""
    assert withdrawal([A, B], "B") is None
    assert withdrawal([A, B, BACK], "B") is BACK.ruling
    assert withdrawal([A, B, BACK], "A") is None
    by_hand = record("B", "promoted by hand", "A", None, None)
    assert withdrawal([A, B, BACK, by_hand], "B") is None


def test_the_same_question_is_found_again() -> None:
    """Other rows, another champion or another policy is another question."""
    assert decided_already([A, B], "rows", "A", "B", POLICY) is B.ruling
    for rows, champion, version, policy in (
        ("other", "A", "B", POLICY),
        ("rows", "Z", "B", POLICY),
        ("rows", "A", "C", POLICY),
        ("rows", "A", "B", Policy(alpha=0.1)),
    ):
        assert decided_already([A, B], rows, champion, version, policy) is None
