"""Tables with locations of their own, and tables run from the terminal, read by a browser."""

import re

import pytest

import lr_pipeline
from tests.web_ui.conftest import HOSTILE, LOCATED
from tests.web_ui.site import Site, text_at

pytestmark = pytest.mark.ui

LOCATIONS = "{workspaceOrError {... on Workspace {locationEntries {name loadStatus}}}}"
SCHEDULES = """
{schedulesOrError(repositorySelector: {
  repositoryLocationName: "titanic", repositoryName: "__repository__"
}) {... on Schedules {results {name cronSchedule scheduleState {status}}}}}
"""
ASSETS = """
{assetNodes {assetKey {path} groupName isMaterializable description hasAssetChecks}}
"""
RELOAD = """
mutation {reloadRepositoryLocation(repositoryLocationName: "lr_pipeline") {
  __typename ... on WorkspaceLocationEntry {loadStatus}
}}
"""


def nodes(site: Site) -> dict[str, dict[str, object]]:
    """Return the assets that the UI knows, by name."""
    found = site.ask(ASSETS)["assetNodes"]
    return {"/".join(node["assetKey"]["path"]): node for node in found}


def scored(site: Site, table: str, place: str) -> str:
    """Score rows from the Launchpad; return how the run ended."""
    config = {"ops": {f"{table}__predictions": {"config": {"score_path": place, "anyway": True}}}}
    return site.outcome(site.launch(table, f"{table}__scoring_job", config))


@pytest.fixture(scope="module")
def trained(tables) -> dict[str, str]:
    """Train both located tables at the same time with one home; return how each run ended."""
    runs = {name: tables.launch(name, f"{name}__training_job", {}) for name in LOCATED}
    return {name: tables.outcome(run) for name, run in runs.items()}


def test_the_workspace_loads_both_beside_the_default(tables) -> None:
    """Three code locations load without an error."""
    entries = tables.ask(LOCATIONS)["workspaceOrError"]["locationEntries"]
    assert {entry["name"]: entry["loadStatus"] for entry in entries} == dict.fromkeys(
        ("lr_pipeline", *LOCATED), "LOADED"
    )


def test_the_schedule_is_on_where_it_was_asked_for(page, tables) -> None:
    """It runs every night at two, and was turned on without a click."""
    found = tables.ask(SCHEDULES)["schedulesOrError"]["results"]
    (schedule,) = [one for one in found if one["name"] == "titanic__daily_training"]
    assert schedule["cronSchedule"] == "0 2 * * *"
    assert schedule["scheduleState"]["status"] == "RUNNING"
    text_at(page, f"{tables.address}/automation", "titanic__daily_training")


def test_two_tables_trained_at_once_keep_apart(trained, tables) -> None:
    """Each has its own artifacts, with its own columns."""
    assert set(trained.values()) == {"SUCCESS"}
    for name, (_, target) in LOCATED.items():
        assert lr_pipeline.load(f"{name}/numpy_model", tables.home).target == target
        assert lr_pipeline.load(f"{name}/train_set", tables.home).roles.target == target
    made = {path.name for path in (tables.folder / "data" / "artifacts").iterdir()}
    assert set(LOCATED) <= made


def test_the_location_shows_its_graph_and_its_checks(trained, page, tables) -> None:
    """The pages show the jobs and the asset graph of titanic, and the checks of its model."""
    location = f"{tables.address}/locations/__repository__@titanic"
    text = text_at(page, f"{location}/jobs", "titanic__scoring_job")
    assert "titanic__training_job" in text
    text_at(page, f"{location}/jobs/titanic__training_job", re.compile(r"View \d+ assets"))
    page.get_by_text("titanic", exact=True).first.wait_for(timeout=60_000)
    text_at(page, f"{tables.address}/assets/titanic/numpy_model?view=checks", "converged")


def test_new_rows_are_scored_from_the_launchpad(trained, page, tables) -> None:
    """The counts are in the metadata; scoring the same rows again gives the same version."""
    for _ in range(2):
        assert scored(tables, "titanic", "titanic.csv") == "SUCCESS"
    text = text_at(page, f"{tables.address}/assets/titanic/predictions", "interval_withheld")
    assert "1,309 rows by model" in text
    versions = tables.folder / "data" / "artifacts" / "titanic" / "predictions"
    assert len(list(versions.iterdir())) == 1


def test_a_file_of_another_table_is_refused_with_the_differences(trained, tables) -> None:
    """The run fails before anything is written."""
    assert scored(tables, "fair", "titanic.csv") == "FAILURE"
    assert not (tables.folder / "data" / "artifacts" / "fair" / "predictions").exists()


def test_a_failed_check_shows_its_remedy(trained, page, tables, pictures) -> None:
    """The check of titanic's table asks for a person, and says what to do."""
    url = f"{tables.address}/assets/titanic/dataset?view=checks"
    text = text_at(page, url, "contract", re.compile("Set |Exclude|exclude|Declare|Check"))
    page.screenshot(path=pictures / "checks.png")
    assert "contract" in text


