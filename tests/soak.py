"""Leave a service alone for a while, hurt it, and count: ``python -m tests.soak`` (`make soak`).

Seven tables train at every minute on new rows, under `lr-pipeline serve` with the history in
PostgreSQL. On the way the daemon, the code server and a run are killed (SIGKILL), and the database
is stopped for a minute. The result is written to benchmarks/results-soak.md: ticks lost or doubled,
runs by their end, memory of each process and disk.
"""

import argparse
import os
import platform
import re
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import click
import dagster as dg
import numpy as np
import psutil
from dagster._core.execution.plan.objects import StepFailureData

from tests.postgres_server import PostgresServer, running_server, server_programs
from tests.service_process import COMMAND, Service, wait_for

PAGE = Path(__file__).parents[1] / "benchmarks/results-soak.md"
MINUTE = 60.0
ROWS = 200
POLICY = "--keep-days 0 --keep-runs 3"
LOOK, CHANGE = 20.0, 45.0  # seconds after the tick: most runs have ended before their file changes
WARM = 50  # runs after which memory and disk must be flat
LOCATION = """\
import dagster as dg
from lr_pipeline import FileTable, build_definitions

defs = dg.Definitions.merge(*(
    build_definitions(
        FileTable(f"t{{k}}.csv", target="y"), f"t{{k}}", schedule="* * * * *", scheduled=True
    )
    for k in range({tables})
))
"""


@dataclass
class Soak:
    """A service that is hurt, and what was seen of it: one row of ``seen`` for each minute."""

    service: Service
    server: PostgresServer
    tables: int
    generator: np.random.Generator = field(default_factory=lambda: np.random.default_rng(17))
    seen: list[dict[str, float]] = field(default_factory=list)
    runs: dict[str, dg.DagsterRun] = field(default_factory=dict)  # also those that prune removes
    failures: dict[str, str] = field(default_factory=dict)  # why runs failed
    faults: list[str] = field(default_factory=list)
    kept: int = 0  # runs that are in the history now

    def new_rows(self) -> None:
        """Replace the file of each table, at once, by new rows of one distribution."""
        for k in range(self.tables):
            x = self.generator.normal(size=(ROWS, 3))
            y = self.generator.random(ROWS) < 1 / (1 + np.exp(-x @ [1.0, -0.5, 0.0]))
            lines = [
                f"{a:.6f},{b:.6f},{c:.6f},{int(one)}" for (a, b, c), one in zip(x, y, strict=True)
            ]
            path = self.service.folder / f"t{k}.csv"
            path.with_suffix(".new").write_text("\n".join(["a,b,c,y", *lines]) + "\n")
            path.with_suffix(".new").rename(path)

    def look(self) -> None:
        """Note memory (MB) of each process of the service, and disk (MB)."""
        self.note_runs()
        row = {"runs": float(len(self.runs)), "runs kept": float(self.kept)}
        for name, pid in self.service.pids().items():
            with_children = [psutil.Process(pid), *_servers_below(pid)]
            row[name] = sum(one.memory_info().rss for one in with_children) / 1e6
        row["logs"] = _size(self.service.home / "service")
        row["home without logs"] = _size(self.service.home) - row["logs"]
        row["artifacts"] = _size(self.service.folder / "data")
        row["database"] = _size_of_database(self.server)
        self.seen.append(row)

    def note_runs(self) -> None:
        """Note the runs that the history knows now."""
        with dg.DagsterInstance.from_config(str(self.service.home)) as instance:
            found = {run.run_id: run for run in instance.get_runs()}
            self.runs |= found
            self.kept = len(found)
            for run_id, run in self.runs.items():
                if run.status.value == "FAILURE" and run_id not in self.failures:
                    self.failures[run_id] = _reason(instance, run_id)

    def prune(self) -> None:
        """Begin to remove all but the last runs of each table, so that the disk becomes flat."""
        self.note_runs()
        command = [str(COMMAND), "prune", *POLICY.split(), "--home", str(self.service.home)]
        subprocess.Popen(command, cwd=self.service.folder)

    def kill(self, name: str) -> None:
        """SIGKILL a process of the service."""
        os.kill(self.service.pids()[name], signal.SIGKILL)
        self.faults.append(f"SIGKILL of {name}")

    def kill_a_run(self) -> None:
        """SIGKILL a process that executes a run."""
        (code,) = [pid for name, pid in self.service.pids().items() if name.startswith("code-")]
        (inner, *_) = _servers_below(code)
        found = wait_for(lambda: [one for one in inner.children() if _executes(one)], MINUTE)
        found[0].kill()
        self.faults.append("SIGKILL of a run's process")

    def stop_the_database(self) -> None:
        """Stop PostgreSQL for a minute."""
        self.server.stop()
        time.sleep(MINUTE)
        self.server.start()
        self.faults.append("PostgreSQL stopped for a minute")


