"""The outbox: which events were read, which messages wait for which channel, and for how long.

It is kept in the instance's store. Events are read and their messages put into it in one write, and
each delivery is written at once: so every message reaches every channel once, whatever is killed in
between. (If the process dies in the instant after a server took a message, this one comes twice.)
Each channel delivers for itself: one that is down holds nothing of the others.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from lr_pipeline.orchestration.alerts.alert_events import events_after, last_position
from lr_pipeline.orchestration.alerts.alert_messages import Alert, alert_of, late_alert
from lr_pipeline.orchestration.instance.kept_values import keep_value, kept_value

if TYPE_CHECKING:
    from dagster import DagsterInstance, EventLogEntry

NAME = "alerts"
FIRST_WAIT, LONGEST_WAIT = 30.0, 3600.0  # seconds: doubled after each failure of a channel
GIVEN_UP_AFTER = 7 * 86_400.0
LONGEST_TICK = 30.0  # Dagster ends a tick after 60 seconds

Send = Callable[[str, str, str], bool]  # channel, title, body → whether it was taken


@dataclass
class Outbox:
    """``position`` in the event log, None before the first tick; ``late``: table → late assets.

    ``pending``: messages with the channels that have not taken them. ``waits``: channel → how often
    it failed in a row, and until when nothing is sent to it.
    """

    position: int | None = None
    late: dict[str, list[str]] = field(default_factory=dict)
    pending: list[dict[str, Any]] = field(default_factory=list)
    waits: dict[str, tuple[int, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, instance: "DagsterInstance") -> "Outbox":
        """Return the outbox of an instance."""
        return cls(**kept_value(instance, NAME, {}))

    def keep(self, instance: "DagsterInstance") -> None:
        """Write it; a reader sees all of it or what was there before."""
        keep_value(instance, NAME, asdict(self))

    def collect(self, instance: "DagsterInstance", channels: list[str]) -> None:
        """Put in the messages of all events since the last time.

        The first call adds no messages, and neither does a call without channels.
        """
        if self.position is None or not channels:
            self.position = last_position(instance)
            self.late = {}  # what is passed over may be that a table is no longer late
        events = events_after(instance, self.position)
        alerts = [alert for entry in events.values() if (alert := self._alert(instance, entry))]
        self.position = max(events, default=min(self.position, last_position(instance)))
        now = time.time()
        self.pending += [asdict(one) | {"left": list(channels), "since": now} for one in alerts]
        self.keep(instance)

    def deliver(self, instance: "DagsterInstance", channels: list[str], send: Send) -> int:
        """Send what waits to each channel that is not left alone; return how often one was taken.

        A channel that fails is left alone for a while that doubles, up to an hour.
        """
        end, sent = time.time() + LONGEST_TICK, 0
        for channel in channels:
            for message in self.pending:
                failures, until = self.waits.get(channel, (0, 0.0))
                now = time.time()
                if channel not in message["left"] or now < until or now > end:
                    continue
                if send(channel, message["title"], message["body"]):
                    message["left"].remove(channel)
                    self.waits.pop(channel, None)
                    sent += 1
                else:
                    wait = min(FIRST_WAIT * 2**failures, LONGEST_WAIT)
                    self.waits[channel] = failures + 1, now + wait
                self.keep(instance)
        return sent

    def clear(self, instance: "DagsterInstance", channels: list[str]) -> int:
        """Drop the messages that all channels have taken; return how many others were given up.

        A message is given up after a week. Removed channels are not waited for.
        """
        oldest = time.time() - GIVEN_UP_AFTER
        waiting = [one for one in self.pending if set(one["left"]) & set(channels)]
        kept = [one for one in waiting if one["since"] >= oldest]
        if kept != self.pending:
            self.pending = kept
            self.keep(instance)
        return len(waiting) - len(kept)

    def _alert(self, instance: "DagsterInstance", entry: "EventLogEntry") -> Alert | None:
        from dagster import DagsterEventType

        event = entry.get_dagster_event()
        if event.event_type is not DagsterEventType.FRESHNESS_STATE_CHANGE:
            return alert_of(instance, entry)
        return self._late(instance, event.asset_freshness_state_change_data)

    def _late(self, instance: "DagsterInstance", change: Any) -> Alert | None:
        """Note that an asset is late or no longer late; say so once for all assets of a table."""
        table, asset = "/".join(change.key.path[:-1]), change.key.path[-1]
        known = set(self.late.get(table, []))
        if change.new_state.value != "FAIL":
            self.late[table] = sorted(known - {asset})
            return None
        self.late[table] = sorted(known | {asset})
        return None if known else late_alert(instance, change.key, change.state_change_timestamp)
