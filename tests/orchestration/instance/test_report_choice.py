import pytest

from lr_pipeline.orchestration.instance.report_choice import find_report
from lr_pipeline.storage.storage_error import ArtifactError
from tests.orchestration.instance.stored_reports import store_report


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Return a home with the reports of three tables."""
    home = tmp_path_factory.mktemp("home")
    store_report(home, "churn", {"round": 1}, "data/churn.csv")
    store_report(home, "churn", {"round": 2}, "data/churn.csv")
    store_report(home, "customers", {"round": 3}, "https://u:p@example.org/rows.csv")
    store_report(home, "", {"round": 4})
    return home


@pytest.mark.parametrize(
    ("table", "number"),
    [
        ("churn", 2),
        ("churn/evaluation_report", 2),
        ("./data/churn.csv", 2),
        ("customers", 3),
        ("https://u:q@example.org/rows.csv", 3),
        (None, 4),
    ],
)
def test_the_latest_report_is_found_by_name_or_source(home, table, number):
    """The tutorial's table has no name; another password leads to the same source."""
    found = find_report(table, home)
    assert found.numbers == {"round": number}
    assert found.page.name == "report.html"


def test_a_report_is_found_by_its_own_file(home):
    """Page and JSON stand for each other."""
    page = find_report("churn", home).page
    for path in (page, page.with_suffix(".json")):
        found = find_report(str(path), home)
        assert (found.page, found.numbers) == (page, {"round": 2})


def test_an_unknown_table_is_an_error_that_lists_the_known_ones(home):
    """It suggests the name that is closest."""
    with pytest.raises(ArtifactError, match=r"found reports of: .*churn.*Did you mean 'churn'"):
        find_report("chrun", home)


def test_a_home_that_is_not_there_is_an_error(tmp_path):
    """Nothing is created."""
    with pytest.raises(ArtifactError, match="expected a Dagster home, found nothing"):
        find_report("churn", tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_file_of_two_tables_does_not_say_which(home):
    """Both are named."""
    store_report(home, "churn_again", {}, "data/churn.csv")
    with pytest.raises(ArtifactError, match="several tables were read from it: churn, churn_again"):
        find_report("data/churn.csv", home)


@pytest.mark.parametrize("text", ["no JSON", "[1, 2]", '{"format_version": "new"}'])
def test_a_file_that_is_no_report_is_named(tmp_path, text):
    """Many pages have a JSON file beside them."""
    (tmp_path / "index.html").write_text("<!doctype html>")
    (tmp_path / "index.json").write_text(text)
    with pytest.raises(ArtifactError, match=r"index\."):
        find_report(str(tmp_path / "index.json"))
