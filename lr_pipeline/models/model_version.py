"""The version of a model: a name that its content alone determines."""

import hashlib

from lr_pipeline.models.logistic_model import LogisticModel

VERSION_DIGITS = 12


def version_of(model: LogisticModel) -> str:
    """Return the first digits of the SHA-256 of the model's JSON, which is also its file's."""
    return hashlib.sha256(model.to_json().encode()).hexdigest()[:VERSION_DIGITS]
