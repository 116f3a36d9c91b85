"""The latest earlier report of a table, from the event log."""

from pathlib import Path

import dagster as dg

from lr_pipeline.orchestration.instance.earlier_reports import latest_earlier_report
from lr_pipeline.orchestration.instance.io_manager import artifact_metadata
from lr_pipeline.report.render import Report
from lr_pipeline.storage.artifacts import version_name, write_artifact

KEY = dg.AssetKey(["shop", "evaluation_report"])


def made(instance, folder, **numbers) -> str:
    """Store a report outside of any run, record it, and return its path."""
    artifact = write_artifact(folder, KEY.path, version_name("elsewhere"), Report("<p>", numbers))
    event = dg.AssetMaterialization(KEY, metadata=artifact_metadata(artifact))
    instance.report_runless_asset_event(event)
    return str(artifact.path)


def test_the_first_report_has_none_before_it(instance, tmp_path):
    """Neither has a run whose own report is the only one."""
    assert latest_earlier_report(instance, KEY, "this run") is None
    made(instance, tmp_path)
    own = instance.fetch_materializations(KEY, limit=1).records[0].run_id
    assert latest_earlier_report(instance, KEY, own) is None


def test_the_latest_one_of_the_same_table_is_found(instance, tmp_path):
    """The report comes with the start of its run, which its page shows."""
    made(instance, tmp_path, train_rows=1)
    made(instance, tmp_path, train_rows=2, run={"started": "2031-05-06T07:08:09Z"})
    found = latest_earlier_report(instance, KEY, "this run")
    assert found is not None and found.numbers is not None
    assert found.numbers["train_rows"] == 2
    assert found.made == "2031-05-06T07:08:09Z"
    other = dg.AssetKey(["other", "evaluation_report"])
    assert latest_earlier_report(instance, other, "this run") is None


def test_one_that_does_not_know_its_run_has_the_time_of_its_storing(instance, tmp_path):
    """Reports of an earlier version do not know their run."""
    made(instance, tmp_path)
    found = latest_earlier_report(instance, KEY, "this run")
    assert found is not None and found.made.startswith("20") and found.made.endswith("Z")


def test_one_whose_file_was_removed_is_found_without_its_numbers(instance, tmp_path):
    """The message says what is missing, and the new report is made all the same."""
    Path(made(instance, tmp_path)).unlink()
    found = latest_earlier_report(instance, KEY, "this run")
    assert found is not None and found.numbers is None
    assert "report.html" in found.problem
