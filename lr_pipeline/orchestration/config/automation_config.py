"""When a table is trained by itself: the settings of a declaration, checked."""

from datetime import datetime
from zoneinfo import ZoneInfo

from dagster._utils.schedules import is_valid_cron_string
from pydantic import Field, field_validator

from lr_pipeline.orchestration.config.strict_config import StrictConfig

DAILY = "0 2 * * *"
UTC = "UTC"
MONTH = "%Y-%m"


class AutomationConfig(StrictConfig):
    """Schedule, sensor, conditions and freshness of a table."""

    schedule: str = Field(default=DAILY, description="Cron expression of the training schedule.")
    timezone: str = Field(default=UTC, description="Its time zone, such as Europe/Berlin.")
    scheduled: bool = Field(default=False, description="Whether the schedules are on at first.")
    watch: bool = Field(
        default=False, description="Whether a change of the source's content starts a training."
    )
    follow: bool = Field(
        default=False, description="Whether the other assets follow a new `dataset` by themselves."
    )
    late_after_hours: float | None = Field(
        default=None,
        ge=0,
        description="Age at which report and champion are late; empty: twice the longest time "
        "between two ticks, where the schedule is on; 0: never.",
    )

    monthly_from: str | None = Field(
        default=None, description="First of the past months that can be trained, such as 2023-01."
    )

    @field_validator("monthly_from")
    @classmethod
    def _is_a_month(cls, month: str | None) -> str | None:
        if month is None:
            return None
        try:
            return f"{datetime.strptime(month, MONTH):{MONTH}}"
        except ValueError:
            raise ValueError(
                f"monthly_from: expected a month as in 2023-01, found {month!r}"
            ) from None

    @field_validator("schedule")
    @classmethod
    def _has_five_fields(cls, schedule: str) -> str:
        if not is_valid_cron_string(schedule):
            raise ValueError(
                f"schedule {schedule!r}: expected a cron expression of five fields (minute, hour, "
                "day of the month, month, weekday), such as '0 2 * * *' for every night at two"
            )
        return schedule

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, timezone: str) -> str:
        try:
            ZoneInfo(timezone)
        except (KeyError, ValueError, OSError):  # not found, no name at all, a folder of zones
            raise ValueError(
                f"time zone {timezone!r}: expected a name of the IANA database, such as "
                "'Europe/Berlin' or 'UTC'"
            ) from None
        return timezone
