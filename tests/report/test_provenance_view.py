from dataclasses import replace

import numpy as np

from lr_pipeline.evaluation.findings import DrawnRow, Findings, HeldOutRows
from lr_pipeline.evaluation.run_facts import AssetCost, RunFacts
from lr_pipeline.report.provenance_view import NOT_RECORDED, byline, provenance_view

HELD_OUT = HeldOutRows(np.array([0.0, 1.0]), 0.5, 8, "train", "test")
BARE = Findings(HELD_OUT, [])
RUN = RunFacts(
    table="churn",
    run_id="0123456789abcdef",
    started="2026-11-29T11:48:40Z",
    costs=(AssetCost("dataset", 0.614, 312.04), AssetCost("train_set", 0.1)),
    earlier_reports=3,
    config={"numpy_model": {"config": {"penalty": "l2", "l2": 0.5}}},
    engine={"name": "Engine", "block_rows": None},
    code={"version": "0.1.0", "commit": "f5d105b" + "0" * 33, "source": "abc"},
    arithmetic=(
        {
            "internal_api": "openblas",
            "version": "0.3.30",
            "architecture": "SkylakeX",
            "threading_layer": None,
            "num_threads": 1,
        },
    ),
)


def test_what_is_not_known_is_said_to_be_so():
    """A report made outside a run has no date, no run and no count of uses."""
    assert set(byline(BARE).values()) == {NOT_RECORDED}
    view = provenance_view(BARE)
    assert view.code == {"Code": NOT_RECORDED}
    assert set(view.run.values()) == {NOT_RECORDED}
    assert view.costs == []


def test_the_line_below_the_title_has_date_run_data_and_code():
    """Hashes are cut to what an eye compares."""
    findings = replace(BARE, run=RUN, data={"content": {"sha256": "cd" * 32}})
    assert byline(findings) == {
        "Made": "2026-11-29 11:48:40 UTC",
        "Run": "01234567",
        "Data": "cdcdcdcdcdcd",
        "Code": "lr-pipeline 0.1.0, commit f5d105b00000",
    }


def test_settings_seeds_libraries_and_costs_are_listed():
    """Each is a line; a cost that is not known is a dash."""
    findings = replace(BARE, run=RUN, data={"split": {"seed": 5}}, drawn_row=DrawnRow(1, 9))
    view = provenance_view(findings)
    assert view.run["Settings"] == "numpy_model: config penalty l2, l2 0.5"
    assert view.run["Engine"] == "name: Engine; block_rows: –"
    assert view.run["Seeds"] == "split 5, drawn row 9"
    assert "3 times before" in view.run["Uses of this test set"]
    assert view.code["Arithmetic"] == "openblas 0.3.30 (SkylakeX), 1 thread"
    costs = [["dataset", "0.61 s", "312 MB"], ["train_set", "0.10 s", "–"]]
    assert view.costs == costs
    own = provenance_view(findings, AssetCost("evaluation_report", 3.0, 400.0)).costs
    assert own == [*costs, ["evaluation_report, until this page was written", "3.00 s", "400 MB"]]


def test_passes_over_a_cluster_are_apart_from_the_other_lines():
    """They are many, and folded away."""
    lines = {"Pass 1": "2 s", "numpy": "2.4", "Split": "random"}
    view = provenance_view(replace(BARE, provenance=lines))
    assert view.passes == {"Pass 1": "2 s"}
    assert view.code["numpy"] == "2.4"
    assert view.data["Split"] == "random"
