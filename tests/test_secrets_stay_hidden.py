"""Secrets of an address are in nothing that a command prints or leaves, whatever it does."""

import os
import sqlite3
import subprocess
import sys
import zlib
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml

from tests.http_files import served

pytestmark = pytest.mark.slow

SAMPLES = Path(__file__).parents[1] / "data" / "samples"
PROGRAM = Path(sys.executable).parent / "lr-pipeline"
# In the forms of a login, of S3, of Azure, and of a JSON web token with dots and a slash.
SECRETS = ("canary1pass", "canary2signature", "canary3/sas+end", "canary4.jwt.end/x")
QUERY = f"X-Amz-Signature={SECRETS[1]}&sig={SECRETS[2]}&access_token={SECRETS[3]}&part=2"
WRITTEN = {
    form
    for secret in SECRETS
    for form in (secret, quote(secret, safe=""), b64encode(f"anna:{secret}".encode()).decode())
} | {"canary4"}

DRIVER = """
import sys
import dagster as dg
from lr_pipeline.orchestration.default_location import default_definitions
definitions = default_definitions()
for asset in definitions.resolve_all_asset_specs():
    print(asset.key.to_user_string(), asset.description)
with dg.DagsterInstance.get() as instance:
    for job in sys.argv[1:]:
        found = definitions.resolve_job_def(job)
        print(dg.validate_run_config(found, {})["ops"])
        print(found.execute_in_process(instance=instance, raise_on_error=False).success)
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    """Where a server gives the samples to whoever asks."""
    with served(SAMPLES) as (found, _):
        yield found.replace("://", f"://anna:{SECRETS[0]}@")


class Commands:
    """Commands of one folder, and all that they said."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.said = folder, ""

    def give(self, *command: object) -> int:
        """Run a command; return its exit code."""
        home = str(self.folder / ".dagster_home")
        environment = os.environ | {"DAGSTER_HOME": home, "COLUMNS": "300"}
        done = subprocess.run(
            list(map(str, command)),
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        self.said += done.stdout + done.stderr
        return done.returncode

    def found(self) -> dict[str, set[str]]:
        """Path → the secrets in it: in every file below the folder."""
        places = {}
        for path in self.folder.rglob("*"):
            if path.is_file():
                stored = bytes(path.relative_to(self.folder)) + path.read_bytes()
                if path.suffix == ".db":
                    stored += database_text(path)
                places[str(path)] = {one for one in WRITTEN if one.encode() in stored}
        return {place: secrets for place, secrets in places.items() if secrets}

    def lines(self) -> list[str]:
        """The lines that were printed with a secret in them."""
        return [line for line in self.said.splitlines() if any(one in line for one in WRITTEN)]


def database_text(path: Path) -> bytes:
    """Every value of a SQLite database; Dagster packs the snapshots of jobs."""
    found = b""
    with sqlite3.connect(path) as database:
        tables = database.execute("select name from sqlite_master where type = 'table'").fetchall()
        for (table,) in tables:
            for row in database.execute(f"select * from '{table}'"):
                for value in row:
                    if isinstance(value, bytes):
                        try:
                            found += zlib.decompress(value)
                        except zlib.error:
                            found += value
                    else:
                        found += str(value).encode()
    return found


def test_no_verb_prints_or_leaves_a_secret(address, tmp_path) -> None:
    """Training, failures, reports, scores, drift, replay, new, and a remembered declaration."""
    commands = Commands(tmp_path)
    rows, lacking = f"{address}/spector.csv?{QUERY}", f"{address}/nothing.csv?{QUERY}"
    run = (PROGRAM, "run", rows, "--name", "spector")
    assert commands.give(*run, "--target", "GRADE", "--verbose") == 0
    assert commands.give(*run, "--target", "misspelt") == 1
    assert commands.give(PROGRAM, "run", rows) == 1
    assert commands.give(PROGRAM, "run", lacking, "--target", "y", "--verbose") == 1
    refused = rows.replace("127.0.0.1", "127.0.0.2")  # nobody answers there
    assert commands.give(PROGRAM, "run", refused, "--target", "y", "--verbose") == 1
    assert commands.give(PROGRAM, "report", "spector") == 0
    assert commands.give(PROGRAM, "replay", "spector") == 1  # the address is hidden
    assert commands.give(PROGRAM, "replay", "spector", "--source", rows) == 0
    model = ("--model", "spector/numpy_model", "--anyway")
    for output in ("scores.csv", "scores.parquet"):
        assert commands.give(PROGRAM, "predict", rows, *model, "--output", output) == 0
    assert commands.give(PROGRAM, "predict", rows, *model) == 0  # named after the address
    assert commands.give(PROGRAM, "predict", lacking, *model) == 1
    other = f"{address}/fair.csv?{QUERY}"
    assert commands.give(PROGRAM, "predict", other, *model) == 1
    assert commands.give(PROGRAM, "drift", "spector", rows) == 0
    assert commands.give(PROGRAM, "drift", "spector", lacking) == 1
    assert commands.give(PROGRAM, "new", "spector", rows, "--target", "GRADE") == 1
    assert commands.said.count("***@127.0.0.1") > 5
    assert (tmp_path / "scores.csv").is_file()
    assert not (tmp_path / "locations").exists()
    assert commands.lines() == []
    assert commands.found() == {}


def test_a_declaration_with_a_secret_is_run_without_showing_it(address, tmp_path) -> None:
    """Whoever writes one by hand: its jobs' snapshots and descriptions do not repeat it."""
    commands = Commands(tmp_path)
    rows = f"{address}/spector.csv?{QUERY}"
    table = {"kind": "file", "path": rows, "target": "GRADE"}
    tables = tmp_path / ".dagster_home" / "tables"
    tables.mkdir(parents=True)
    assert commands.give(PROGRAM, "init", "--home", tmp_path / ".dagster_home") == 0
    declared = {"spector": {"table": table, "score_path": rows, "scoring": {"anyway": True}}}
    declared["broken"] = {"table": table | {"target": [rows]}, "score_path": [rows]}
    for name, one in declared.items():
        (tables / f"{name}.yaml").write_text(yaml.safe_dump(one))
    jobs = ("spector__training_job", "spector__scoring_job", "spector__drift_job")
    assert commands.give(sys.executable, "-c", DRIVER, *jobs) == 0
    assert commands.said.count("\nTrue\n") == len(jobs)
    assert "broken/declaration" in commands.said
    assert commands.lines() == []
    assert set(commands.found()) == {str(tables / "spector.yaml"), str(tables / "broken.yaml")}
