"""A browser clicks what the walkthrough tells a new user to click, in a fresh workspace."""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_web_ui import ROOT, ask, browser_tab, web_ui

pytestmark = pytest.mark.slow

RUNS = "{runsOrError {... on Runs {results {runId status}}}}"
EVENTS = """
query($id: ID!) {runOrError(runId: $id) {... on Run {eventConnection {events {
  ... on MessageEvent {message stepKey}
  ... on ExecutionStepFailureEvent {error {message causes {message}}}
}}}}}
"""
WALKTHROUGH = ROOT / "docs" / "walkthrough.en.md"


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    """The UI of the tutorial's table, in a home without any history."""
    environment = os.environ | {"DAGSTER_HOME": str(tmp_path_factory.mktemp("home") / "new")}
    from lr_pipeline.orchestration.instance.home import initialise_home

    initialise_home(environment["DAGSTER_HOME"])
    workspace = tmp_path_factory.mktemp("workspace")  # so that the artifacts are not the project's
    (workspace / "workspace.yaml").write_text((ROOT / "workspace.yaml").read_text())
    with web_ui(workspace, environment) as found:
        yield found


@pytest.fixture(scope="module")
def page(address, tmp_path_factory) -> Iterator[object]:
    """A tab of a headless browser with a new profile."""
    with browser_tab(tmp_path_factory.mktemp("profile")) as tab:
        tab.goto(address)
        yield tab


def outcome(address: str, besides: int = 0) -> tuple[str, str]:
    """Wait at most six minutes for a run ``besides`` those before; return its id and status."""
    for _ in range(720):
        runs = ask(address, RUNS)["runsOrError"]["results"]
        if len(runs) > besides and runs[0]["status"] in {"SUCCESS", "FAILURE"}:
            return runs[0]["runId"], runs[0]["status"]
        time.sleep(0.5)
    raise AssertionError(f"the run did not end: {runs}")


def test_materialize_all_on_a_fresh_workspace_ends_green(page, address, tmp_path) -> None:
    """After the first three clicks no asset is red, and the asset without rows says why."""
    told = WALKTHROUGH.read_text()
    clicks = re.findall(r"Click \*\*(.+?)\*\*", told)[:3]
    assert clicks == ["Lineage", "Materialize all", "Catalog"]
    page.get_by_text(clicks[0], exact=True).first.click()
    button = page.get_by_text(re.compile(f"^{clicks[1]}")).first
    button.wait_for(timeout=60_000)
    button.click()
    run, status = outcome(address)
    events = ask(address, EVENTS, id=run)["runOrError"]["eventConnection"]["events"]
    assert status == "SUCCESS", [event for event in events if event.get("error")]
    reason = "skipped: no rows are scored without a score_path"
    said = [event for event in events if reason in (event.get("message") or "")]
    assert {event["stepKey"] for event in said} == {"predictions"}
    page.goto(f"{address}/runs/{run}?selection=predictions&logs=step%3Apredictions")
    page.wait_for_timeout(5_000)
    pictures = Path(os.environ.get("SCREENSHOTS", tmp_path))
    page.screenshot(path=pictures / "run.png")
    page.get_by_text(clicks[0], exact=True).first.click()
    page.get_by_text(re.compile(f"^{clicks[1]}")).first.wait_for(timeout=60_000)
    page.wait_for_timeout(3_000)
    page.screenshot(path=pictures / "lineage.png")
    assert "Failed" not in page.inner_text("body")
    page.get_by_text(clicks[2], exact=True).first.click()
    page.get_by_text("gradient_descent_study").first.click()
    page.get_by_text("[Show Markdown]").first.wait_for(timeout=60_000)
    page.goto(f"{address}/assets/predictions")
    page.get_by_text(re.compile("score_path")).first.wait_for(timeout=60_000)
    page.screenshot(path=pictures / "predictions.png")
