"""Two sites, each started once: the tutorial's table alone, and tables of many kinds."""

import csv
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.web_ui.site import ROOT, Site, browser_tab, give, web_ui

LOCATED = {"titanic": ("titanic.csv", "survived"), "fair": ("fair.csv", "affair")}
# Names and values that would run a script or break a table if they were not escaped.
HOSTILE = (
    "<img src=x onerror=document.title='owned'>",
    "[click](javascript:document.title='owned')",
    "| pipe | **bold**",
    "`tick` <b>b</b>",
)


@pytest.fixture(scope="session")
def page(tmp_path_factory) -> Iterator[object]:
    """A tab of a headless browser."""
    with browser_tab(tmp_path_factory.mktemp("profile")) as tab:
        yield tab


@pytest.fixture(scope="session")
def pictures(tmp_path_factory) -> Path:
    """Where screenshots go: SCREENSHOTS, for whoever wants to look at them."""
    return Path(os.environ.get("SCREENSHOTS", tmp_path_factory.mktemp("pictures")))


@pytest.fixture(scope="session")
def tutorial(tmp_path_factory) -> Iterator[Site]:
    """The UI of the tutorial's table, in a home without any history."""
    folder = tmp_path_factory.mktemp("tutorial")
    shutil.copy(ROOT / "workspace.yaml", folder)
    give(folder, "init")
    with web_ui(folder, LR_PIPELINE_DOCS_URL="https://docs.example.org/lr") as site:
        yield site


@pytest.fixture(scope="session")
def tables(tmp_path_factory) -> Iterator[Site]:
    """Two tables with locations, two that were run from the terminal, and a broken declaration."""
    folder = tmp_path_factory.mktemp("tables")
    (folder / "elsewhere").mkdir()
    shutil.copy(ROOT / "workspace.yaml", folder)
    for file in ("titanic.csv", "fair.csv"):
        shutil.copy(ROOT / "data/samples" / file, folder)
    shutil.copy(ROOT / "data/samples/spector.csv", folder / "elsewhere/students.csv")
    for name, (file, target) in LOCATED.items():
        schedule = ("--schedule", "0 2 * * *") if name == "titanic" else ()
        give(folder, "new", name, file, "--target", target, *schedule)
    home = ("--home", folder / ".dagster_home")
    give(folder / "elsewhere", "run", "students.csv", "--target", "GRADE", *home)
    write_hostile(folder / "hostile.csv")
    give(folder, "run", "hostile.csv", "--target", "y", "--positive", "<i>yes</i>")
    declaration = "table: {kind: file, path: churn.csv}\n"
    (folder / ".dagster_home/tables/churn.yaml").write_text(declaration)
    with web_ui(folder) as site:
        yield site


def write_hostile(path: Path) -> None:
    """Write a table whose names and categories are hostile."""
    rng = np.random.default_rng(3)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*HOSTILE, "y", "constant<script>"])
        for _ in range(240):
            x, z = rng.normal(size=2)
            y = "<i>yes</i>" if rng.random() < 1.0 / (1.0 + np.exp(-x)) else "<i>no</i>"
            first, second = rng.choice(HOSTILE, 2)
            writer.writerow([f"{x:.4f}", first, f"{z:.4f}", second, y, "<u>same</u>"])
