"""Names that carry the table's name: of jobs, runs, groups and resources."""

import dagster as dg
import pytest

from lr_pipeline.orchestration.pipeline import build_definitions
from lr_pipeline.orchestration.table_names import NO_TABLE, STAGES, TABLE_TAG, TableNames
from lr_pipeline.tables.sources.declared_tables import FileTable, SyntheticTable

# Names that begin with a digit, are Python's or Dagster's, or are those of the tutorial's groups.
ODD = (
    "2024",
    "class",
    "None",
    "data",
    "study",
    "dataset",
    "a__b",
    "_",
    "table",
    "engine",
    "T" * 200,
)


@pytest.mark.parametrize("name", ODD)
def test_any_name_of_letters_digits_and_underscores_gives_valid_definitions(name) -> None:
    """Dagster resolves each job, and the table's group has no asset of the tutorial's table."""
    definitions = dg.Definitions.merge(
        build_definitions(SyntheticTable(), studies=True),
        build_definitions(FileTable("a.csv", "y"), name),
    )
    dg.Definitions.validate_loadable(definitions)
    job = definitions.resolve_job_def(f"{name}__training_job")
    assert job.tags[TABLE_TAG] == name
    own = {spec.key for spec in definitions.resolve_all_asset_specs() if len(spec.key.path) == 2}
    assert job.asset_layer.selected_asset_keys == own - {
        dg.AssetKey([name, asset]) for asset in ("predictions", "drift_report")
    }
    group = TableNames(name).group("models")
    assert group not in STAGES
    in_group = {s.key for s in definitions.resolve_all_asset_specs() if s.group_name == group}
    assert in_group == own


@pytest.mark.parametrize("name", ["my-table", "a/b", "", "客户", "a b"])
def test_other_names_are_refused_with_the_remedy(name) -> None:
    """They could not be part of a job's name."""
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="letters, digits and underscores"):
        build_definitions(FileTable("a.csv", "y"), name)


def test_a_table_without_a_name_has_plain_names() -> None:
    """The tutorial's table keeps the names that the walkthrough quotes."""
    assert NO_TABLE.key("dataset") == dg.AssetKey("dataset")
    assert (NO_TABLE.named("training_job"), NO_TABLE.resource("table")) == ("training_job", "table")
    assert [NO_TABLE.group(stage) for stage in STAGES] == list(STAGES)
    assert NO_TABLE.tags == {}


@pytest.mark.parametrize("names", [NO_TABLE, TableNames("churn")])
def test_an_assets_key_tells_the_table(names) -> None:
    """So an asset finds the others of its table."""
    assert TableNames.of(names.key("predictions")) == names
