"""The schedules of a table: their ticks over a year, and when what they make is late."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise, takewhile
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from dagster._utils.schedules import schedule_execution_time_iterator

from lr_pipeline.orchestration.automation.schedules import freshness_of
from lr_pipeline.orchestration.config.automation_config import AutomationConfig
from lr_pipeline.orchestration.pipeline import build_definitions
from lr_pipeline.tables.sources.declared_tables import FileTable

SPECTOR = FileTable(Path(__file__).parents[3] / "data/samples/spector.csv", "GRADE")
BERLIN = ZoneInfo("Europe/Berlin")


def ticks_of(schedule: str, first: datetime, last: datetime) -> list[datetime]:
    """Return the ticks of a table's training schedule in Berlin, found as the daemon finds them."""
    defs = build_definitions(
        SPECTOR, "spector", schedule=schedule, timezone="Europe/Berlin", score_path="new.csv"
    )
    (training,) = (one for one in defs.schedules if "training" in one.name)
    assert training.execution_timezone == "Europe/Berlin"
    found = schedule_execution_time_iterator(
        first.timestamp(), training.cron_schedule, training.execution_timezone
    )
    return [one.astimezone(UTC) for one in takewhile(lambda one: one < last, found)]


@pytest.mark.promise("Automation", "A night whose hour the clock skips or repeats has one tick.")
@pytest.mark.parametrize(
    ("night", "at"),
    [
        # 29 March 2026: 2:00 is followed by 3:00, so that 2:30 does not exist.
        (datetime(2026, 3, 29), datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        # 25 October 2026: 2:59 is followed by 2:00, so that 2:30 is there twice.
        (datetime(2026, 10, 25), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
    ],
    ids=["skipped", "doubled"],
)
def test_a_night_whose_hour_is_skipped_or_doubled_has_one_tick(night, at) -> None:
    """The skipped 2:30 is made up for at 3:00, and the doubled one is the second."""
    first = night.replace(tzinfo=BERLIN)
    assert ticks_of("30 2 * * *", first, first + timedelta(days=1)) == [at]


def test_every_night_of_a_year_has_one_tick() -> None:
    """365 local dates, none twice; two nights of March are shorter by half an hour."""
    first = datetime(2026, 1, 1, tzinfo=BERLIN)
    ticks = ticks_of("30 2 * * *", first, datetime(2027, 1, 1, tzinfo=BERLIN))
    assert len({one.astimezone(BERLIN).date() for one in ticks}) == len(ticks) == 365
    shortest = min(later - earlier for earlier, later in pairwise(ticks))
    assert shortest == timedelta(hours=23, minutes=30)


def test_scoring_is_in_the_same_time_zone() -> None:
    """It follows the training by two hours."""
    defs = build_definitions(SPECTOR, "s", timezone="Europe/Berlin", score_path="new.csv")
    assert {one.execution_timezone for one in defs.schedules} == {"Europe/Berlin"}


@pytest.mark.parametrize(
    ("settings", "hours"),
    [
        ({"schedule": "0 2 * * *", "scheduled": True}, 48),
        ({"schedule": "0 2 * * 1-5", "scheduled": True}, 144),  # from Friday to Monday, twice
        ({"schedule": "0 3 * * 1", "scheduled": True}, 336),
        ({"schedule": "0 3 1 * *", "scheduled": True}, 31 * 48),
        ({"schedule": "*/10 * * * *", "scheduled": True}, 1 / 3),
        ({"late_after_hours": 30.0}, 30),
    ],
)
def test_what_is_late_follows_from_the_schedule(settings, hours) -> None:
    """Late is after twice the longest time between two ticks, and warned of before."""
    policy = freshness_of(AutomationConfig(**settings))
    fail, warn = policy.fail_window.to_timedelta(), policy.warn_window.to_timedelta()
    assert abs(fail - timedelta(hours=hours)) < timedelta(seconds=1)
    assert abs(warn - 0.625 * fail) < timedelta(seconds=1)


@pytest.mark.parametrize("settings", [{}, {"scheduled": True, "late_after_hours": 0}])
def test_nothing_is_late_where_nothing_is_expected(settings) -> None:
    """A schedule that is off promises nothing; a person may ask for no promise."""
    assert freshness_of(AutomationConfig(**settings)) is None


def test_report_and_champion_can_be_late_and_nothing_else() -> None:
    """They are the last of a run."""
    defs = build_definitions(SPECTOR, "spector", scheduled=True)
    late = {
        key.path[-1]
        for key in defs.resolve_asset_graph().get_all_asset_keys()
        if defs.resolve_assets_def(key).get_asset_spec(key).freshness_policy is not None
    }
    assert late == {"evaluation_report", "champion"}
