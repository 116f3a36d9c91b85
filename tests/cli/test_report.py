"""``report`` as a user sees it."""

import json

import pytest
from click.testing import CliRunner

from lr_pipeline.cli.command_line import main
from tests.orchestration.instance.stored_reports import store_report

NUMBERS = {"verdict": {"headline": "Yes – ready to use"}, "test_rows": 9}


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """Return a home with one report, and its page."""
    home = tmp_path_factory.mktemp("home")
    return home, store_report(home, "churn", NUMBERS, "churn.csv")


@pytest.fixture
def opened(monkeypatch):
    """Return the addresses that a browser was asked to open."""
    addresses = []
    monkeypatch.setattr("webbrowser.open", lambda address: not addresses.append(address))
    return addresses


def test_report_prints_verdict_and_path(stored, opened):
    """Nothing is opened unless asked."""
    home, page = stored
    result = CliRunner().invoke(main, ["report", "churn", "--home", str(home)])
    assert result.output.splitlines() == ["Yes – ready to use", str(page)]
    assert opened == []


def test_report_opens_the_page_in_the_browser(stored, opened):
    """The address is that of the file."""
    home, page = stored
    result = CliRunner().invoke(main, ["report", "churn.csv", "--open", "--home", str(home)])
    assert result.exit_code == 0
    assert opened == [page.as_uri()]


def test_without_a_browser_report_names_the_file(stored, monkeypatch):
    """The exit code is 1."""
    home, page = stored
    monkeypatch.setattr("webbrowser.open", lambda _: False)
    result = CliRunner().invoke(main, ["report", "churn", "--open", "--home", str(home)])
    assert result.exit_code == 1
    assert f"Open {page} yourself" in result.output


def test_report_prints_every_number_as_json(stored):
    """Other programs read them."""
    result = CliRunner().invoke(main, ["report", "churn", "--json", "--home", str(stored[0])])
    assert json.loads(result.output) == NUMBERS


def test_an_unknown_table_is_one_line(stored):
    """It lists the tables that have a report."""
    result = CliRunner().invoke(main, ["report", "sales", "--home", str(stored[0])])
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert "found reports of: churn." in result.stderr
