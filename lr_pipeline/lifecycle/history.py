"""What a table's earlier rulings, oldest first, mean for the next one."""

from collections.abc import Sequence

from lr_pipeline.lifecycle.challenge import Policy
from lr_pipeline.lifecycle.model_in_use import Record, Ruling

History = Sequence[Record]


def times_decided(history: History, test_fingerprint: str) -> int:
    """Return how many tests were made on these test rows."""
    found = [
        one.ruling.challenge for one in history if one.ruling.test_fingerprint == test_fingerprint
    ]
    return sum(one is not None and one.tested and not one.repeated for one in found)


def decided_already(
    history: History, test_fingerprint: str, against: str, version: str, policy: Policy
) -> Ruling | None:
    """Return the test of the same challenger and champion on the same rows by the same policy."""
    for one in history:
        ruling, found = one.ruling, one.ruling.challenge
        if found is None or not found.tested or ruling.challenger != version:
            continue
        same = (found.against, found.policy) == (against, policy)
        if same and ruling.test_fingerprint == test_fingerprint:
            return ruling
    return None


def earlier_champions(history: History) -> list[Record]:
    """Return the records with which each version came in that a rollback can return to.

    They are as on a stack, the latest last: a version that comes in is put on top, and a rollback
    takes off all above the version to which it returns. The one in use is not among them.
    """
    stack: list[Record] = []
    for one in history:
        if not one.changed or one.version is None:
            continue
        below = [place for place, other in enumerate(stack) if other.version == one.version]
        if one.ruling.action == "rolled back" and below:
            del stack[below[-1] + 1 :]
        else:
            stack.append(one)
    return stack[:-1]


def withdrawal(history: History, version: str) -> Ruling | None:
    """Return the rollback that took this version out of use, unless it was put back by hand."""
    found = None
    for one in history:
        if one.ruling.action == "rolled back" and one.ruling.replaced == version:
            found = one.ruling
        elif one.ruling.by_hand and one.version == version:
            found = None
    return found
