"""The names in one module are those of the assets."""

from lr_pipeline.orchestration import asset_names
from lr_pipeline.orchestration.pipeline import build_definitions
from lr_pipeline.tables.sources.declared_tables import SyntheticTable


def test_each_name_is_that_of_an_asset() -> None:
    """No module refers to an asset by another name."""
    graph = build_definitions(SyntheticTable()).resolve_asset_graph()
    assets = {key.to_user_string() for key in graph.get_all_asset_keys()}
    constants = [value for name, value in vars(asset_names).items() if name.isupper()]
    names = {value for value in constants if isinstance(value, str)}
    assert len(names) == 11
    assert names <= assets
    assert {*asset_names.MODELS, *asset_names.TITLES} <= names
