"""A table run from the terminal, read by a browser: its graph, its report, its button."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import lr_pipeline
from tests.test_web_ui import ROOT, ask, browser_tab, text_at, web_ui
from tests.test_web_ui_locations import give
from tests.test_web_ui_walkthrough import outcome

pytestmark = pytest.mark.slow

ASSETS = """
{assetNodes {assetKey {path} groupName isMaterializable description hasAssetChecks}}
"""
RELOAD = """
mutation {reloadRepositoryLocation(repositoryLocationName: "lr_pipeline") {
  __typename ... on WorkspaceLocationEntry {loadStatus}
}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder in which a table was run from the terminal, and a file of another is broken."""
    folder = tmp_path_factory.mktemp("clone")
    (folder / "workspace.yaml").write_text((ROOT / "workspace.yaml").read_text())
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "students.csv").write_text((ROOT / "data/samples/spector.csv").read_text())
    give(elsewhere, "run", "students.csv", "--target", "GRADE", "--home", folder / ".dagster_home")
    (folder / ".dagster_home/tables/churn.yaml").write_text(
        "table: {kind: file, path: churn.csv}\n"
    )
    return folder


@pytest.fixture(scope="module")
def address(folder) -> Iterator[str]:
    """The UI of that folder, which is not the one in which the table was run."""
    environment = os.environ | {"DAGSTER_HOME": str(folder / ".dagster_home")}
    with web_ui(folder, environment) as found:
        yield found


@pytest.fixture(scope="module")
def page(address, tmp_path_factory) -> Iterator[object]:
    """A tab of a headless browser with a new profile."""
    with browser_tab(tmp_path_factory.mktemp("profile")) as tab:
        tab.goto(address)
        yield tab


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Path:
    """Where the screenshots go."""
    return Path(os.environ.get("SCREENSHOTS", tmp_path_factory.mktemp("pictures")))


def nodes(address: str) -> dict[str, dict[str, object]]:
    """Return the assets that the UI knows, by name."""
    found = ask(address, ASSETS)["assetNodes"]
    return {"/".join(node["assetKey"]["path"]): node for node in found}


def test_the_tables_graph_can_be_looked_at_alone(page, address, pictures) -> None:
    """Its group has all its assets and no other; the broken one says what is wrong."""
    known = nodes(address)
    own = {name for name, node in known.items() if node["groupName"] == "students"}
    assert own == {name for name in known if name.startswith("students/")}
    assert {"students/dataset", "students/evaluation_report", "students/predictions"} <= own
    assert known["students/numpy_model"]["isMaterializable"]
    assert known["students/numpy_model"]["hasAssetChecks"]
    assert "utorial" not in known["students/numpy_model"]["description"]
    assert not known["churn/declaration"]["isMaterializable"]
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


def test_its_report_and_checks_are_there(page, address, pictures) -> None:
    """They are those of the run in the terminal."""
    text_at(page, f"{address}/assets/students/evaluation_report", "roc_curves")
    page.screenshot(path=pictures / "report.png")
    text_at(page, f"{address}/assets/students/numpy_model?view=checks", "converged")


def test_its_button_trains_it_again(page, address, folder, pictures) -> None:
    """After a click the run ends green, also where nothing is scored, and says so."""
    before = lr_pipeline.load("students/numpy_model", folder / ".dagster_home")
    page.goto(f"{address}/locations/__repository__@lr_pipeline/asset-groups/students/lineage")
    button = page.get_by_text(re.compile("^Materialize all")).first
    button.wait_for(timeout=60_000)
    button.click()
    page.wait_for_timeout(3_000)
    run, status = outcome(address, besides=1)
    page.goto(f"{address}/runs/{run}")
    page.wait_for_timeout(5_000)
    page.screenshot(path=pictures / "run.png")
    assert status == "SUCCESS"
    after = lr_pipeline.load("students/numpy_model", folder / ".dagster_home")
    assert after.coefficients == before.coefficients
    page.goto(f"{address}/assets/students/predictions")
    page.get_by_text(re.compile("score_path")).first.wait_for(timeout=60_000)
    page.screenshot(path=pictures / "predictions.png")


def test_a_deleted_declaration_is_gone_after_a_reload(address, folder) -> None:
    """The table's history stays."""
    (folder / ".dagster_home/tables/students.yaml").unlink()
    assert ask(address, RELOAD)["reloadRepositoryLocation"]["loadStatus"] == "LOADED"
    assert "students/numpy_model" not in nodes(address)
    assert lr_pipeline.load("students/numpy_model", folder / ".dagster_home").target == "GRADE"
