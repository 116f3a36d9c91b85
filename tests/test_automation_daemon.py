"""Schedules, sensors, conditions and freshness, as Dagster's real daemon runs them."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.freshness import FreshnessState
from dagster._core.scheduler.instigation import InstigatorTick, TickStatus

import lr_pipeline

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
FINISHED = {dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED}
LOCATION = """
from lr_pipeline import FileTable, build_definitions

table = FileTable("spector.csv", target="GRADE"{declared})
defs = build_definitions(table, name="spector", {settings})
"""
# A value of GRADE a day, from the first of January 2024 on.
MONTHS = {"2024-03-01": 91, "2024-02-01": 60, "2024-04-01": 121}  # and the rows until their end

pytestmark = pytest.mark.slow


class Workplace:
    """A folder with a code location, its home, and the daemon that runs it."""

    def __init__(self, folder: Path, settings: str, declared: str = "") -> None:
        self.folder, self.table = folder, folder / "spector.csv"
        self.environment = os.environ | {"DAGSTER_HOME": str(folder / "home")}
        shutil.copy(ROOT / "data/samples/spector.csv", self.table)
        (folder / "location.py").write_text(LOCATION.format(settings=settings, declared=declared))
        (folder / "workspace.yaml").write_text("load_from:\n  - python_file: location.py\n")
        subprocess.run([BIN / "lr-pipeline", "init"], cwd=folder, env=self.environment, check=True)

    @contextmanager
    def daemon(self) -> Iterator[dg.DagsterInstance]:
        """Run the daemon until the end of the block."""
        with (self.folder / "daemon.log").open("w") as log:
            process = subprocess.Popen(
                [BIN / "dagster-daemon", "run", "-w", "workspace.yaml"],
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            with dg.DagsterInstance.from_config(str(self.folder / "home")) as instance:
                yield instance
        finally:
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)

    def dagster(self, *arguments: str) -> None:
        """Run a command of Dagster's."""
        command = [BIN / "dagster", *arguments]
        subprocess.run(
            command, cwd=self.folder, env=self.environment, check=True, capture_output=True
        )

    def replace_table(self, text: str) -> None:
        """Put another file in the table's place."""
        other = self.folder / "other.csv"
        other.write_text(text)
        other.rename(self.table)


def wait_until(true: Callable[[], bool], what: str, seconds: float = 420) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(1)


