"""A file's address in an environment variable: it is read, and its value is told nowhere."""

import json

import pandas as pd
import pytest

from lr_pipeline.orchestration.instance.plan_fields import plan_fields, plan_of_fields
from lr_pipeline.orchestration.metadata.source_names import source_identity
from lr_pipeline.orchestration.table_plan import TablePlan
from lr_pipeline.scoring.new_rows import open_new_rows
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.sources.data_root import require_in_data_root
from lr_pipeline.tables.sources.declared_tables import FileTable
from lr_pipeline.tables.sources.source_look import look_at
from tests.http_files import served
from tests.scoring.conftest import fit

DECLARED = "env:ROWS_URL"
ORDERS = FileTable(DECLARED, "y")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Set the variable to a URL with a token, of a file below the folder; return both."""
    (tmp_path / "secretfolder").mkdir()
    with served(tmp_path) as (address, _):

        def of(name: str, text: str | None) -> list[str]:
            if text is not None:
                (tmp_path / "secretfolder" / name).write_text(text)
            url = f"{address}/secretfolder/{name}?token=geheim"
            monkeypatch.setenv("ROWS_URL", url)
            return ["geheim", "secretfolder", address.removeprefix("http://")]

        yield of


CSV = "x,y\n" + "".join(f"{(k * 7) % 11},{k % 2}\n" for k in range(40))


def test_the_file_is_read_and_its_address_is_told_nowhere(place, tmp_path) -> None:
    """Neither the table's provenance nor what is remembered has a part of it."""
    secrets = place("rows.csv", CSV)
    table = ORDERS.read(to_split=True)
    assert table.num_rows == 40
    assert table.provenance["source"] == DECLARED == source_identity(DECLARED)
    assert look_at(ORDERS).of_files
    plan = TablePlan(ORDERS, "orders", score_path=DECLARED)
    fields = plan_fields(plan)
    assert fields["table"]["path"] == fields["score_path"] == DECLARED
    assert plan_of_fields("orders", fields) == plan
    model = fit(table)
    opened = open_new_rows(DECLARED, model.preparation)
    assert (opened.table.num_rows, opened.source) == (40, DECLARED)
    for told in (json.dumps(table.provenance), model.to_json(), repr(fields)):
        assert not [one for one in secrets if one in told]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rows.csv", "x,z\n1,2\n"),
        ("rows.csv", "x,y\n1,2,3,4\n1,2\n"),
        ("rows.parquet", "no Parquet"),
        ("rows.csv", None),
        ("rows.csv", ""),
    ],
)
def test_errors_name_the_variable(place, name, text) -> None:
    """A wrong column, broken files, a file that is not there: the address is in no message."""
    secrets = place(name, text)
    with pytest.raises(TableError) as caught:
        ORDERS.read()
    assert str(caught.value).startswith(f"{DECLARED}: ")
    assert not [one for one in secrets if one in str(caught.value)]


def test_a_server_that_refuses_is_not_named(monkeypatch) -> None:
    """Nothing listens there: the network's own message holds the host."""
    monkeypatch.setenv("ROWS_URL", "http://me:geheim@127.0.0.1:9/rows.csv")
    with pytest.raises(TableError, match=r"^env:ROWS_URL: cannot be reached") as caught:
        ORDERS.read()
    assert "geheim" not in str(caught.value)


def test_a_folder_and_a_pattern_may_stand_there(tmp_path, monkeypatch) -> None:
    """On this machine, too; files below it are named from the variable on."""
    pd.DataFrame({"x": range(20), "y": [0, 1] * 10}).to_csv(tmp_path / "a.csv", index=False)
    monkeypatch.setenv("ROWS_URL", str(tmp_path / "*.csv"))
    assert ORDERS.read().num_rows == 20
    (tmp_path / "b.csv").write_text("x,other\n1,2\n")
    with pytest.raises(TableError) as caught:
        ORDERS.read()
    assert "env:ROWS_URL/b.csv" in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_a_variable_that_is_not_set_is_said(monkeypatch) -> None:
    """With its name, and what to do."""
    monkeypatch.delenv("ROWS_URL", raising=False)
    with pytest.raises(TableError, match="the environment variable ROWS_URL is not set"):
        ORDERS.read()


def test_who_may_only_launch_runs_names_no_variable(tmp_path, monkeypatch) -> None:
    """It could hold the address of a file that only the declaration may name."""
    monkeypatch.setenv("LR_PIPELINE_DATA_ROOT", str(tmp_path))
    monkeypatch.setenv("ROWS_URL", str(tmp_path / "a.csv"))
    (tmp_path / "a.csv").write_text(CSV)
    require_in_data_root(str(tmp_path / "a.csv"), "Move it")
    with pytest.raises(TableError, match="lies outside the data root"):
        require_in_data_root(DECLARED, "Move it")
