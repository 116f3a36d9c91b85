"""Cases drawn at random from rows that stand for many: how many of each row."""

import numpy as np
from jaxtyping import Bool, Int64

from lr_pipeline.tables.case_counts import CaseCounts

LISTED_CASES = 10_000_000  # in all, with a byte or nine for each

Drawn = Int64[np.ndarray, " n"]
CaseMask = Bool[np.ndarray, " cases"]


def drawn_of_rows(in_part: CaseMask, cases: CaseCounts) -> Drawn:
    """(n,) how many of each row's cases are marked; a row's cases are neighbours."""
    ends = np.cumsum(cases, dtype=np.int64)
    before = np.concatenate([[0], np.cumsum(in_part, dtype=np.int64)])
    return np.diff(before[np.concatenate([[0], ends])])


def draw_cases(cases: np.ndarray, number: int, random: np.random.RandomState) -> Drawn:
    """(n,) how many of each row's cases are among ``number``, all sets of as many alike likely.

    Without a list of the cases: each is drawn by itself with the probability number / Σ cases,
    which leaves some √number too many or too few; those are taken back, or drawn, one by one.
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
    """The same, of few: different ones by their places among all."""
    ends = np.cumsum(cases)
    places = np.zeros(0, np.int64)
    while len(places) < number:
        more = random.randint(0, ends[-1], number - len(places), dtype=np.int64)
        places = np.unique(np.concatenate([places, more]))
    return np.bincount(np.searchsorted(ends, places, side="right"), minlength=len(cases))
