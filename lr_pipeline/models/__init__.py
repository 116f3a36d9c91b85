"""Trained models: what a fit becomes once it knows its columns, and how it is stored.

A model holds its preparation, its fit and the fingerprint of its training set; it predicts from a
:class:`~lr_pipeline.tables.table.Table` and round-trips through JSON without losing a bit.
"""

from lr_pipeline.models.document import read_document
from lr_pipeline.models.linear_model import LinearModel
from lr_pipeline.models.logistic_model import LogisticModel


def model_from_json(text: str) -> LinearModel | LogisticModel:
    """Restore a model from the JSON that its ``to_json`` wrote; ``kind`` says which it is.

    Raises
    ------
    ModelDocumentError
        A field is missing, of another type, no finite number, or contradicts another.
    FormatVersionError
        A later version of this package wrote it.
    """
    document = read_document(text)
    kinds: dict[str, type[LinearModel] | type[LogisticModel]] = {
        "linear": LinearModel,
        "logistic": LogisticModel,
    }
    return kinds[document["kind"]].from_document(document)
