"""Trained models: a fit together with its columns, and how it is stored.

A model has its preparation, its fit and the fingerprint of its training set. It predicts the rows
of a :class:`~lr_pipeline.tables.table.Table`, and JSON stores it without losing a bit.
"""

from lr_pipeline.models.document import read_document
from lr_pipeline.models.linear_model import LinearModel
from lr_pipeline.models.logistic_model import LogisticModel


def model_from_json(text: str) -> LinearModel | LogisticModel:
    """Restore a model from the JSON that its ``to_json`` wrote; ``kind`` names its class.

    Raises
    ------
    ModelDocumentError
        A field is missing, has another type, is not finite, or contradicts another one.
    FormatVersionError
        A later version of this package wrote it.
    """
    document = read_document(text)
    kinds: dict[str, type[LinearModel] | type[LogisticModel]] = {
        "linear": LinearModel,
        "logistic": LogisticModel,
    }
    return kinds[document["kind"]].from_document(document)
