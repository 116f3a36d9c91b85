"""The rows that a model was trained and tested on, as its run stored them."""

from pathlib import Path

from lr_pipeline.orchestration.asset_names import TEST_SET, TRAIN_SET
from lr_pipeline.orchestration.instance.catalogue import load
from lr_pipeline.orchestration.instance.model_choice import is_model_file, model_asset
from lr_pipeline.storage.storage_error import ArtifactError
from lr_pipeline.tables.table import Table


def stored_rows(name: str, home: str | Path | None = None) -> tuple[Table | None, Table | None]:
    """Return the latest training and test rows beside the model ``name`` of a home.

    They are None for a model in a file, and where no such rows are stored any more.
    """
    if is_model_file(name):
        return None, None
    prefix = model_asset(name).rpartition("/")[0]
    train, test = (
        _stored(f"{prefix}/{one}" if prefix else one, home) for one in (TRAIN_SET, TEST_SET)
    )
    return train, test


def _stored(name: str, home: str | Path | None) -> Table | None:
    try:
        value = load(name, home)
    except ArtifactError:
        return None
    return value if isinstance(value, Table) else None
