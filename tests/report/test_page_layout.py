"""The page in a browser: nothing runs, nothing is cut off, on any screen and on paper."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.solvers import Newton
from lr_pipeline.evaluation.evaluate import evaluate_models
from lr_pipeline.models.train import Training, train_linear, train_logistic
from lr_pipeline.report.render import render_report
from lr_pipeline.tables.split.split_table import SplitPolicy, split_table
from lr_pipeline.tables.table import Table
from tests.scoring.conftest import prepare

pytestmark = pytest.mark.slow

BROWSER = "/usr/bin/chromium"
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
TITLES = {"numpy_model": "Logistic (numpy)", "torch_model": "Logistic (torch)"}
HOSTILE = "<script>alert(1)</script>"
OPEN_ALL = "document.querySelectorAll('details').forEach(one => one.open = true)"
WIDER = """() => [...document.querySelectorAll('main *')]
  .filter(one => !one.closest('svg') && !one.closest('.hidden'))
  .filter(one => one.getBoundingClientRect().right > innerWidth + 0.5)
  .map(one => one.tagName + ' ' + one.textContent.slice(0, 80))"""


@pytest.fixture(scope="module")
def page_file(tmp_path_factory) -> Path:
    """Return the report of a table whose names are hostile, Chinese and 300 letters long."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=400)
    columns = {
        "y": np.where(rng.uniform(size=400) < 1 / (1 + np.exp(-2 * x)), HOSTILE, "no"),
        HOSTILE: x,
        "x" * 300: rng.normal(size=400),
        "中文列名" * 10: rng.normal(size=400),
        "level": rng.choice([HOSTILE, "<img src=x onerror=alert(1)>", "z" * 120], 400),
    }
    table = Table.from_arrow(pa.table(columns), "y", positive=HOSTILE)
    train, test = split_table(table, SplitPolicy())
    logistic = train_logistic(train, prepare, NumpyKernel(), Training(Newton()))
    models = {
        "linear_baseline": train_linear(train, prepare),
        "numpy_model": logistic,
        "torch_model": logistic,
    }
    report = render_report(evaluate_models(models, train, test, prepare, titles=TITLES))
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(report.html, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser():
    """Return a browser."""
    from playwright.sync_api import sync_playwright

    assert Path(BROWSER).exists(), f"{BROWSER} is missing: install Debian's chromium"
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=BROWSER, args=list(ARGUMENTS))


@pytest.mark.parametrize("width", [390, 768, 1280, 1920])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_runs_and_nothing_is_cut_off(browser, page_file, width, scheme):
    """No dialog opens, and with all folded parts open no element reaches beyond the window."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    dialogs = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message) or dialog.dismiss())
    page.goto(page_file.as_uri())
    page.evaluate(OPEN_ALL)
    assert page.evaluate(WIDER) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate("document.scripts.length") == 0
    assert dialogs == []
    page.close()


def test_nothing_is_cut_off_on_a4(browser, page_file):
    """On paper of 180 mm between its margins, no element is wider."""
    page = browser.new_page(viewport={"width": 680, "height": 1000})
    page.emulate_media(media="print")
    page.goto(page_file.as_uri())
    assert page.evaluate(WIDER) == []
    assert page.pdf(format="A4", prefer_css_page_size=True).startswith(b"%PDF")
    page.close()


def test_the_page_asks_for_nothing(browser, page_file):
    """It is one file: no request leaves it."""
    page = browser.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page_file.as_uri())
    assert asked == [page_file.as_uri()]
    page.close()
