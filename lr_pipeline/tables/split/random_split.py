"""Draws test rows, or test cases, at random as scikit-learn's ``train_test_split`` does."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Int64

from lr_pipeline.tables.case_counts import CaseCounts
from lr_pipeline.tables.errors import table_error
from lr_pipeline.tables.row_choice import RowMask
from lr_pipeline.tables.split.split_policy import SplitPolicy
from lr_pipeline.tables.table import Table

LISTED_CASES = 10_000_000  # of all rows; a list takes 1 or 9 bytes for each

ClassCounts = Int64[np.ndarray, " k"]
Drawn = Int64[np.ndarray, " n"]
CaseMask = Bool[np.ndarray, " cases"]


def draw_test_rows(table: Table, policy: SplitPolicy) -> RowMask:
    """(n,) whether a row is a test row."""
    positive = _positive_rows(table)
    _require_enough(table.roles.target, "rows", len(positive), int(positive.sum()), policy)
    return _drawn_rows(positive, policy)


def draw_test_cases(table: Table, policy: SplitPolicy, cases: CaseCounts) -> Drawn:
    """(n,) how many of each row's cases are test cases.

    Up to 10 million cases, they are those that ``train_test_split`` would draw if each case were a
    row. For more cases its list would be too long; another set with the same probability is drawn.
    """
    positive = _positive_rows(table)
    total = int(cases.sum(dtype=np.int64))
    of_positive = int(cases[positive].sum(dtype=np.int64))
    _require_enough(table.roles.target, "cases", total, of_positive, policy)
    if total <= LISTED_CASES:
        return drawn_of_rows(_drawn_rows(np.repeat(positive, cases), policy), cases)
    random, tested = np.random.RandomState(policy.seed), np.zeros(len(cases), np.int64)
    if not policy.stratify:
        return draw_cases(cases, math.ceil(policy.test_size * total), random)
    _, for_test = _class_sizes([total - of_positive, of_positive], policy, random)
    for label, number in enumerate(for_test.tolist()):
        of_class = positive == label
        tested[of_class] = draw_cases(cases[of_class], number, random)
    return tested


def _positive_rows(table: Table) -> RowMask:
    return np.concatenate([np.zeros(0, bool), *(y == 1.0 for y in table.label_blocks())])


def _drawn_rows(positive: RowMask, policy: SplitPolicy) -> RowMask:
    """(n,) whether ``train_test_split`` would choose a row for the test, in 1 or 9 bytes a row.

    That function makes lists of Python integers; this one draws the same rows in the same order.
    """
    random = np.random.RandomState(policy.seed)
    rows = len(positive)
    in_test = np.zeros(rows, bool)
    if not policy.stratify:
        in_test[random.permutation(rows)[: math.ceil(policy.test_size * rows)]] = True
        return in_test
    classes = [rows - int(positive.sum()), int(positive.sum())]
    for_training, for_test = _class_sizes(classes, policy, random)
    for label in (0, 1):
        order = random.permutation(classes[label])
        chosen = order[for_training[label] : for_training[label] + for_test[label]]
        of_class = np.flatnonzero(positive == label)
        in_test[of_class[chosen]] = True
    return in_test


def _class_sizes(
    classes: Sequence[int], policy: SplitPolicy, random: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray]:
    """(2,) numbers of training rows and of test rows of each class, in a stratified split."""
    counts = np.array(classes)
    tested = math.ceil(policy.test_size * counts.sum())
    for_training = numbers_drawn(counts, counts.sum() - tested, random)
    return for_training, numbers_drawn(counts - for_training, tested, random)


def numbers_drawn(
    counts: ClassCounts, drawn: int | np.int64, random: np.random.RandomState
) -> ClassCounts:
    """(k,) how many rows of each class are among ``drawn`` rows: its share of them, rounded.

    Shares are rounded down. The rows that are lacking then go to the classes with the largest
    remainders, and among equal remainders to classes drawn at random. scikit-learn rounds in the
    same way and draws the same classes (``sklearn.utils.extmath._approximate_mode``, which takes a
    second to import).
    """
    shares = counts / counts.sum() * drawn
    numbers: ClassCounts = np.floor(shares).astype(int)
    remainder = shares - numbers
    lacking = int(drawn - numbers.sum())
    for largest in np.unique(remainder)[::-1]:
        if lacking <= 0:
            break
        alike = np.flatnonzero(remainder == largest)
        chosen = random.choice(alike, size=min(len(alike), lacking), replace=False)
        numbers[chosen] += 1
        lacking -= len(chosen)
    return numbers


def _require_enough(target: str, unit: str, rows: int, positive: int, policy: SplitPolicy) -> None:
    """Raise ``TableError`` where scikit-learn would refuse; ``unit``: rows or cases."""
    counts = f"{positive} positive and {rows - positive} negative {unit} of target {target!r}"
    if policy.stratify and min(positive, rows - positive) < 2:
        raise table_error(
            f"a stratified split needs 2 {unit} of each class, found {counts}",
            "Add rows of the rarer class",
            target,
        )
    test_rows = math.ceil(policy.test_size * rows)
    needed = 2 if policy.stratify else 1
    if min(test_rows, rows - test_rows) < needed:
        raise table_error(
            f"test_size={policy.test_size} of {rows} {unit} leaves {rows - test_rows} for training "
            f"and {test_rows} for the test; each part needs {needed}",
            "Add rows or change test_size",
        )


def drawn_of_rows(in_part: CaseMask, cases: CaseCounts) -> Drawn:
    """(n,) how many of each row's cases are in the part; the cases of a row stand side by side."""
    ends = np.cumsum(cases, dtype=np.int64)
    before = np.concatenate([[0], np.cumsum(in_part, dtype=np.int64)])
    return np.diff(before[np.concatenate([[0], ends])])


def draw_cases(cases: np.ndarray, number: int, random: np.random.RandomState) -> Drawn:
    """(n,) how many of each row's cases are drawn; all sets of ``number`` cases are equally likely.

    No list of the cases is made. Each case is first drawn independently with the probability
    number / Σ cases, which gives about √number too many or too few; the surplus is taken back, or
    the rest is drawn, one by one.
    """
    cases = cases.astype(np.int64)
    drawn: Drawn = random.binomial(cases, number / int(cases.sum())).astype(np.int64)
    lacking = number - int(drawn.sum())
    if lacking >= 0:
        drawn += _few_cases(cases - drawn, lacking, random)
    else:
        drawn -= _few_cases(drawn, -lacking, random)
    return drawn


def _few_cases(cases: Drawn, number: int, random: np.random.RandomState) -> Drawn:
    """Draw a few different cases by their positions among all."""
    ends = np.cumsum(cases)
    places = np.zeros(0, np.int64)
    while len(places) < number:
        more = random.randint(0, ends[-1], number - len(places), dtype=np.int64)
        places = np.unique(np.concatenate([places, more]))
    return np.bincount(np.searchsorted(ends, places, side="right"), minlength=len(cases))
