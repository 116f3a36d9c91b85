"""Check that artifacts belong together: that they come from one split."""

from collections.abc import Mapping

from lr_pipeline.tables.table import Table


class ProvenanceError(ValueError):
    """Artifacts come from different splits."""


def require_same_split(train_fingerprints: Mapping[str, str], test_set: Table) -> None:
    """Refuse to test a model on a test set that comes from another split than its training set.

    Parameters
    ----------
    train_fingerprints
        Artifact → fingerprint of the training set from which it was made.
    test_set
        Its provenance names the training set of the same split.

    Raises
    ------
    ProvenanceError
        Naming the artifact and both fingerprints.
    """
    expected = test_set.provenance["split"]["counterpart"]
    for name, found in train_fingerprints.items():
        if found != expected:
            raise ProvenanceError(
                f"{name} was made from training set {found[:12]}, but the test set "
                f"{test_set.fingerprint[:12]} belongs to training set {expected[:12]}. "
                f"Materialize {name} again, together with train_set and test_set."
            )


def require_same_table(name: str, found: str, train_set: Table) -> None:
    """Refuse an artifact that was made from another training set than ``train_set``.

    Raises
    ------
    ProvenanceError
        Naming the artifact and both fingerprints.
    """
    if found != train_set.fingerprint:
        raise ProvenanceError(
            f"{name} was made from training set {found[:12]}, but train_set is now "
            f"{train_set.fingerprint[:12]}. Materialize {name} again."
        )
