"""Models are tested only on the test set of their own split."""

import pytest

from lr_pipeline.models.provenance import ProvenanceError, require_same_split
from lr_pipeline.tables.split.split_table import SplitPolicy, split_table


def test_the_counterpart_of_the_test_set_is_accepted(parts) -> None:
    """Both parts come from one split."""
    train_set, test_set = parts
    require_same_split({"numpy_model": train_set.fingerprint}, test_set)


def test_a_model_of_another_split_is_refused_with_both_fingerprints(parts, overlapping) -> None:
    """The error names the artifact and both training sets."""
    train_set, test_set = parts
    other, _ = split_table(overlapping, SplitPolicy(seed=7))
    with pytest.raises(ProvenanceError) as raised:
        require_same_split({"numpy_model": other.fingerprint}, test_set)
    for part in ("numpy_model", other.fingerprint[:12], train_set.fingerprint[:12]):
        assert part in str(raised.value)
