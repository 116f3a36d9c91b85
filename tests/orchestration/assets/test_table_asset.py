"""An asset of every table: its description, and whom the tutorial's words belong to."""

import pytest

from lr_pipeline.orchestration.pipeline import build_definitions
from lr_pipeline.tables.sources.declared_tables import FileTable, SyntheticTable


@pytest.mark.parametrize("name", [None, "churn"])
def test_the_tutorial_is_quoted_for_its_own_table_alone(name) -> None:
    """Another table's assets have descriptions without it, no links to it, and not its job."""
    definitions = build_definitions(FileTable("a.csv", "y"), name)
    for spec in definitions.resolve_all_asset_specs():
        assert spec.description
        assert "utorial" not in spec.description
        assert "walkthrough" not in spec.description
        assert "dagster/code_references" not in spec.metadata
    prefix = "" if name is None else f"{name}__"
    jobs = {job.name for job in definitions.jobs}
    assert f"{prefix}training_job" in jobs
    assert all(job.startswith(prefix) for job in jobs)
    assert not jobs & {f"{prefix}tutorial_job", f"{prefix}study_job"}


def test_the_tutorials_own_assets_quote_it() -> None:
    """The heading comes from the tutorial, the sections are those of both walkthroughs."""
    definitions = build_definitions(SyntheticTable())
    told = {spec.key.path[-1]: spec.description for spec in definitions.resolve_all_asset_specs()}
    assert 'Tutorial: "梯度更新".' in told["numpy_model"]
    assert told["numpy_model"].endswith(
        "docs/walkthrough.en.md#gradient, 中文 docs/walkthrough.zh.md#gradient"
    )
    assert "tutorial_job" in {job.name for job in definitions.jobs}
