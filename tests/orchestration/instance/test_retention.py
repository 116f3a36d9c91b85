"""Which runs stay: what is in use, whatever the policy; else by age, count and size."""

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from lr_pipeline.orchestration.instance.retention import (
    DAY_SECONDS,
    History,
    PastRun,
    RetentionPolicy,
    StoredVersion,
    kept_runs,
    removable_versions,
)

NOW = 1_000 * DAY_SECONDS
LEAST = RetentionPolicy(keep_days=0.0, keep_runs=1)


def history(runs: list[PastRun], versions: list[StoredVersion], **known) -> History:
    """A history of finished runs, unless said otherwise."""
    named = known.pop("names", {})
    return History(NOW, runs, versions, known.pop("in_use", ()), lambda one: named.get(one.run, ()))


def nights(number: int) -> tuple[list[PastRun], list[StoredVersion]]:
    """A run each night, each of which stores a table and, made from it, a model, of 10 bytes."""
    runs, versions = [], []
    for night in range(number):
        began = NOW - (number - night) * DAY_SECONDS
        runs.append(PastRun(f"r{night}", "t", began, True))
        for step, asset in enumerate(("t/dataset", "t/model")):
            place = 2 * night + step
            versions.append(
                StoredVersion(
                    place,
                    asset,
                    f"r{night}",
                    began + step,
                    Path(f"{asset}/{night}/f"),
                    10,
                    (place - 1,) if step else (),
                )
            )
    return runs, versions


def names(numbers) -> set[str]:
    """Names of those nights' runs, and the place of what belongs to no run."""
    return {"", *(f"r{one}" for one in numbers)}


def test_runs_stay_by_age_and_by_count_of_their_table():
    """The rule that keeps more decides; another table has a count of its own."""
    runs, versions = nights(10)
    other = PastRun("o", "other", NOW - 400 * DAY_SECONDS, True)
    found = history([other, *runs], versions)
    assert kept_runs(found, LEAST) == names([9]) | {"o"}
    assert kept_runs(found, replace(LEAST, keep_days=3.5)) == names([7, 8, 9]) | {"o"}
    assert kept_runs(found, replace(LEAST, keep_runs=4)) == names([6, 7, 8, 9]) | {"o"}


def test_the_size_limits_what_age_and_count_keep_and_nothing_that_is_in_use():
    """20 bytes a run: of the last ten those that fit, after the champion's, go on with the last."""
    runs, versions = nights(10)
    found = history(runs, versions, in_use=["r2"])
    policy = RetentionPolicy(keep_days=100.0)
    assert kept_runs(found, replace(policy, max_bytes=85)) == names([2, 7, 8, 9])
    assert kept_runs(found, replace(policy, max_bytes=1)) == names([2, 9])


def test_equal_content_counts_once_and_stays_while_a_run_has_it():
    """Ten runs that recorded one file take ten bytes, and it goes with none but the last."""
    runs, versions = nights(10)
    same = [replace(one, path=Path("one/f")) for one in versions]
    found = history(runs, same)
    policy = RetentionPolicy(keep_days=100.0, max_bytes=10)
    assert kept_runs(found, policy) == names(range(10))
    assert removable_versions(found, kept_runs(found, LEAST)) == {}
    assert removable_versions(found, {""}) == {Path("one/f"): 10}


def test_what_a_kept_model_was_made_from_stays_with_it():
    """The last run made only a model, of the table that the first one stored."""
    runs, versions = nights(5)
    versions = [one for one in versions if one.place != 8]
    versions[-1] = replace(versions[-1], inputs=(0,))
    assert kept_runs(history(runs, versions), LEAST) == names([0, 3, 4])


def test_what_a_kept_report_names_stays_and_what_that_one_names_does_not():
    """Else each report would keep the one before it, for ever."""
    runs, versions = nights(5)
    named = {f"r{night}": [f"r{night - 1}"] for night in range(1, 5)}
    assert kept_runs(history(runs, versions, names=named), LEAST) == names([3, 4])


def test_while_a_run_goes_on_all_stays_that_was_current_since_it_began():
    """It may have read the table of the night before it began, and may store it once more."""
    runs, versions = nights(6)
    runs[2] = replace(runs[2], finished=False, parent="r0")
    assert kept_runs(history(runs, versions), LEAST) == names([0, 1, 2, 3, 4, 5])
    runs[2] = replace(runs[2], parent=None)
    assert kept_runs(history(runs, versions), LEAST) == names([1, 2, 3, 4, 5])


def test_a_version_that_an_older_run_recorded_last_is_kept_beside_the_current_one():
    """An older run that ended after a newer one does not displace it."""
    runs, versions = nights(3)
    late = StoredVersion(9, "t/dataset", "r0", NOW - 1.0, Path("t/dataset/late/f"), 10)
    assert kept_runs(history(runs, [*versions, late]), LEAST) == names([0, 2])


@given(st.data())
def test_whatever_the_policy_what_can_be_reached_stays(data: st.DataObject):
    """Inputs, latest versions, what is in use or goes on stay, and no file of theirs goes."""
    number = data.draw(st.integers(1, 8))
    runs = [
        PastRun(
            f"r{one}",
            data.draw(st.sampled_from("ab")),
            NOW - data.draw(st.floats(0, 100)) * DAY_SECONDS,
            data.draw(st.booleans()),
            data.draw(st.sampled_from([None, *(f"r{other}" for other in range(one))])),
        )
        for one in range(number)
    ]
    versions = [
        StoredVersion(
            place,
            data.draw(st.sampled_from(["a/dataset", "a/model", "b/model"])),
            data.draw(st.sampled_from(runs)).id,
            NOW - data.draw(st.floats(0, 100)) * DAY_SECONDS,
            Path("a", data.draw(st.sampled_from("123456")), "f"),
            10,
            tuple(data.draw(st.lists(st.integers(0, place - 1), max_size=2))) if place else (),
        )
        for place in range(data.draw(st.integers(0, 12)))
    ]
    in_use = data.draw(st.lists(st.sampled_from(runs).map(lambda one: one.id), max_size=2))
    policy = RetentionPolicy(
        data.draw(st.floats(0, 100)),
        data.draw(st.integers(1, 3)),
        data.draw(st.none() | st.integers(1, 100)),
    )
    found = history(runs, versions, in_use=in_use)
    kept = kept_runs(found, policy)
    gone = removable_versions(found, kept)
    by_place = {one.place: one for one in versions}
    assert set(in_use) <= kept
    assert {one.id for one in runs if not one.finished} <= kept
    assert {one.parent for one in runs if one.id in kept and one.parent} <= kept
    for version in versions:
        if version.run in kept:
            assert version.path not in gone
            assert {by_place[place].run for place in version.inputs} <= kept
    for asset in {one.asset for one in versions}:
        assert [one for one in versions if one.asset == asset][-1].run in kept
