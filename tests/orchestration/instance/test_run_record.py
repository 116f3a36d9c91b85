"""The facts of a run that its report tells, read from the event log."""

import json
from pathlib import Path

import dagster as dg
import pytest

from lr_pipeline.evaluation.report_differences import compare_reports
from lr_pipeline.orchestration.instance.io_manager import ArtifactIOManager
from lr_pipeline.orchestration.instance.run_record import record_of_run
from lr_pipeline.orchestration.pipeline import build_definitions
from lr_pipeline.orchestration.resources.engine_resource import Engine
from lr_pipeline.tables.sources.declared_tables import FileTable, SyntheticTable
from lr_pipeline.tables.split.split_table import SplitPolicy, split_table
from lr_pipeline.tables.validation.schema_change import ACCEPT
from lr_pipeline.versions import code_identity
from tests.homes import ready_home

SPECTOR = Path(__file__).parents[3] / "data/samples/spector.csv"


@pytest.fixture(scope="module")
def reports(tmp_path_factory, undrawn):
    """Return reports of two equal runs, of one without a column, and of one of another split."""
    root = str(tmp_path_factory.mktemp("artifacts"))
    found = []
    home = ready_home(tmp_path_factory.mktemp("home"))
    with dg.DagsterInstance.from_config(str(home)) as instance:
        for seed, left_out in ((123, ()), (123, ()), (123, ("TUCE",)), (7, ())):
            split = SplitPolicy(seed=seed, kind="random")
            table = FileTable(SPECTOR, "GRADE", split=split, exclude=left_out)
            definitions = build_definitions(
                table, "spector", resources={"io_manager": ArtifactIOManager(root=root)}
            )
            result = definitions.resolve_job_def("spector__training_job").execute_in_process(
                instance=instance,
                tags={ACCEPT: "true"},
                run_config={
                    "ops": {
                        "spector__numpy_model": {"config": {"penalty": "l2", "l2": 0.5}},
                        "spector__evaluation_report": {"config": {"cv": {"repeats": 0}}},
                    }
                },
            )
            found.append((result.run_id, result.output_for_node("spector__evaluation_report")))
    return found


def test_a_report_names_its_run_its_data_and_its_code(reports):
    """The line below the title and the JSON have them."""
    run_id, report = reports[0]
    numbers = json.loads(json.dumps(report.numbers, allow_nan=False))
    assert numbers["run"]["id"] == run_id
    assert numbers["code"]["source"] == code_identity()["source"]
    assert numbers["data"]["declaration"]["target"] == "GRADE"
    assert numbers["data"]["content"]["sha256"][:12] in report.html
    assert f"Run: <bdi>{run_id[:8]}</bdi>" in report.html
    assert "spector: GRADE = 1?" in report.html
    assert numbers["settings"]["config"]["numpy_model"]["config"] == {"penalty": "l2", "l2": 0.5}
    assert numbers["settings"]["engine"]["name"] == "Engine"


def test_a_report_tells_what_each_asset_took(reports):
    """There are time and memory of the assets before the report, none of the checks."""
    costs = {one["asset"]: one for one in reports[0][1].numbers["run"]["costs"]}
    assert {"dataset", "train_set", "test_set", "numpy_model", "torch_model"} <= set(costs)
    assert list(costs)[-1] == "evaluation_report"  # itself, until its page was written
    assert "report, until this page was written" in reports[0][1].html
    assert all(0 < one["seconds"] < 600 and one["peak_mb"] > 50 for one in costs.values())


def test_a_report_counts_the_earlier_ones_on_the_same_test_rows(reports):
    """Without a column they are the same rows; another split has others, and counts from zero."""
    assert [report.numbers["run"]["earlier_reports"] for _, report in reports] == [0, 1, 2, 0]
    assert "looked at these test rows once before" in reports[1][1].html


def test_a_report_tells_what_changed_since_the_last_one(reports):
    """The first has none, a second one of the same thing says so, and a lost column is named."""
    since = [report.numbers["run"]["since"] for _, report in reports]
    assert since[0] is None
    assert since[1]["nothing"] and since[1]["run"] == reports[0][0]
    assert since[1]["made"] == reports[0][1].numbers["run"]["started"]
    assert [(one["column"], one["what"]) for one in since[2]["columns"]] == [("TUCE", "removed")]
    assert since[2]["same_test_rows"] is True and since[3]["same_test_rows"] is False
    assert {"what": "split seed", "before": 123, "now": 7} in since[3]["settings"]
    sections = ['id="since"' in report.html for _, report in reports]
    assert sections == [False, True, True, True]
    assert "Nothing changed since the report of" in reports[1][1].html


def test_a_report_names_the_champion_before_its_run(reports):
    """There is none before the first ruling; too few rows earn no model the place after it."""
    in_use = [report.numbers["run"]["in_use"] for _, report in reports]
    assert in_use[0] == {"version": None, "since": None, "ruled": False}
    assert in_use[1]["ruled"] is True and in_use[1]["version"] is None
    assert "no model of this table was in use" not in reports[0][1].html
    assert "no model of this table was in use" in reports[1][1].html


def test_a_replay_is_the_same_though_more_was_known_of_the_table(reports):
    """What a run found in its home is not among the results."""
    found = compare_reports(reports[1][1].numbers, reports[0][1].numbers)
    assert (found.outcome, found.unequal) == ("same bits", 0)


def test_what_differs_between_two_runs_of_the_same_thing_is_under_one_key(reports):
    """All other numbers are the same to the last bit."""
    first, second = (dict(report.numbers) for _, report in reports[:2])
    assert first.pop("run") != second.pop("run")
    assert first == second


def test_outside_a_run_only_the_code_is_known():
    """An asset that is called directly has no run, and no instance."""
    _, test = split_table(SyntheticTable().read(), SplitPolicy())
    facts = record_of_run(Engine(), test)
    assert (facts.run_id, facts.earlier_reports, facts.costs) == ("", None, ())
    assert facts.code == code_identity()
