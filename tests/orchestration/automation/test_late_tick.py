"""A tick says that it is late, and one in time says nothing."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from lr_pipeline.orchestration.automation.late_tick import CAUGHT_UP_TAG, said_if_late


def tick(minutes: float) -> dg.ScheduleEvaluationContext:
    """A tick that was due some minutes ago."""
    return dg.build_schedule_context(
        scheduled_execution_time=datetime.now(UTC) - timedelta(minutes=minutes)
    )


def test_a_late_run_has_a_tag_beside_its_others() -> None:
    """It was due three hours ago."""
    found = said_if_late(tick(180), dg.RunRequest(tags={"other": "kept"}))
    assert isinstance(found, dg.RunRequest)
    assert found.tags["other"] == "kept"
    assert found.tags[CAUGHT_UP_TAG].startswith("missed at 20")
    assert found.tags[CAUGHT_UP_TAG].endswith(" UTC, made up for 180 min later")


def test_a_late_skip_has_it_in_its_reason() -> None:
    """The reason itself stays."""
    found = said_if_late(tick(180), dg.SkipReason("skipped: nothing is new"))
    assert isinstance(found, dg.SkipReason)
    assert found.skip_message.startswith("skipped: nothing is new (missed at 20")


@pytest.mark.parametrize("result", [dg.RunRequest(), dg.SkipReason("nothing is new")])
def test_a_tick_in_time_says_nothing(result) -> None:
    """A minute is no delay."""
    assert said_if_late(tick(1), result) is result
