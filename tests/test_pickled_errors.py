"""An error that a worker process raises is the same error in the process that catches it.

``multiprocessing`` and ``concurrent.futures`` pickle it on the way. An error that cannot be
restored breaks the whole pool, and its message is lost.
"""

import pickle

import pytest

from lr_pipeline.core.existence.existence import Existence, SeparationError, Verdict
from lr_pipeline.core.limits import ColumnError
from lr_pipeline.engines.cluster.worker_versions import VersionMismatchError
from lr_pipeline.models.document import ModelDocumentError
from lr_pipeline.scoring.new_rows import Difference, SchemaMismatchError
from lr_pipeline.tables.errors import table_error
from lr_pipeline.versions import FormatVersionError

SEPARATED = Existence(Verdict.COMPLETE_SEPARATION, (1,), (2.0,), separated_rows=4)


@pytest.mark.parametrize(
    "error",
    [
        SeparationError(SEPARATED, ("age", "dose")),
        ColumnError("rescale {column}", 1, ("age", "dose")),
        ModelDocumentError("penalty", "it is missing"),
        FormatVersionError("format 9 is later", "Update lr_pipeline"),
        SchemaMismatchError("new.csv", [Difference("age", "int64", "string")]),
        VersionMismatchError("tcp://10.0.0.1", "numpy", "2.3.1", "1.26.0"),
        table_error("no rows", "Add some", "age", 3),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_is_restored_with_its_message_and_its_evidence(error: Exception) -> None:
    """Type, text and attributes are the same after a pickle."""
    restored = pickle.loads(pickle.dumps(error))
    assert type(restored) is type(error)
    assert str(restored) == str(error)
    assert vars(restored) == vars(error)
