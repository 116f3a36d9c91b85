"""What happened is told once on each channel, by a real mail server and a real webhook."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pytest
from click.testing import CliRunner
from dagster._core.definitions.freshness import FreshnessState, FreshnessStateChange

from lr_pipeline.cli.command_line import main
from lr_pipeline.orchestration.alerts import alert_events, outbox
from lr_pipeline.orchestration.alerts.alert_sensor import build_alerts
from lr_pipeline.orchestration.instance.kept_values import kept_value
from lr_pipeline.orchestration.metadata.champion_metadata import champion_metadata
from lr_pipeline.orchestration.resources.notifier import VARIABLE, Notifier, NotifierError
from tests.orchestration.alerts.servers import PASSWORD, Mailbox, Webhook
from tests.orchestration.instance.test_pruning import record_of

# The server takes passwords on this machine without TLS.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH")

FAILURE, CHECK, CHAMPION = "t: a run failed", "t: check contract of dataset failed", "t: the ch"


@pytest.fixture
def mail(monkeypatch) -> Iterator[Mailbox]:
    """A mail server, the first channel; the second is the webhook of the other fixture."""
    box = Mailbox()
    with box.serve() as url:
        monkeypatch.setenv(VARIABLE, url)
        # Events settle for 3 s; for the sensor these have passed.
        monkeypatch.setattr(alert_events, "time", SimpleNamespace(time=lambda: time.time() + 3))
        # Apprise leaves five seconds between two mails.
        monkeypatch.setattr("apprise.plugins.base.NotifyBase.request_rate_per_sec", 0)
        yield box


@pytest.fixture
def hook(mail: Mailbox, monkeypatch) -> Iterator[Webhook]:
    """A webhook, the second channel."""
    hook = Webhook()
    with hook.serve() as url, monkeypatch.context() as patch:
        import os

        patch.setenv(VARIABLE, f"{os.environ[VARIABLE]}\n{url}")
        yield hook


def tick(instance: dg.DagsterInstance) -> str:
    """Evaluate the sensor as the daemon does, newly loaded; return what it says."""
    definitions = build_alerts()
    sensor = definitions.resolve_sensor_def("alerts")
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
    context = dg.build_sensor_context(instance=instance, resources=definitions.resources)
    result = sensor.evaluate_tick(context)
    assert not result.run_requests
    return result.skip_message or ""


def run(instance: dg.DagsterInstance, description: str = "rows are few", **happens) -> str:
    """A run of table t in which what is named happens; return its id."""

    @dg.asset(key=["t", "dataset"])
    def dataset() -> None:
        if happens.get("fails"):
            raise ValueError("t.csv: no such file. Check postgresql://ada:hidden@host/t.")

    @dg.asset_check(asset=dataset)
    def contract() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(
            passed=not happens.get("warns"),
            severity=dg.AssetCheckSeverity.WARN,
            description=description,
        )

    @dg.asset(key=["t", "drift_report"])
    def drift_report() -> dg.MaterializeResult:
        return dg.MaterializeResult(metadata={"path": dg.MetadataValue.path("/drift.html")})

    @dg.asset_check(asset=drift_report)
    def no_drift() -> dg.AssetCheckResult:
        severity = dg.AssetCheckSeverity.WARN
        return dg.AssetCheckResult(passed=False, severity=severity, description="age moved")

    @dg.asset(key=["t", "champion"])
    def champion() -> dg.MaterializeResult:
        return dg.MaterializeResult(metadata=champion_metadata(record_of(happens["night"])))

    assets = [dataset, contract]
    assets += [champion] if "night" in happens else []
    assets += [drift_report, no_drift] if happens.get("drifts") else []
    return dg.materialize(
        assets, instance=instance, raise_on_error=False, tags={"lr_pipeline/table": "t"}
    ).run_id


def become(instance: dg.DagsterInstance, state: FreshnessState, asset: str) -> None:
    """What Dagster's freshness daemon records."""
    change = FreshnessStateChange(
        key=dg.AssetKey(["t", asset]),
        new_state=state,
        previous_state=FreshnessState.PASS,
        state_change_timestamp=time.time(),
    )
    instance._report_runless_asset_event(change)


