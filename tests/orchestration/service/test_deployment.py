"""The files that `lr-pipeline deploy` writes, as their own programs read them."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest
import yaml
from click.testing import Result

from lr_pipeline.orchestration.maintenance import VARIABLE, build_maintenance

PROJECT = "my project $HOME 100%"  # a space, and the signs of systemd and compose
LOCATION = "churn 50% $HOME"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose path has a space, with two locations."""
    folder = tmp_path_factory.mktemp("deployed") / PROJECT
    (folder / "locations").mkdir(parents=True)
    (folder / "locations/churn.py").touch()
    (folder / "workspace.yaml").write_text(
        "load_from:\n"
        "  - python_module: {module_name: lr_pipeline.definitions, location_name: lr_pipeline}\n"
        f"  - python_file: {{relative_path: locations/churn.py, location_name: '{LOCATION}'}}\n"
    )
    return folder


def deployed(run: Callable[..., Result], folder: Path, kind: str) -> Path:
    """Write the files of a kind; return their folder."""
    result = run("deploy", kind, "--output", f"deploy/{kind}")
    assert result.exit_code == 0, result.output
    return folder / "deploy" / kind


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd's own check")
def test_systemd_accepts_every_unit(run, folder) -> None:
    """`systemd-analyze verify` finds nothing, and reads the commands with their special signs."""
    units = sorted(deployed(run, folder, "systemd").glob("lr-pipeline*"))
    assert len(units) == 5
    checked = subprocess.run(
        ["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_every_unit_comes_back_and_belongs_to_the_target(run, folder) -> None:
    """Only those of code locations leave their runs alone when they stop."""
    for unit in deployed(run, folder, "systemd").glob("*.service"):
        text = unit.read_text()
        assert "\nRestart=always\n" in text
        assert "\nStartLimitIntervalSec=0\n" in text
        assert "\nPartOf=lr-pipeline.target\n" in text
        assert ("\nKillMode=process\n" in text) == unit.name.startswith("lr-pipeline-code-")
        assert unit.name in (unit.parent / "lr-pipeline.target").read_text()


def test_the_compose_file_has_every_process_with_restart_and_health_check(run, folder) -> None:
    """Its locations are those of its workspace.yaml; no password stands in it."""
    text = (deployed(run, folder, "compose") / "compose.yaml").read_text()
    services = yaml.safe_load(text)["services"]
    assert set(services) == {
        *("code-lr_pipeline", "code-churn_50___HOME"),
        *("web", "daemon", "postgres", "objects", "buckets"),
    }
    for name in set(services) - {"buckets"}:
        assert services[name]["restart"] == "unless-stopped"
        assert services[name]["healthcheck"]["test"]
    assert services["code-lr_pipeline"]["hostname"] == "code-lr_pipeline"
    served = yaml.safe_load((folder / "deploy/compose/workspace.yaml").read_text())["load_from"]
    assert [one["grpc_server"]["host"] for one in served] == [
        "code-lr_pipeline",
        "code-churn_50___HOME",
    ]
    assert "churn 50% $$HOME" in services["code-churn_50___HOME"]["command"]
    assert services["web"]["ports"] == ["127.0.0.1:3000:3000"]
    secrets = re.findall(r"PASSWORD: (.*)", text) + re.findall(r"ACCESS_KEY: (.*)", text)
    assert all(one.startswith("${") and ":?" in one for one in secrets)


def test_the_dockerfile_passes_its_linter_and_runs_as_no_root(run, folder) -> None:
    """Its linter finds nothing."""
    file = deployed(run, folder, "compose") / "Dockerfile"
    linter = Path(sys.executable).with_name("hadolint")
    found = subprocess.run([linter, file], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, "")
    assert "\nUSER 1000\n" in file.read_text()


def test_the_helm_values_name_each_location_with_a_label_that_kubernetes_takes(run, folder) -> None:
    """A DNS label: small letters, digits and hyphens."""
    values = yaml.safe_load((deployed(run, folder, "helm") / "helm-values.yaml").read_text())
    deployments = values["dagster-user-deployments"]["deployments"]
    assert [one["name"] for one in deployments] == ["lr-pipeline", "churn-50-home"]
    assert deployments[1]["codeServerArgs"][:2] == ["--location-name", LOCATION]


def test_files_of_an_image_must_lie_in_the_project(run, tmp_path) -> None:
    """Elsewhere the image could not hold them."""
    result = run("deploy", "compose", "--output", tmp_path)
    assert result.exit_code == 1
    assert "expected a folder below" in result.stderr


@pytest.mark.parametrize("kind", ["systemd", "compose"])
def test_the_workspace_that_was_read_is_never_replaced(run, folder, kind) -> None:
    """The served workspace.yaml has the same name, and its addresses hold on the server alone."""
    before = (folder / "workspace.yaml").read_text()
    result = run("deploy", kind, "--output", ".")
    assert result.exit_code == 1
    assert "expected another folder than that of workspace.yaml" in result.stderr
    assert (folder / "workspace.yaml").read_text() == before
    assert not (folder / "compose.yaml").exists()


def test_the_containers_prune_by_a_policy_that_the_code_location_takes(
    run, folder, monkeypatch
) -> None:
    """Another text would keep the code location from loading."""
    text = (deployed(run, folder, "compose") / "compose.yaml").read_text()
    monkeypatch.setenv(VARIABLE, yaml.safe_load(text)["x-dagster"]["environment"][VARIABLE])
    schedule = build_maintenance().resolve_schedule_def("daily_maintenance")
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
