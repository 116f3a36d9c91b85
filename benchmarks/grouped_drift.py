"""How often the drift report alarms where rows are in groups and nothing has changed.

Each simulation draws groups, as persons with several visits, in training and in new rows: ten
numbers, and ten categories of 3, 14 and 600 levels. A part of each column's variance, ``alike``, is
the group's own; of a category's rows that part has the group's level.
"""

from collections import Counter
from dataclasses import replace

import numpy as np

from benchmarks.markdown import share, table
from lr_pipeline.lifecycle.drift.drift_findings import FEATURE, DriftFindings, find_drift
from lr_pipeline.lifecycle.drift.group_sizes import GroupSizes, LevelGroups
from lr_pipeline.lifecycle.drift.new_counts import CategoryCounts, NewCounts, NumberCounts
from lr_pipeline.lifecycle.drift.reference_profile import (
    CategoryProfile,
    NumberProfile,
    ReferenceProfile,
)
from lr_pipeline.lifecycle.drift.training_profile import enough_for_a_cell
from lr_pipeline.scoring.new_answers import AnswerCounts

NUMBERS = 10
LEVELS = (3, 3, 3, 14, 14, 14, 14, 600, 600, 600)
HEADINGS = ["groups", "rows a group", "alike", "groups as units", "rows as units"]
UNCHANGED = ((100, 10, 1.0), (100, 10, 0.5), (100, 10, 0.0), (300, 10, 1.0))
MOVED = ((1_000, 10, 1.0), (1_000, 10, 0.0))


def group_sizes(rng: np.random.Generator, groups: int, mean: float) -> np.ndarray:
    """Return sizes of groups: 1 + Poisson of a gamma variable, so that some are much larger."""
    return 1 + rng.poisson(rng.gamma(1.0, mean - 1.0, groups))


def draw(rng: np.random.Generator, sizes: np.ndarray, alike: float) -> list[np.ndarray]:
    """Draw all columns of groups of these sizes: numbers, then places of levels, then answers."""
    groups, n = len(sizes), int(sizes.sum())

    def values() -> np.ndarray:
        own = np.repeat(rng.normal(size=groups), sizes)
        return np.sqrt(alike) * own + np.sqrt(1.0 - alike) * rng.normal(size=n)

    def levels(k: int) -> np.ndarray:
        p = 1.0 / np.arange(1, k + 1)
        own = np.repeat(rng.choice(k, groups, p=p / p.sum()), sizes)
        return np.where(rng.random(n) < alike, own, rng.choice(k, n, p=p / p.sum()))

    columns = [values() for _ in range(NUMBERS + 1)]  # the last one is the score
    return [*columns, *map(levels, LEVELS), (values() > 0.84).astype(int)]


def category(name: str, places: np.ndarray, k: int, hashes: np.ndarray, size: float) -> tuple:
    """Return a category's profile, as training makes it, and the places of its own levels."""
    counts, groups = np.bincount(places, minlength=k), LevelGroups(k)
    groups.add(places.astype(np.int64), hashes)
    once, twice = groups.number == 1, groups.number == 2
    own = (counts >= enough_for_a_cell(len(places), size)) & ~once
    profile = CategoryProfile(
        name,
        len(places),
        0,
        tuple(f"l{k}" for k in np.flatnonzero(own)),
        tuple(counts[own].tolist()),
        int(counts[~own & ~once].sum()),
        int(counts[once].sum()),
        round(counts[twice].sum() / 2),
    )
    return profile, own, counts > 0


def simulate(
    rng: np.random.Generator, groups: int, mean: float, alike: float, shift: float = 0.0
) -> tuple[DriftFindings, DriftFindings]:
    """Return the findings with groups as units, and with rows as units."""
    drawn = []
    for _ in range(2):
        sizes = group_sizes(rng, groups, mean)
        hashes = rng.integers(0, 2**64, groups, dtype=np.uint64).repeat(sizes)
        counted = GroupSizes()
        counted.add(hashes, np.ones(len(hashes)))
        drawn.append((draw(rng, sizes, alike), hashes, counted))
    (old, hashes, before), (new, _, after) = drawn
    m, n = len(old[0]), len(new[0])
    new[0] = new[0] + shift
    numbers, found = [], {}
    for k in range(NUMBERS + 1):
        ends = (m, 0, float(old[k].min()), float(old[k].max()))
        numbers.append(NumberProfile.of_sample(f"x{k}", old[k], np.ones(m), ends))
        found[f"x{k}"] = NumberCounts.empty(numbers[-1])
        found[f"x{k}"].add(numbers[-1], new[k], None)
    profiles = {1.0: [], before.mean: []}
    for k, levels in enumerate(LEVELS):
        place, name = NUMBERS + 1 + k, f"c{k}"
        for size, made in profiles.items():
            of_rows = np.arange(m, dtype=np.uint64)
            profile, own, seen = category(
                name, old[place], levels, of_rows if size == 1.0 else hashes, size
            )
            counts = np.bincount(new[place], minlength=levels).astype(float)
            cells = CategoryCounts(
                counts[own], float(counts[~own & seen].sum()), float(counts[~seen].sum())
            )
            made.append((profile, cells))
    yes, new_yes = int(old[-1].sum()), int(new[-1].sum())
    score, of_score = numbers.pop(), found.pop(f"x{NUMBERS}")
    answers = AnswerCounts(
        "1", frozenset("0"), ["1", "0"], Counter({"1": new_yes, "0": n - new_yes})
    )
    results = []
    for size, made in reversed(profiles.items()):
        reference = ReferenceProfile(
            "", "", "y", 1, m, m, yes, ((1, yes), (0, m - yes)), 1,
            (*numbers, *(one for one, _ in made)), score, size,
        )  # fmt: skip
        features = found | {one.name: cells for one, cells in made}
        counts = NewCounts(features, of_score, n, float(n), replace(answers))
        counts.groups = None if size == 1.0 else after
        results.append(find_drift(reference, counts))
    return results[0], results[1]


def shares(groups: int, mean: float, alike: float, shift: float, runs: int, seed: int) -> list[str]:
    """Return how often each rule alarms or, with a shift, reports the column that has moved."""
    hits = [0, 0]
    for run in range(runs):
        rng = np.random.default_rng([seed, run])
        for k, one in enumerate(simulate(rng, groups, mean, alike, shift)):
            names = {c.subject for c in one.drifted if c.kind == FEATURE}
            hits[k] += "x0" in names if shift else bool(one.drifted)
    return [f"{groups:,}", f"{mean:g}", f"{alike:g}", *(share(one, runs) for one in hits)]


def section(runs: int, seed: int) -> list[str]:
    """Run the simulations of groups, and return their part of the page."""
    none = [shares(*one, 0.0, runs, seed + k) for k, one in enumerate(UNCHANGED)]
    fewer = max(1, runs // 10)
    moved = [shares(*one, 0.2, fewer, seed + 10 + k) for k, one in enumerate(MOVED)]
    return [
        "## Rows in groups",
        "",
        "Several rows of one person, in training and in new rows; sizes of groups vary as much as "
        f"their mean. {NUMBERS} numbers and {len(LEVELS)} categories, the score and answers. "
        "*Alike* is the part of a column that is the group's own. The table's group column makes "
        "each group count as one unit; without it rows do. Nothing has changed; the share of "
        "simulations with any alarm:",
        "",
        table(HEADINGS, none),
        "",
        f"One column has moved by 0.2 SD ({fewer:,} simulations a line). Groups as units find it "
        "as if all rows of a group were alike, whether they are or not: that is the price.",
        "",
        table(HEADINGS, moved),
        "",
    ]
