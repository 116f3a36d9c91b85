"""Artifacts on a server that speaks S3: every verb, two runs at once, a run that is killed."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner
from upath import UPath

import lr_pipeline
from lr_pipeline.cli.command_line import main
from lr_pipeline.orchestration.instance.catalogue import load_recorded, recorded
from lr_pipeline.orchestration.instance.home import initialise_home
from lr_pipeline.orchestration.instance.pruning import plan_prune
from lr_pipeline.storage.artifacts import version_name
from lr_pipeline.storage.object_store import CACHE
from tests.object_server import BUCKET
from tests.orchestration.instance.test_pruning import LEAST, NIGHTS, run_night

pytestmark = pytest.mark.s3

SPECTOR = Path(__file__).parents[1] / "data" / "samples" / "spector.csv"
SECRET = "correct-horse"
SECONDS = 300


@pytest.fixture
def root(object_store, tmp_path, monkeypatch) -> str:
    """The URL below which this test's artifacts are stored; the home is in the current folder."""
    url = f"s3://{BUCKET}/{tmp_path.name}"
    for name, value in object_store.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LR_PIPELINE_ARTIFACTS", url)
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return url


def verb(*arguments: object) -> str:
    """Run an lr-pipeline command, which must succeed, and return what it printed."""
    result = CliRunner().invoke(main, [str(part) for part in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def train(name: str = "spector") -> subprocess.Popen:
    """Start a run in a process of its own."""
    program = "import sys; from lr_pipeline.cli.command_line import main; sys.exit(main())"
    return subprocess.Popen(
        [sys.executable, "-c", program, "run", str(SPECTOR), "--target", "GRADE", "--name", name],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def require_sound_artifacts(folder: Path, root: str) -> int:
    """Load every artifact that was recorded, with an empty cache; return how many there are."""
    with (
        pytest.MonkeyPatch.context() as patch,
        dg.DagsterInstance.from_config(str(folder / "home")) as instance,
    ):
        patch.setenv(CACHE, str(folder / "other-machine"))
        events = [
            (key, record.event_log_entry)
            for key in instance.get_asset_keys()
            for record in instance.fetch_materializations(key, limit=100).records
        ]
        for key, entry in events:
            assert str(recorded(entry, "path")).startswith(f"{root}/")
            load_recorded(key, entry)
    return len(events)


def test_every_verb_works_on_artifacts_in_an_object_store(root, tmp_path, monkeypatch):
    """Nothing is stored beside the home but the cache, and no file has the key."""
    assert f"Report: {root}/spector/evaluation_report/" in verb("run", SPECTOR, "--target", "GRADE")
    verb("champion", "spector", "--promote", "latest", "--because", "a textbook's")
    assert "a textbook's" in verb("champion", "spector", "--history")
    monkeypatch.setenv(CACHE, str(tmp_path / "cache-of-another-machine"))
    page = Path(verb("report", "spector").splitlines()[-1])
    assert "<html" in page.read_text()
    verb("predict", SPECTOR, "--model", "spector", "--output", "scores.csv")
    assert len(Path("scores.csv").read_text().splitlines()) == 33
    assert f"Report: {root}/spector/drift_report/" in verb("drift", "spector", SPECTOR)
    verb("replay", "spector")
    verb("export", "spector", "--to", "json", "--output", "model.json")
    assert lr_pipeline.load("spector/train_set").num_rows == 25
    assert require_sound_artifacts(tmp_path, root) == 13  # of a run, a promotion and a drift report
    assert not (tmp_path / "data").exists()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]


@pytest.mark.promise(
    "Artifacts", "A run that is killed while it writes to an object store leaves nothing torn."
)
def test_a_killed_run_leaves_nothing_torn_and_two_at_once_do_not_mix(root, tmp_path):
    """What the killed run recorded is whole; each of the others records all of its assets."""
    verb("init")
    killed = train()
    assert any("spector/numpy_model" in line for line in killed.stdout)
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=SECONDS)
    of_killed = require_sound_artifacts(tmp_path, root)
    assert of_killed >= 7
    for process in (train(), train("other")):
        output, _ = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, output
    assert require_sound_artifacts(tmp_path, root) == of_killed + 2 * 11


@pytest.mark.promise(
    "Artifacts", "What is pruned is gone from the object store, and what stays still loads."
)
def test_a_prune_removes_whole_versions_and_nothing_else(root, tmp_path):
    """Of six nights four stay; what another run stored and another prefix are left alone.

    A version whose removal was killed midway, and one that a killed run never recorded, go.
    """
    store, prefix = UPath(root).fs, UPath(root).path
    home, runs = initialise_home(tmp_path / "home"), [""]
    with dg.DagsterInstance.from_config(str(home)) as instance:
        for night in range(NIGHTS):
            runs.append(run_night(instance, UPath(root), night, runs[-1]))
    strangers = [f"{prefix}/t/dataset/stranger/data.json", f"{prefix}-other/t/dataset/v/data.json"]
    old = datetime.now(UTC) - timedelta(hours=25)
    unrecorded = f"{prefix}/t/dataset/{version_name(runs[-1], now=old)}/data.json"
    for one in (*strangers, unrecorded):
        store.pipe_file(one, b"{}")
    with dg.DagsterInstance.from_config(str(home)) as instance:
        going = [one.path for one in plan_prune(instance, LEAST).removals if one.path is not None]
    store.rm_file(next(path.path for path in going if path.suffix == ".html"))
    before = {path.name for path in (tmp_path / "cache").iterdir()}
    assert "2 runs, 7 artifacts, 1 leftover removed" in verb(
        "prune", "--keep-days", 0, "--keep-runs", 1
    )
    store.invalidate_cache()
    assert all(store.exists(one) for one in strangers)
    assert not store.exists(unrecorded)
    folders = {path.rpartition("/")[0] for path in store.find(prefix)}
    with dg.DagsterInstance.from_config(str(home)) as instance:
        entries = [
            record.event_log_entry
            for key in instance.get_asset_keys()
            for record in instance.fetch_materializations(key, limit=100).records
        ]
        kept = {UPath(str(recorded(one, "path"))).parent.path for one in entries}
        assert plan_prune(instance, LEAST).removals == ()
    assert folders - kept == {f"{prefix}/t/dataset/stranger"}
    assert kept <= folders
    assert require_sound_artifacts(tmp_path, root) == 4 * 4
    assert {path.name for path in (tmp_path / "cache").iterdir()} == before
