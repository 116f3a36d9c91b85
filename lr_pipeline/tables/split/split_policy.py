"""The declaration of how a table's rows are split."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from lr_pipeline.tables.errors import table_error
from lr_pipeline.tables.roles import quoted

LARGEST_SEED = 2**32 - 1  # of numpy's RandomState
SPLIT_KINDS = ("random", "sticky", "group", "time")


@dataclass(frozen=True, kw_only=True)
class SplitPolicy:
    """How rows are split: ``test_size`` is the test rows' share of all rows.

    Unless ``kind`` is given, a table with a time column is split by time, one with a group column
    by group, any other at random. ``kind="random"`` chooses exactly that share of the rows;
    ``stratify`` (the default) keeps the share of positive rows the same in both parts, up to
    rounding. ``kind="sticky"`` places each row by ``seed`` and the hash of its group, else of its
    id, else of its number. Rows added later do not move a row (so a test row stays unseen by every
    later model), nothing is held in memory, and the share is met only on average. ``kind="group"``
    needs a group column and keeps its groups whole (as the other two do if there is one).
    ``kind="time"`` needs a time column and tests on the latest rows; rows of one time stay
    together, so that the share is met only approximately. Only a random split stratifies: in the
    others a row's place would then depend on other rows, or on its label.
    """

    test_size: float = 0.2
    stratify: bool | None = None
    seed: int = 123
    kind: str | None = None

    def __post_init__(self) -> None:
        """Refuse a share that leaves a part empty, and stratification where it is impossible."""
        if not 0 < self.test_size < 1:
            raise table_error(
                f"test_size must lie between 0 and 1, found {self.test_size}", "Set it to 0.2, say"
            )
        if type(self.seed) is not int or not 0 <= self.seed <= LARGEST_SEED:
            raise table_error(
                f"seed must be a whole number from 0 to {LARGEST_SEED}, found {self.seed!r}",
                "Set it to 123, say",
            )
        if self.kind is None:
            return
        if self.kind not in SPLIT_KINDS:
            raise table_error(
                f"split kind {self.kind!r} is unknown", f"Set it to one of {quoted(SPLIT_KINDS)}"
            )
        if self.kind != "random" and self.stratify:
            raise table_error(
                f"a {self.kind} split cannot stratify: a row's place would depend on other rows",
                "Leave stratify= out, or set kind='random'",
            )
        if self.stratify is None:
            object.__setattr__(self, "stratify", self.kind == "random")

    def settled(self, group: str | None, time: str | None) -> "SplitPolicy":
        """Return the policy with a kind: the given one, or that of the group or time column.

        Raises
        ------
        TableError
            The table has both columns, and no kind is given.
        """
        if self.kind is not None:
            return self
        if group is not None and time is not None:
            raise table_error(
                f"group {group!r} is to be kept whole, time {time!r} to be cut: no split does both",
                "Name one of them, or set kind='group', 'sticky' or 'random'",
            )
        kind = "time" if time is not None else "group" if group is not None else "random"
        return replace(self, kind=kind)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)
