"""A home and the variable that names its database agree, or one line says what to do."""

import pytest
import yaml

from lr_pipeline.orchestration.instance.history_database import (
    DATABASE,
    POSTGRES,
    database_problem,
    keeps_history_elsewhere,
    lost_query,
    storage_settings,
)
from lr_pipeline.storage.storage_error import ArtifactError

URL = "postgresql://me:secret@host/history"


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """A home's dagster.yaml, and no variable."""
    monkeypatch.delenv(DATABASE, raising=False)
    return tmp_path / "dagster.yaml"


def test_the_settings_name_the_variable_and_not_its_value(settings, monkeypatch):
    """Dagster reads the URL from the environment; without the variable nothing is said."""
    assert storage_settings() == ""
    monkeypatch.setenv(DATABASE, URL)
    storage = yaml.safe_load(storage_settings())["storage"]
    assert storage == {"postgres": {"postgres_url": {"env": DATABASE}}}


def test_a_home_that_agrees_with_the_variable_is_used(settings, monkeypatch):
    """SQLite without the variable, PostgreSQL with it; a storage of the user's is left to them."""
    settings.write_text("telemetry:\n  enabled: false\n")
    assert not keeps_history_elsewhere(settings)
    settings.write_text("storage:\n  sqlite:\n    base_dir: /elsewhere\n")
    assert keeps_history_elsewhere(settings)
    settings.write_text(POSTGRES)
    monkeypatch.setenv(DATABASE, URL)
    assert keeps_history_elsewhere(settings)


@pytest.mark.parametrize(
    ("text", "url", "message"),
    [
        (POSTGRES, None, "it is not set. Set it to the URL"),
        ("", URL, "keeps its history in SQLite. Choose another home, add the lines"),
        (f"# {DATABASE}\n", URL, "keeps its history in SQLite"),
        (POSTGRES, "host/history", "cannot be understood. Write it as in postgresql://"),
        (POSTGRES, "postgresql+psycopg://me:secret@host/history", r"found postgresql\+psycopg://"),
        (POSTGRES, "sqlite:///secret.db", "found sqlite://"),
    ],
)
def test_a_home_that_contradicts_the_variable_is_refused(settings, monkeypatch, text, url, message):
    """No history is begun silently in another place; the password is not shown."""
    settings.write_text(text)
    if url is not None:
        monkeypatch.setenv(DATABASE, url)
    with pytest.raises(ArtifactError, match=message) as caught:
        keeps_history_elsewhere(settings)
    assert "secret" not in str(caught.value)


def test_other_errors_are_not_taken_for_the_database():
    """Only an error that PostgreSQL's driver caused is due to the database."""
    assert database_problem(ValueError("no")) is None


def test_a_query_that_was_cut_is_said_in_one_line() -> None:
    """SQLAlchemy's own words go over many lines, with the query."""
    text = (
        "sqlalchemy.exc.OperationalError: (psycopg2.OperationalError) server closed the connection "
        "unexpectedly\n\tThis probably means the server terminated abnormally\n[SQL: SELECT 1]\n"
    )
    said = lost_query(text)
    assert said is not None
    assert said.startswith("the database of the run history does not answer: server closed the")
    assert "\n" not in said
    assert lost_query("ValueError: (psycopg2) is a name") is None
