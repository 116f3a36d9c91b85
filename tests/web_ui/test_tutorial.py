"""The tutorial's table in a fresh workspace: the walkthrough's clicks, then every page."""

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from tests.web_ui.site import ROOT, Site, text_at

pytestmark = pytest.mark.ui

WALKTHROUGH = ROOT / "docs" / "walkthrough.en.md"
EVENTS = """
query($id: ID!) {runOrError(runId: $id) {... on Run {eventConnection {events {
  ... on MessageEvent {message stepKey}
  ... on ExecutionStepFailureEvent {error {message causes {message}}}
}}}}}
"""
PROPERTIES = "{instance {daemonHealth {allDaemonStatuses {daemonType healthy}}}}"
VALID = """
query($config: RunConfigData!) {isPipelineConfigValid(
  pipeline: {repositoryLocationName: "lr_pipeline", repositoryName: "__repository__",
    pipelineName: "training_job"},
  runConfigData: $config, mode: "default"
) {__typename ... on RunConfigValidationInvalid {errors {message}}}}
"""


@pytest.fixture(scope="module")
def materialized(page, tutorial, pictures) -> str:
    """The run of the walkthrough's first clicks."""
    clicks = re.findall(r"Click \*\*(.+?)\*\*", WALKTHROUGH.read_text())[:3]
    assert clicks == ["Lineage", "Materialize all", "Catalog"]
    page.goto(tutorial.address)
    page.get_by_text(clicks[0], exact=True).first.click()
    button = page.get_by_text(re.compile(f"^{clicks[1]}")).first
    button.wait_for(timeout=60_000)
    button.click()
    run = tutorial.next_run(0)
    status = tutorial.outcome(run)
    events = tutorial.ask(EVENTS, id=run)["runOrError"]["eventConnection"]["events"]
    assert status == "SUCCESS", [event for event in events if event.get("error")]
    return run


def test_materialize_all_on_a_fresh_workspace_ends_green(
    page, tutorial, materialized, pictures
) -> None:
    """After the first three clicks no asset is red, and the asset without rows says why."""
    events = tutorial.ask(EVENTS, id=materialized)["runOrError"]["eventConnection"]["events"]
    reason = "skipped: no rows are scored without a score_path"
    said = [event for event in events if reason in (event.get("message") or "")]
    assert {event["stepKey"] for event in said} == {"predictions"}
    page.goto(f"{tutorial.address}/runs/{materialized}?selection=predictions")
    page.wait_for_timeout(5_000)
    page.screenshot(path=pictures / "run.png")
    page.get_by_text("Lineage", exact=True).first.click()
    page.get_by_text(re.compile("^Materialize all")).first.wait_for(timeout=60_000)
    page.wait_for_timeout(3_000)
    page.screenshot(path=pictures / "lineage.png")
    assert "Failed" not in page.inner_text("body")
    page.get_by_text("Catalog", exact=True).first.click()
    page.get_by_text("gradient_descent_study").first.click()
    page.get_by_text("[Show Markdown]").first.wait_for(timeout=60_000)
    page.goto(f"{tutorial.address}/assets/predictions")
    page.get_by_text(re.compile("score_path")).first.wait_for(timeout=60_000)
    page.screenshot(path=pictures / "predictions.png")


def test_a_model_shows_how_its_fit_ended(page, tutorial, materialized, pictures) -> None:
    """The page shows status, solver and loss in the metadata, and the description's formula."""
    url = f"{tutorial.address}/assets/numpy_model"
    text = text_at(page, url, "gradient_norm", "Σ log(1 + exp(z))")
    page.screenshot(path=pictures / "numpy_model.png")
    assert "converged" in text
    assert "newton" in text


def test_the_report_shows_its_curves(page, tutorial, materialized) -> None:
    """The picture opens from the metadata, and is not empty."""
    text_at(page, f"{tutorial.address}/assets/evaluation_report", "roc_curves")
    row = page.locator("tr", has_text="roc_curves").last
    row.get_by_text("[Show Markdown]").click()
    image = page.locator("img[src^='data:image/png']").first
    image.wait_for(timeout=30_000)
    assert image.evaluate("img => img.naturalWidth") > 200


def test_metrics_are_charted_over_time(page, tutorial, materialized, pictures) -> None:
    """Whoever clicks Plots sees a chart of each number."""
    text_at(page, f"{tutorial.address}/assets/evaluation_report", "numpy_model/roc_auc")
    page.get_by_text("Plots", exact=True).first.click()
    page.locator("canvas").first.wait_for(timeout=30_000)
    page.screenshot(path=pictures / "plots.png")
    assert page.locator("canvas").count() > 5


