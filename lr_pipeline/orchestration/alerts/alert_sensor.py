"""The sensor that tells people, and the definitions that a code location needs for it."""

import dagster as dg

from lr_pipeline.orchestration.alerts.outbox import Outbox
from lr_pipeline.orchestration.instance.home_lock import one_process_at_a_time
from lr_pipeline.orchestration.resources.notifier import Notifier

SECONDS_BETWEEN_TICKS = 30


def build_alerts(notifier: Notifier | None = None) -> dg.Definitions:
    """Return the sensor ``alerts`` with its resource, for one code location of an instance.

    It tells of all tables of the instance: a run that failed, a check that failed (drift is one), a
    champion that changed, a table that is late; each once, to every channel of the environment
    variable ``LR_PIPELINE_ALERTS``. Merge it into a location: ``dg.Definitions.merge``.
    """

    @dg.sensor(
        name="alerts",
        minimum_interval_seconds=SECONDS_BETWEEN_TICKS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells people of failed runs, failed checks, drift, late tables and changes of "
        "the champion. docs/operations.md",
    )
    def alerts(context: dg.SensorEvaluationContext, alert_notifier: Notifier) -> dg.SkipReason:
        with one_process_at_a_time(context.instance, "alerts", wait=False) as held:
            if not held:
                return dg.SkipReason("another tick is sending")
            return dg.SkipReason(send_alerts(context.instance, alert_notifier))

    return dg.Definitions(sensors=[alerts], resources={"alert_notifier": notifier or Notifier()})


def send_alerts(instance: dg.DagsterInstance, notifier: Notifier) -> str:
    """Send what has happened since the last time, and what waited; return what was done."""
    channels = notifier.channels()
    names = list(channels)
    outbox = Outbox.of(instance)
    outbox.collect(instance, names)
    if not channels:
        return f"nobody is told: the environment variable {notifier.variable} is not set"
    sent = outbox.deliver(
        instance, names, lambda name, *message: notifier.send(channels[name], *message)
    )
    given_up = outbox.clear(instance, names)
    told = [f"{sent} sent"] if sent else []
    for name, (failures, _) in outbox.waits.items():
        left = sum(name in one["left"] for one in outbox.pending)
        told += [f"{left} wait for channel {name}, which failed {failures} times"] if left else []
    told += [f"{given_up} given up after a week"] if given_up else []
    return "; ".join(told) or "nothing to tell"