def titles(messages: list[tuple[str, str]]) -> list[str]:
    """The titles."""
    return [title for title, _ in messages]


def test_each_thing_is_told_once_on_each_channel(instance, mail: Mailbox, hook: Webhook) -> None:
    """A failure, a failed check, drift, a new champion, a late table; what was before is not."""
    run(instance, fails=True)
    assert tick(instance) == "nothing to tell"
    run(instance, night=0)  # a ruling that changes nothing
    failed = run(instance, fails=True)
    warned = run(instance, warns=True, night=1, drifts=True)
    for asset in ("champion", "evaluation_report"):
        become(instance, FreshnessState.FAIL, asset)
    assert tick(instance) == "10 sent"
    assert tick(instance) == "nothing to tell"
    expected = [
        FAILURE,
        CHECK,
        "t: new rows have drifted",
        "t: the champion is now a",
        "t: is late",
    ]
    assert sorted(titles(hook.messages)) == sorted(titles(mail.messages)) == sorted(expected)
    told = dict(hook.messages)
    assert "t.csv: no such file. Check postgresql://***@host/t." in told[FAILURE]
    assert f"Run: {failed}" in told[FAILURE]
    assert "re-execute" in told[FAILURE]
    assert "rows are few" in told[CHECK]
    assert f"Run: {warned}" in told[CHECK]
    assert "lr-pipeline acknowledge t dataset:contract" in told[CHECK]
    assert "Report: /drift.html" in told["t: new rows have drifted"]
    assert "lr-pipeline champion t --rollback" in told["t: the champion is now a"]
    assert "late since 20" in told["t: is late"]
    assert all("What to do: " in body and "Table: t" in body for body in told.values())
    assert "rows are few" in dict(mail.messages)[CHECK]


def test_a_table_is_late_once_until_it_was_made(instance, mail: Mailbox) -> None:
    """Two assets of it are one message, also in two ticks; after a run it may be late again."""
    tick(instance)
    for state, asset in (
        (FreshnessState.WARN, "champion"),
        (FreshnessState.FAIL, "champion"),
        (FreshnessState.FAIL, "evaluation_report"),
        (FreshnessState.PASS, "champion"),
        (FreshnessState.PASS, "evaluation_report"),
    ):
        become(instance, state, asset)
        tick(instance)
    assert len(mail.messages) == 1
    become(instance, FreshnessState.FAIL, "champion")
    tick(instance)
    assert titles(mail.messages) == ["t: is late"] * 2


def test_a_channel_that_is_down_gets_its_messages_later_and_the_others_get_none_twice(
    instance, mail: Mailbox, hook: Webhook, monkeypatch
) -> None:
    """It is asked once a tick, after waits that double; then it has each message once, in order."""
    now = [1e9]
    monkeypatch.setattr(outbox.time, "time", lambda: now[0])
    tick(instance)
    hook.status = 503
    run(instance, fails=True)
    assert tick(instance) == "1 sent; 1 wait for channel 2 JSON, which failed 1 times"
    run(instance, warns=True)
    assert tick(instance).startswith("1 sent; 2 wait")
    assert hook.asked == 1
    for seconds, asked in ((29, 1), (2, 2), (31, 2), (30, 3)):
        now[0] += seconds
        tick(instance)
        assert hook.asked == asked, seconds
    hook.status, now[0] = 200, now[0] + 3600
    assert tick(instance) == "2 sent"
    assert titles(hook.messages) == titles(mail.messages) == [FAILURE, CHECK]
    assert kept_value(instance, outbox.NAME)["pending"] == []


def test_what_no_channel_takes_for_a_week_is_given_up(instance, hook: Webhook, monkeypatch) -> None:
    """The tick says that the message is given up."""
    now = [1e9]
    monkeypatch.setattr(outbox.time, "time", lambda: now[0])
    tick(instance)
    hook.status = 503
    run(instance, fails=True)
    tick(instance)
    now[0] += 8 * 86_400
    assert "1 given up after a week" in tick(instance)
    assert kept_value(instance, outbox.NAME)["pending"] == []