def test_the_walkthroughs_links_open(page, tutorial, materialized) -> None:
    """Every link leads to a page of this UI, or to where LR_PIPELINE_DOCS_URL says the docs are."""
    text_at(page, f"{tutorial.address}/assets/numpy_model", "gradient_norm")
    links = page.locator("a[href]").evaluate_all("all => all.map(one => one.href)")
    assert "https://docs.example.org/lr/walkthrough.en.md#gradient" in links
    assert [one for one in links if not one.startswith(("http://", "https://"))] == []


def test_the_schedule_is_there(page, tutorial) -> None:
    """The page shows the time at which it would run."""
    text_at(page, f"{tutorial.address}/automation", "daily_training")
    page.get_by_text("At 02:00 AM").first.wait_for(timeout=30_000)


def test_the_daemon_ticks(tutorial) -> None:
    """The scheduler and the run monitor work, so that schedules run and dead runs end."""
    for _ in range(120):
        statuses = tutorial.ask(PROPERTIES)["instance"]["daemonHealth"]["allDaemonStatuses"]
        healthy = {status["daemonType"] for status in statuses if status["healthy"]}
        if {"SCHEDULER", "MONITORING"} <= healthy:
            return
        time.sleep(0.5)
    raise AssertionError(f"healthy daemons: {healthy}")


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"ops": {"numpy_model": {"config": {"penalty": "l3"}}}}, "l3"),
        ({"ops": {"numpy_model": {"config": {"l2": "much"}}}}, "l2"),
        ({"ops": {"numpy_model": {"config": {"penalti": "l2"}}}}, "penalti"),
        ({"resources": {"io_manager": {"config": {"root": "/etc"}}}}, "root"),
        ({"resources": {"table": {"config": {"declaration": {}}}}}, "declaration"),
    ],
)
def test_the_launchpad_tells_errors_before_a_launch(tutorial, config, said) -> None:
    """A wrong choice, type or name, and what is fixed in code; no run begins."""
    before = tutorial.runs()
    checked = tutorial.ask(VALID, config=config)["isPipelineConfigValid"]
    assert checked["__typename"] == "RunConfigValidationInvalid"
    assert said in checked["errors"][0]["message"]
    refused = tutorial.launched("lr_pipeline", "training_job", config)
    assert refused["__typename"] == "RunConfigValidationInvalid"
    assert tutorial.runs() == before


def first_picture(page, site: Site, asset: str) -> str:
    """The source of the first picture among an asset's metadata."""
    text_at(page, f"{site.address}/assets/{asset}", "[Show Markdown]")
    buttons = page.get_by_text("[Show Markdown]")
    for position in range(buttons.count()):
        buttons.nth(position).click()
        image = page.locator("img[src^='data:image/png']").first
        try:
            image.wait_for(timeout=3_000)
        except PlaywrightTimeoutError:
            page.keyboard.press("Escape")
            continue
        assert image.evaluate("img => img.naturalWidth") > 200
        return str(image.get_attribute("src"))
    raise AssertionError(f"{asset} shows no picture")


def test_a_changed_learning_rate_changes_the_studys_picture(page, tutorial, materialized) -> None:
    """A run with other rates, as from the Launchpad, gives another picture."""
    before = first_picture(page, tutorial, "gradient_descent_study")
    config = {"ops": {"gradient_descent_study": {"config": {"learning_rates": [0.3, 0.95]}}}}
    run = tutorial.launch("lr_pipeline", "study_job", config, "gradient_descent_study")
    assert tutorial.outcome(run) == "SUCCESS"
    assert first_picture(page, tutorial, "gradient_descent_study") != before


def test_a_file_of_the_machine_is_refused(tutorial) -> None:
    """The run fails with the remedy, and does not quote the file."""
    file = Path("/etc/passwd")
    config = {"ops": {"predictions": {"config": {"score_path": str(file)}}}}
    run = tutorial.launch("lr_pipeline", "scoring_job", config)
    assert tutorial.outcome(run) == "FAILURE"
    events = tutorial.ask(EVENTS, id=run)["runOrError"]["eventConnection"]["events"]
    said = str([event["error"] for event in events if event.get("error")])
    assert "lies outside the data root" in said
    assert "LR_PIPELINE_DATA_ROOT" in said
    assert file.read_text().splitlines()[0] not in said