def _reason(instance: dg.DagsterInstance, run_id: str) -> str:
    """Why a run failed: its own error, or what Dagster says of the run."""
    kinds = {dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RUN_FAILURE}
    for entry in instance.all_logs(run_id, of_type=kinds):
        data = entry.get_dagster_event().event_specific_data
        if isinstance(data, StepFailureData) and data.error is not None:
            error = data.error.cause or data.error
            return error.message.strip().splitlines()[0]
        return entry.get_dagster_event().message or ""
    return ""


def _servers_below(pid: int) -> list[psutil.Process]:
    """The code server's inner process, not the runs below it."""
    return [one for one in psutil.Process(pid).children() if "grpc" in " ".join(one.cmdline())]


def _executes(process: psutil.Process) -> bool:
    return "spawn_main" in " ".join(process.cmdline()) and process.cpu_times().user > 1


def _size(folder: Path) -> float:
    found = subprocess.run(["du", "-sk", folder], capture_output=True, text=True, check=False)
    return int(found.stdout.split()[0]) / 1e3 if found.stdout else 0.0


def _size_of_database(server: PostgresServer) -> float:
    return _size(server.folder / "data" / "base")


def count_ticks(soaked: Soak, start: float, end: float) -> Counter[str]:
    """Count the minutes from ``start`` to ``end`` by the ticks and runs that each schedule had."""
    found = Counter({"ticks lost": 0, "ticks doubled": 0, "runs doubled": 0})
    soaked.note_runs()
    runs = Counter(
        (run.tags["dagster/schedule_name"], run.tags[".dagster/scheduled_execution_time"])
        for run in soaked.runs.values()
        if "dagster/schedule_name" in run.tags and "dagster/retry_number" not in run.tags
    )
    with dg.DagsterInstance.from_config(str(soaked.service.home)) as instance:
        for state in instance.all_instigator_state():
            if state.instigator_type.value != "SCHEDULE":
                continue
            ticks = instance.get_ticks(state.instigator_origin_id, state.selector_id)
            minutes = Counter(int(tick.timestamp // MINUTE) for tick in ticks)
            first = min(minutes, default=0)  # before it the daemon had not seen the schedule
            for minute in range(max(int(start // MINUTE) + 1, first), int(end // MINUTE)):
                found[{0: "ticks lost", 1: "ticks once"}.get(minutes[minute], "ticks doubled")] += 1
            found["ticks skipped"] += sum(tick.status.value == "SKIPPED" for tick in ticks)
            found["ticks failed"] += sum(tick.status.value == "FAILURE" for tick in ticks)
    found["runs doubled"] = sum(times > 1 for times in runs.values())
    found["scheduled runs"] = len(runs)
    ended = Counter(run.status.value for run in soaked.runs.values())
    found.update({f"runs {status}": times for status, times in ended.items()})
    well = {run.get_root_run_id() or run.run_id for run in soaked.runs.values() if run.is_success}
    found["scheduled runs that never ended well"] = len(runs) - len(well & set(soaked.runs))
    found["retries"] = sum("dagster/retry_number" in run.tags for run in soaked.runs.values())
    return found


def soak(tables: int, minutes: int) -> tuple[Soak, Counter[str]]:
    """Run the service for so many minutes, with its faults, and stop it."""
    programs = server_programs()
    assert programs is not None, "install PostgreSQL's server programs"
    with tempfile.TemporaryDirectory(prefix="soak-") as name, running_server(programs) as server:
        folder = Path(name)
        (folder / "tables.py").write_text(LOCATION.format(tables=tables))
        (folder / "workspace.yaml").write_text("load_from:\n  - python_file: tables.py\n")
        variables = {"LR_PIPELINE_DATABASE": server.new_database("soak")}
        os.environ.update(variables)
        service = Service(folder, variables)
        soaked = Soak(service, server, tables)
        soaked.new_rows()
        try:
            assert wait_for(service.healthy, 300), (folder / "serve.txt").read_text()
            start = time.time()
            _minutes(soaked, minutes)
            end = time.time()
            wait_for(lambda: _is_quiet(service), 15 * MINUTE)
            return soaked, count_ticks(soaked, start, end)
        finally:
            service.process.send_signal(signal.SIGTERM)
            service.process.wait(120)


def _minutes(soaked: Soak, minutes: int) -> None:
    """Let the minutes pass: new rows, the faults at their time, a look, the retention."""
    code = "code-tables.py"
    at: Mapping[int, Callable[[], None]] = {
        minutes * 3 // 10: lambda: soaked.kill("daemon"),
        minutes * 4 // 10: lambda: soaked.kill(code),
        minutes * 5 // 10: soaked.kill_a_run,
        minutes * 6 // 10: soaked.stop_the_database,
    }
    for minute in range(minutes):
        next_minute = (time.time() // MINUTE + 1) * MINUTE
        if minute in at:
            at[minute]()
        else:
            soaked.look()
        _sleep_until(next_minute - MINUTE + CHANGE)
        soaked.new_rows()
        soaked.prune()
        _sleep_until(next_minute + LOOK)


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.time()))


def _is_quiet(service: Service) -> bool:
    """Tell whether every run has ended."""
    unfinished = dg.RunsFilter(
        statuses=[
            one for one in dg.DagsterRunStatus if one.value in {"QUEUED", "STARTING", "STARTED"}
        ]
    )
    with dg.DagsterInstance.from_config(str(service.home)) as instance:
        return instance.get_runs_count(unfinished) == 0


def page(soaked: Soak, found: Counter[str], tables: int, minutes: int) -> str:
    """Return the page of results."""
    names = [name for name in soaked.seen[-1] if name != "runs"]
    late = [row for row in soaked.seen if row["runs"] >= WARM] or soaked.seen
    lines = [
        "# A service left alone",
        "",
        f"`make soak`: {tables} tables train at every minute on new rows, for {minutes} minutes, "
        f"under `lr-pipeline serve` with the history in PostgreSQL, on {os.cpu_count()} cores "
        f"({platform.machine()}), {datetime.now():%Y-%m-%d}. Faults: {'; '.join(soaked.faults)}. "
        f"`lr-pipeline prune {POLICY}` runs in each minute.",
        "",
        "| what | count |",
        "|---|---:|",
        *(f"| {name} | {times:,} |" for name, times in sorted(found.items())),
        "",
        *(
            ["Why runs failed:", "", *_grouped(soaked.failures.values()), ""]
            if soaked.failures
            else []
        ),
        f"Runs kept, memory and disk (MB), first and last look after {WARM} runs:",
        "",
        "| what | first | median | last | last / first |",
        "|---|---:|---:|---:|---:|",
    ]
    for name in names:
        values = [row[name] for row in late if name in row]
        first, middle, last = values[0], float(np.median(values)), values[-1]
        ratio = f"{last / first:.2f}" if first else "–"
        lines.append(f"| {name} | {first:,.1f} | {middle:,.1f} | {last:,.1f} | {ratio} |")
    return "\n".join(lines) + "\n"


def _grouped(reasons: Iterable[str]) -> list[str]:
    """Return each reason with how often it was given; numbers in it do not count."""
    counted = Counter(re.sub(r"\d[\d,]*", "…", reason) for reason in reasons)
    return [f"- {times} ×: {reason}" for reason, times in counted.most_common()]


def main() -> None:
    """Soak, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=7)
    parser.add_argument("--minutes", type=int, default=50)
    given = parser.parse_args()
    soaked, found = soak(given.tables, given.minutes)
    text = page(soaked, found, given.tables, given.minutes)
    PAGE.write_text(text, encoding="utf-8")
    click.echo(text)


if __name__ == "__main__":
    main()