@pytest.mark.parametrize("write", [1, 2, 3])
def test_a_tick_that_is_killed_doubles_and_loses_nothing(
    instance, mail: Mailbox, monkeypatch, write: int
) -> None:
    """After each of its writes: events read, first message taken, second message taken."""
    tick(instance)
    run(instance, fails=True)
    run(instance, warns=True)
    keep, count = outbox.keep_value, []

    def killed(*given: object) -> None:
        keep(*given)
        count.append(1)
        if len(count) == write:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(outbox, "keep_value", killed)
        tick(instance)
    tick(instance)
    assert titles(mail.messages) == [FAILURE, CHECK]


def test_numbers_that_are_given_again_after_a_run_was_deleted_are_read(
    instance, mail: Mailbox
) -> None:
    """SQLite counts on from the last event that is left."""
    tick(instance)
    last = run(instance, fails=True)
    tick(instance)
    instance.delete_run(last)
    tick(instance)
    run(instance, fails=True)
    tick(instance)
    assert titles(mail.messages) == [FAILURE] * 2


def test_an_accepted_warning_is_quiet_until_it_changes(instance, home: Path, mail: Mailbox) -> None:
    """Its words count; its numbers only if that was asked for."""

    def acknowledge(*options: str) -> str:
        command = ["acknowledge", "t", *options, "--home", str(home)]
        return CliRunner().invoke(main, command).output

    tick(instance)
    run(instance, "5 rows are few", warns=True)
    tick(instance)
    assert len(mail.messages) == 1
    assert "why? Give --because" in acknowledge("contract")
    assert "found: dataset:contract" in acknowledge("converged", "--because", "so it is")
    assert "quiet until it changes" in acknowledge("contract", "--because", "so it is")
    assert "(accepted by" in acknowledge()
    for description, told in (("5 rows are few", 1), ("4 rows are few", 2), ("5 rows are few", 2)):
        run(instance, description, warns=True)
        tick(instance)
        assert len(mail.messages) == told, description
    acknowledge("dataset:contract", "--because", "so it is", "--any-numbers")
    for description, told in (("417 rows are few", 2), ("417 rows are none", 3)):
        run(instance, description, warns=True)
        tick(instance)
        assert len(mail.messages) == told, description


def test_no_url_is_told_anywhere(instance, mail: Mailbox, hook: Webhook, monkeypatch) -> None:
    """Neither by errors, nor by logs, nor in what is kept; wrong URLs are named by their place."""
    texts: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            texts.append(record.getMessage())

    root, handler = logging.getLogger(), Kept()
    level = root.level
    root.setLevel(logging.DEBUG)
    root.addHandler(handler)
    try:
        tick(instance)
        hook.status = 401
        run(instance, fails=True)
        texts.append(tick(instance))
        texts.append(str(kept_value(instance, outbox.NAME)))
        monkeypatch.setenv(VARIABLE, f"json://a:{PASSWORD}@h nonsense://{PASSWORD}")
        with pytest.raises(NotifierError, match=r"number 2 of 2 is none") as caught:
            Notifier().channels()
        texts.append(str(caught.value))
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    assert texts
    assert not [text for text in texts if PASSWORD in text]


def test_without_channels_nobody_is_told_and_what_was_meanwhile_is_not_told_later(
    instance, mail: Mailbox, monkeypatch
) -> None:
    """A variable that is set a month later does not send the month's messages."""
    with monkeypatch.context() as patch:
        patch.delenv(VARIABLE)
        tick(instance)
        run(instance, fails=True)
        assert "LR_PIPELINE_ALERTS is not set" in tick(instance)
    tick(instance)
    assert mail.messages == []


def test_a_table_that_was_made_while_nobody_was_told_is_late_anew(
    instance, mail: Mailbox, monkeypatch
) -> None:
    """Without channels events are passed over, and with them what ended its being late."""
    tick(instance)
    become(instance, FreshnessState.FAIL, "champion")
    tick(instance)
    with monkeypatch.context() as patch:
        patch.delenv(VARIABLE)
        become(instance, FreshnessState.PASS, "champion")
        tick(instance)
    become(instance, FreshnessState.FAIL, "champion")
    tick(instance)
    assert titles(mail.messages) == ["t: is late"] * 2
