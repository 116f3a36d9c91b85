"""Tables remembered beside the run history: written, read, edited, deleted."""

import logging
import os
from dataclasses import replace

import pytest
import yaml

from lr_pipeline.orchestration.instance.plan_fields import PlanError
from lr_pipeline.orchestration.instance.remembered_tables import (
    UnusablePlan,
    read_plan,
    remember,
    remembered_plans,
    remembered_settings,
    table_file,
)
from lr_pipeline.orchestration.table_plan import TablePlan
from lr_pipeline.tables.sources.declared_tables import FileTable

PLAN = TablePlan(FileTable("/data/churn.csv", "churned", exclude=("day",)), "churn")


def test_a_table_is_remembered_as_text_for_people(tmp_path) -> None:
    """The file begins with how to edit and remove it, then come path and target."""
    written = remember(PLAN, tmp_path)
    assert written.changed
    assert written.path == tmp_path / "tables" / "churn.yaml"
    text = written.path.read_text()
    assert text.startswith("# The table churn of the web UI")
    assert "delete it to remove the table" in text
    assert "table:\n  kind: file\n  path: /data/churn.csv\n  target: churned\n" in text
    assert list(remembered_plans(tmp_path)) == [PLAN]


def test_a_later_run_updates_it_and_an_equal_one_leaves_it_alone(tmp_path) -> None:
    """Somebody's comments stay until another run says something else."""
    path = remember(PLAN, tmp_path).path
    path.write_text("# mine\n" + path.read_text())
    assert not remember(PLAN, tmp_path).changed
    assert path.read_text().startswith("# mine\n")
    other = replace(PLAN, training={"penalty": "firth"})
    assert remember(other, tmp_path).changed
    assert list(remembered_plans(tmp_path)) == [other]


def test_what_no_option_gave_is_kept(tmp_path) -> None:
    """Rows to score, how they are scored, and the champion's policy; a new policy replaces it."""
    path = remember(PLAN, tmp_path).path
    written = {
        "score_path": "/data/new.csv",
        "scoring": {"reasons": 3},
        "automation": {"timezone": "Europe/Berlin"},
        "acknowledged": {"contract": {"says": "few rows", "because": "they are all there are"}},
    }
    policy = {"metric": "roc_auc", "alpha": 0.1}
    path.write_text(path.read_text() + yaml.safe_dump(written | {"champion": policy}))
    other = replace(PLAN, engine="streaming", champion=policy, **written)
    remember(replace(PLAN, engine="streaming"), tmp_path)
    assert read_plan(path) == other
    assert remembered_settings("churn", "champion", tmp_path) == policy
    remember(replace(PLAN, champion={"metric": "log_loss"}), tmp_path)
    assert read_plan(path).champion == {"metric": "log_loss"}
    assert remembered_settings("other", "champion", tmp_path) == {}


def test_a_policy_that_is_none_ends_a_run(tmp_path) -> None:
    """The file is named: the run would decide by another policy than the one that stands there."""
    path = remember(PLAN, tmp_path).path
    path.write_text(path.read_text() + "champion: {alpha: 2}\n")
    with pytest.raises(PlanError, match=r"churn\.yaml: champion: alpha: .*less than 0\.5"):
        remembered_settings("churn", "champion", tmp_path)


def test_taking_back_restores_what_was_there(tmp_path) -> None:
    """Unless somebody has written the file since."""
    first = remember(PLAN, tmp_path)
    wrong = replace(PLAN, source=FileTable("/data/churn.csv", "chruned"))
    remember(wrong, tmp_path).take_back()
    assert read_plan(first.path) == PLAN
    second = remember(wrong, tmp_path)
    second.path.write_text(first.text)
    second.take_back()
    assert second.path.read_text() == first.text
    remember(PLAN, tmp_path).take_back()
    assert first.path.exists()
    new = remember(replace(PLAN, name="new"), tmp_path)
    new.take_back()
    assert not new.path.exists()


def test_a_deleted_file_is_a_forgotten_table(tmp_path) -> None:
    """The folder may be missing too, as in a home of an earlier version."""
    assert list(remembered_plans(tmp_path / "none")) == []
    remember(PLAN, tmp_path).path.unlink()
    assert list(remembered_plans(tmp_path)) == []


def test_each_home_has_its_own_tables(tmp_path) -> None:
    """Two homes may have two tables of one name."""
    other = replace(PLAN, source=FileTable("/other/churn.csv", "left"))
    remember(PLAN, tmp_path / "a")
    remember(other, tmp_path / "b")
    assert list(remembered_plans(tmp_path / "a")) == [PLAN]
    assert list(remembered_plans(tmp_path / "b")) == [other]


BROKEN = {
    "yaml": (b"table: [", "no YAML"),
    "bytes": (b"table: \xff", "not UTF-8 at byte 8"),
    "empty": (b"", "expected the fields table and training"),
    "text": (b"hello", "expected the fields table and training"),
    "date": (b"table: {kind: file, path: a, target: 2024-02-31}", "no YAML: day is out of range"),
    "other": (b"table: {kind: cube}", "table kind 'cube' is unknown"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_named_with_its_reason_and_the_others_load(name, tmp_path, caplog) -> None:
    """The log has a warning, and the next run of the table writes the file again."""
    content, said = BROKEN[name]
    path = remember(PLAN, tmp_path).path.with_stem(name)
    path.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        found = {plan.name: plan for plan in remembered_plans(tmp_path)}
    assert found["churn"] == PLAN
    assert isinstance(found[name], UnusablePlan)
    assert said in found[name].reason
    assert f"{path}: {found[name].reason}" in caplog.text
    assert remember(replace(PLAN, name=name), tmp_path).changed
    assert read_plan(path) == replace(PLAN, name=name)


def test_a_file_name_that_is_no_tables_name_is_refused(tmp_path) -> None:
    """The table's name is a part of the names of its jobs."""
    path = remember(PLAN, tmp_path).path
    path.rename(path.with_stem("my-table"))
    (found,) = remembered_plans(tmp_path)
    assert isinstance(found, UnusablePlan)
    assert found.name == "my_table"
    assert "Rename the file" in found.reason


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_may_not_be_read_is_refused(tmp_path) -> None:
    """The reason is the operating system's."""
    remember(PLAN, tmp_path).path.chmod(0)
    (found,) = remembered_plans(tmp_path)
    assert "ermission" in found.reason


def test_a_table_without_a_name_is_not_remembered(tmp_path) -> None:
    """The tutorial's table is in the web UI anyway."""
    with pytest.raises(PlanError, match="without a name"):
        remember(replace(PLAN, name=None), tmp_path)
    assert not table_file("churn", tmp_path).parent.exists()
