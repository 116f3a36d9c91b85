"""When a table is trained by itself: what is refused, and with which words."""

import pytest
from pydantic import ValidationError

from lr_pipeline.orchestration.config.automation_config import AutomationConfig


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"schedule": "daily at two"}, "expected a cron expression of five fields"),
        ({"schedule": "0 0 2 * * *"}, "expected a cron expression of five fields"),
        ({"schedule": ""}, "expected a cron expression of five fields"),
        ({"timezone": "Europe/Bärlin"}, "expected a name of the IANA database"),
        ({"timezone": "Europe"}, "expected a name of the IANA database"),
        ({"timezone": "../Berlin"}, "expected a name of the IANA database"),
        ({"timezone": ""}, "expected a name of the IANA database"),
        ({"late_after_hours": -1}, "greater than or equal to 0"),
        ({"late_after_hours": float("nan")}, "finite number"),
        ({"monthly_from": "2023"}, "expected a month as in 2023-01"),
        ({"monthly_from": ""}, "expected a month as in 2023-01"),
        ({"wach": True}, "Extra inputs are not permitted"),
    ],
)
def test_a_setting_that_cannot_work_is_refused(settings, said) -> None:
    """Before Dagster is given it: its own errors would take the whole code location down."""
    with pytest.raises(ValidationError, match=said):
        AutomationConfig(**settings)


def test_nothing_starts_by_itself_unless_it_is_asked_for() -> None:
    """Schedule, sensor and conditions are off."""
    off = AutomationConfig()
    assert (off.scheduled, off.watch, off.follow) == (False, False, False)
    assert (off.schedule, off.timezone) == ("0 2 * * *", "UTC")
