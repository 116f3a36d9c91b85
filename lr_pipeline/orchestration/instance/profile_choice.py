"""Find the reference profile that was made of a model's own training set."""

from typing import TYPE_CHECKING

from lr_pipeline.lifecycle.drift.reference_profile import ReferenceProfile
from lr_pipeline.orchestration.instance.catalogue import load_recorded, newest_first, recorded
from lr_pipeline.storage.storage_error import ArtifactError

if TYPE_CHECKING:
    from dagster import AssetKey, DagsterInstance


def profile_of_model(
    instance: "DagsterInstance", key: "AssetKey", model_version: str
) -> ReferenceProfile:
    """Return the profile whose materialization recorded this model.

    Raises
    ------
    ArtifactError
        There is none.
    """
    for record in newest_first(instance, key):
        if recorded(record.event_log_entry, "model_version") == model_version:
            return ReferenceProfile.from_dict(load_recorded(key, record.event_log_entry))
    raise ArtifactError(
        f"asset {key.to_user_string()}: expected a profile of the training set of model "
        f"{model_version}, found none. Materialize it, or train again."
    )