def ended(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    """Return the runs that have ended, oldest first; [] while one goes on."""
    runs = list(reversed(instance.get_runs()))
    return runs if all(run.status in FINISHED for run in runs) else []


def ticks(instance: dg.DagsterInstance, name: str) -> list[InstigatorTick]:
    """Return the ticks of a schedule or sensor that are finished, oldest first."""
    found = [one for one in instance.all_instigator_state() if one.instigator_name == name]
    return [
        tick
        for state in found
        for tick in reversed(instance.get_ticks(state.instigator_origin_id, state.selector_id))
        if tick.status is not TickStatus.STARTED
    ]


@pytest.mark.promise(
    "Automation",
    "Schedule and sensor together train once on each content, also on one that comes back.",
)
def test_schedule_and_sensor_train_once_on_each_content(tmp_path) -> None:
    """Together they make one run on the first, one on a change, one on the return to the first.

    A table that stays as it is makes its report late, by a promise that is short here.
    """
    settings = 'schedule="* * * * *", scheduled=True, watch=True, late_after_hours=0.05'
    place = Workplace(tmp_path, settings)
    first = place.table.read_text()
    report = dg.AssetKey(["spector", "evaluation_report"])
    with place.daemon() as instance:

        def freshness() -> FreshnessState | None:
            return (found := instance.get_freshness_state_records([report]).get(report)) and (
                found.freshness_state
            )

        def skips_after(run: dg.DagsterRun, name: str) -> list[str]:
            record = instance.get_run_record_by_id(run.run_id)
            return [
                tick.skip_reason or ""
                for tick in ticks(instance, name)
                if tick.timestamp > (record.end_time or 0)
            ]

        contents = [first, first.rsplit("\n", 2)[0] + "\n", first]
        for number, content in enumerate(contents, 1):
            place.replace_table(content)
            wait_until(lambda: len(ended(instance)) >= number, f"run {number}")  # noqa: B023
            run = ended(instance)[-1]
            assert run.status is dg.DagsterRunStatus.SUCCESS
            assert "lr_pipeline/because" in run.tags
            for name in ("spector__scheduled_training", "spector__source_sensor"):
                wait_until(lambda: len(skips_after(run, name)) >= 1, f"a skip of {name}")  # noqa: B023
                assert skips_after(run, name)[0].startswith("skipped: "), name
            assert len(ended(instance)) == number
            assert freshness() is FreshnessState.PASS
        because = [run.tags["lr_pipeline/because"] for run in ended(instance)]
        assert because[0] == "it was never trained completely"
        assert all(one.startswith("the data changed since run") for one in because[1:])
        nights = ticks(instance, "spector__scheduled_training")
        assert len({tick.timestamp for tick in nights}) == len(nights)
        files = (tmp_path / "home" / "storage").rglob("*")
        assert not [one for one in files if "scheduled_training" in str(one)]  # one a tick
        wait_until(lambda: freshness() is FreshnessState.FAIL, "a late report", 300)
        assert len(ended(instance)) == 3


@pytest.mark.promise(
    "Automation",
    "A past month is trained on the rows until its end, and displaces no current model.",
)
def test_a_backfill_trains_each_month_as_it_would_have_been(tmp_path) -> None:
    """The champion and the models of today stay what they were, whatever the months' order."""
    declared, settings = ', time="day"', 'monthly_from="2024-01", evaluation={"cv": {"repeats": 0}}'
    place = Workplace(tmp_path, settings, declared)
    days = [date(2024, 1, 1) + timedelta(days=k) for k in range(150)]
    rows = [f"{day},{k * k % 17},{k * k % 17 // 9 ^ (k % 11 == 0)}" for k, day in enumerate(days)]
    place.replace_table("\n".join(["day,x,GRADE", *rows]) + "\n")
    place.dagster("job", "execute", "-j", "spector__training_job", "-f", "location.py")
    today = [dg.AssetKey(["spector", name]) for name in ("champion", "numpy_model", "train_set")]
    with place.daemon() as instance:
        before = [instance.get_latest_materialization_event(key) for key in today]
        place.dagster(
            *("job", "backfill", "-j", "spector_by_month__training_job", "--noprompt"),
            *("-w", "workspace.yaml", "--partitions", ",".join(MONTHS)),
        )
        wait_until(lambda: len(ended(instance)) == 4, "three months", 900)
        assert {run.status for run in ended(instance)} == {dg.DagsterRunStatus.SUCCESS}
        assert [instance.get_latest_materialization_event(key) for key in today] == before
    home = tmp_path / "home"
    for month, number in MONTHS.items():
        report, model = (
            lr_pipeline.load(f"spector_by_month/{asset}", home, partition=month)
            for asset in ("evaluation_report", "numpy_model")
        )
        assert report["train_rows"] + report["test_rows"] == number
        assert model.train_fingerprint == report["train_fingerprint"]


@pytest.mark.promise("Automation", "What follows a new dataset by itself is made once.")
def test_the_rest_follows_dataset_once_and_never_a_run_of_all(tmp_path) -> None:
    """One run makes all that depends on new rows; what a training made itself is left alone."""
    place = Workplace(tmp_path, "follow=True")

    with place.daemon() as instance:
        place.dagster("job", "execute", "-j", "spector__training_job", "-f", "location.py")
        wait_until(lambda: len(ticks(instance, "spector__follow_dataset")) >= 3, "three ticks")
        assert len(ended(instance)) == 1
        place.replace_table(place.table.read_text().rsplit("\n", 2)[0] + "\n")
        place.dagster("asset", "materialize", "--select", "spector/dataset", "-f", "location.py")
        wait_until(lambda: len(ended(instance)) == 3, "the run of all that follows")
        followed = ended(instance)[-1]
        assert followed.status is dg.DagsterRunStatus.SUCCESS
        made = {key.path[-1] for key in followed.asset_selection}
        assert {"train_set", "numpy_model", "evaluation_report", "champion"} <= made
        assert "dataset" not in made
        seen = len(ticks(instance, "spector__follow_dataset"))
        wait_until(lambda: len(ticks(instance, "spector__follow_dataset")) >= seen + 3, "ticks")
        assert len(ended(instance)) == 3