def test_the_tables_graph_can_be_looked_at_alone(page, tables, pictures) -> None:
    """Its group has all its assets and no other; the broken one says what is wrong."""
    known = nodes(tables)
    own = {name for name, node in known.items() if node["groupName"] == "students"}
    assert own == {name for name in known if name.startswith("students/")}
    assert {"students/dataset", "students/evaluation_report", "students/predictions"} <= own
    assert known["students/numpy_model"]["isMaterializable"]
    assert known["students/numpy_model"]["hasAssetChecks"]
    assert "utorial" not in known["students/numpy_model"]["description"]
    assert not known["churn/declaration"]["isMaterializable"]
    address = tables.address
    group = f"{address}/locations/__repository__@lr_pipeline/asset-groups/students/lineage"
    text_at(page, group, "evaluation_report")
    page.wait_for_timeout(4_000)
    page.screenshot(path=pictures / "students.png")
    shown = page.inner_text("body")
    assert "torch_model" in shown
    assert "learning_rate_study" not in shown
    text_at(page, f"{address}/asset-groups", "students")
    page.wait_for_timeout(4_000)
    page.screenshot(path=pictures / "all.png")
    text_at(page, f"{address}/assets/churn/declaration", "lacks the field 'target'")
    page.screenshot(path=pictures / "churn.png")


def test_the_report_of_a_run_in_the_terminal_is_there(page, tables, pictures) -> None:
    """So are the checks of its models."""
    text_at(page, f"{tables.address}/assets/students/evaluation_report", "roc_curves")
    page.screenshot(path=pictures / "report.png")
    text_at(page, f"{tables.address}/assets/students/numpy_model?view=checks", "converged")


@pytest.mark.parametrize(
    "asset", ["dataset", "feature_profile", "mle_existence", "numpy_model", "evaluation_report"]
)
def test_names_and_values_of_a_table_are_shown_as_they_are(page, tables, pictures, asset) -> None:
    """No script runs, no picture is fetched, no link leads to one; pipes break no table."""
    text_at(page, f"{tables.address}/assets/hostile/{asset}", "sha256")
    for opener in range(page.get_by_text("[Show Markdown]").count()):
        page.get_by_text("[Show Markdown]").nth(opener).click()
        page.wait_for_timeout(1_000)
        require_nothing_ran(page)
        page.screenshot(path=pictures / f"hostile_{asset}_{opener}.png")
        page.keyboard.press("Escape")
        page.wait_for_timeout(500)
    require_nothing_ran(page)
    page.screenshot(path=pictures / f"hostile_{asset}.png")
    page.goto(f"{tables.address}/assets/hostile/{asset}?view=checks")
    page.wait_for_timeout(3_000)
    page.screenshot(path=pictures / f"hostile_{asset}_checks.png")
    require_nothing_ran(page)


def require_nothing_ran(page) -> None:
    """Assert that the page took no name of the table for markup."""
    assert page.title() != "owned"
    assert page.locator("img[src='x']").count() == 0
    assert page.locator("a[href^='javascript']").count() == 0
    assert page.locator("b", has_text=re.compile("^(b|bold)$")).count() == 0


def test_the_profile_has_a_row_for_each_hostile_name(page, tables) -> None:
    """The markdown table has the names themselves in its first column."""
    text_at(page, f"{tables.address}/assets/hostile/feature_profile", "sha256")
    for opener in page.get_by_text("[Show Markdown]").all()[:1]:  # short tables are shown at once
        opener.click()
    cells = page.locator("table tr td:first-child")
    cells.filter(has_text=HOSTILE[0]).first.wait_for(timeout=30_000)
    found = set(cells.all_inner_texts())
    assert set(HOSTILE) <= found


def test_its_button_trains_a_remembered_table_again(page, tables, pictures) -> None:
    """After a click the run ends green, also where nothing is scored, and says so."""
    before, runs = lr_pipeline.load("students/numpy_model", tables.home), tables.runs()
    group = "asset-groups/students/lineage"
    page.goto(f"{tables.address}/locations/__repository__@lr_pipeline/{group}")
    button = page.get_by_text(re.compile("^Materialize all")).first
    button.wait_for(timeout=60_000)
    button.click()
    run = tables.next_run(runs)
    status = tables.outcome(run)
    page.goto(f"{tables.address}/runs/{run}")
    page.wait_for_timeout(5_000)
    page.screenshot(path=pictures / "run.png")
    assert status == "SUCCESS"
    after = lr_pipeline.load("students/numpy_model", tables.home)
    assert after.coefficients == before.coefficients
    page.goto(f"{tables.address}/assets/students/predictions")
    page.get_by_text(re.compile("score_path")).first.wait_for(timeout=60_000)
    page.screenshot(path=pictures / "predictions.png")


def test_a_deleted_declaration_is_gone_after_a_reload(tables) -> None:
    """The table's history stays."""
    (tables.home / "tables/students.yaml").unlink()
    assert tables.ask(RELOAD)["reloadRepositoryLocation"]["loadStatus"] == "LOADED"
    assert "students/numpy_model" not in nodes(tables)
    assert lr_pipeline.load("students/numpy_model", tables.home).target == "GRADE"
