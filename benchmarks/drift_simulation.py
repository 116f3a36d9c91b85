"""How often the drift report alarms where nothing has changed, and where a column has moved.

    python -m benchmarks.drift_simulation

Each simulation draws a training set and new rows of 20 columns, and lets the package decide. Only
what the decision depends on is drawn: order statistics at the kept quantiles and counts in cells,
whose distributions are known exactly. So a simulation of a million rows costs no more than one of a
thousand. The result is ``benchmarks/results-drift.md``.
"""

import argparse
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri

from benchmarks import grouped_drift
from benchmarks.markdown import share, table
from lr_pipeline.lifecycle.drift.case_sample import SAMPLED_CASES, sampling_step
from lr_pipeline.lifecycle.drift.drift_findings import FEATURE, DriftFindings, find_drift
from lr_pipeline.lifecycle.drift.new_counts import (
    CategoryCounts,
    FeatureCounts,
    NewCounts,
    NumberCounts,
)
from lr_pipeline.lifecycle.drift.reference_profile import (
    MOST_POINTS,
    CategoryProfile,
    FeatureProfile,
    NumberProfile,
    ReferenceProfile,
    quantile_levels,
)
from lr_pipeline.lifecycle.drift.training_profile import enough_for_a_cell
from lr_pipeline.scoring.new_answers import AnswerCounts

RUNS = 1_000
PAGE = Path(__file__).parent / "results-drift.md"
NUMBERS, COUNTS = 8, 2
MISSING = 0.05  # share of missing values in every second column
PREVALENCE = 0.2
CATEGORIES = (
    *[np.array([0.5, 0.3, 0.2])] * 5,
    *[np.array([0.3, 0.2, 0.1, 0.1, *[0.05] * 4, *[0.02] * 4, 0.015, 0.005])] * 4,
    1.0 / np.arange(1, 3_001) ** 1.3,  # long-tailed: new rows always have unseen levels
)


class Drawn(NamedTuple):
    """A column's training side, and its new rows counted in it."""

    profile: FeatureProfile
    counts: FeatureCounts


def draw_number(
    rng: np.random.Generator, name: str, m: int, n: int, missing: float, shift: float
) -> Drawn:
    """Draw a normal column; the new rows are moved by ``shift`` standard deviations.

    The column is drawn as ranks: u = Φ(x). Of sorted uniform numbers, the steps between chosen
    ranks are Gamma variables over their sum.
    """
    known, new = (int(rng.binomial(cases, 1 - missing)) for cases in (m, n))
    sampled = known // sampling_step(m, NUMBERS + COUNTS + len(CATEGORIES) + 1)
    ranks = np.ceil(quantile_levels(MOST_POINTS) * sampled).astype(int)
    ranks = np.unique(np.concatenate([[1], ranks[ranks > 0], [sampled]]))
    steps = rng.gamma(np.diff(np.concatenate([[0], ranks, [sampled + 1]])))
    u = np.cumsum(steps)[:-1] / steps.sum()
    least, greatest = float(u[0]), float(u[-1])
    if rest := known - sampled:  # extremes of the rows that were not sampled
        least = min(least, 1 - rng.random() ** (1 / rest))
        greatest = max(greatest, rng.random() ** (1 / rest))
    edges = np.concatenate([[0.0, least], u, [greatest, 1.0]])
    moved = ndtr(ndtri(edges) - shift)
    cells = rng.multinomial(new, np.diff(moved)).astype(float)
    below, above = cells[0], cells[-1]
    bins = np.concatenate([[below + cells[1]], cells[2:-2], [cells[-2] + above]])
    profile = NumberProfile(
        name, known, m - known, least, greatest, 0.5, 0.29, u, ranks.astype(float), np.zeros(len(u))
    )
    return Drawn(
        profile,
        NumberCounts(bins, np.zeros(len(u)), float(n - new), float(below), float(above)),
    )


def draw_counts(rng: np.random.Generator, name: str, m: int, n: int) -> Drawn:
    """Draw a number with few values: 0 to 5, as a count of children."""
    shares = np.array([0.4, 0.25, 0.15, 0.1, 0.07, 0.03])
    sampled = m // sampling_step(m, NUMBERS + COUNTS + len(CATEGORIES) + 1)
    before = rng.multinomial(sampled, shares).astype(float)
    bins = np.append(rng.multinomial(n, shares), 0).astype(float)
    points = np.arange(6.0)
    profile = NumberProfile(name, m, 0, 0.0, 5.0, 1.3, 1.4, points, np.cumsum(before), np.zeros(6))
    return Drawn(profile, NumberCounts(bins, np.zeros(6)))


def draw_category(
    rng: np.random.Generator, name: str, m: int, n: int, shares: np.ndarray, missing: float
) -> Drawn:
    """Draw a category; rare levels are pooled as in the package's preparation."""
    known, new = (int(rng.binomial(cases, 1 - missing)) for cases in (m, n))
    p = shares / shares.sum()
    before, after = rng.multinomial(known, p), rng.multinomial(new, p)
    own = before >= enough_for_a_cell(m, 1.0)
    once, unseen = before == 1, before == 0
    pooled = ~own & ~unseen
    profile = CategoryProfile(
        name,
        known,
        m - known,
        tuple(f"l{k}" for k in np.flatnonzero(own)),
        tuple(before[own].tolist()),
        int(before[pooled & ~once].sum()),
        int(before[once].sum()),
        int(np.count_nonzero(before == 2)),
    )
    counts = CategoryCounts(
        after[own].astype(float),
        float(after[pooled].sum()),
        float(after[unseen].sum()),
        float(n - new),
    )
    return Drawn(profile, counts)


def simulate(rng: np.random.Generator, m: int, n: int, shift: float = 0.0) -> DriftFindings:
    """Draw m training and n new rows, the first column moved, and decide."""
    drawn = [
        draw_number(rng, f"x{k}", m, n, MISSING * (k % 2), shift * (k == 0)) for k in range(NUMBERS)
    ]
    drawn += [draw_counts(rng, f"k{k}", m, n) for k in range(COUNTS)]
    drawn += [
        draw_category(rng, f"c{k}", m, n, shares, MISSING * (k % 2))
        for k, shares in enumerate(CATEGORIES)
    ]
    score = draw_number(rng, "score", m, n, 0.0, 0.0)
    yes, new_yes = int(rng.binomial(m, PREVALENCE)), int(rng.binomial(n, PREVALENCE))
    assert isinstance(score.profile, NumberProfile)
    assert isinstance(score.counts, NumberCounts)
    reference = ReferenceProfile(
        "", "", "y", 1, m, m, yes, ((1, yes), (0, m - yes)), 1,
        tuple(one.profile for one in drawn), score.profile,
    )  # fmt: skip
    answers = AnswerCounts(
        "1", frozenset("0"), ["1", "0"], Counter({"1": new_yes, "0": n - new_yes})
    )
    features = {one.profile.name: one.counts for one in drawn}
    return find_drift(reference, NewCounts(features, score.counts, n, float(n), answers))


RULES: dict[str, Callable[[DriftFindings], bool]] = {
    "this package": lambda found: bool(found.drifted),
    "any p ≤ 0.05": lambda found: _any_p(found, 0.05),
    "any p ≤ 0.05 / comparisons": lambda found: _any_p(found, 0.05 / len(found.comparisons)),
    "any PSI > 0.1": lambda found: any((one.psi or 0.0) > 0.1 for one in found.comparisons),
}


def _any_p(found: DriftFindings, level: float) -> bool:
    return any(one.p_value is not None and one.p_value <= level for one in found.comparisons)


def false_alarms(m: int, n: int, runs: int, seed: int) -> list[str]:
    """Return the share of simulations without drift in which each rule alarms."""
    alarms = Counter[str]()
    for run in range(runs):
        found = simulate(np.random.default_rng([seed, run]), m, n)
        alarms.update(name for name, rule in RULES.items() if rule(found))
    return [f"{n:,}", f"{m:,}", *(share(alarms[name], runs) for name in RULES)]


def detections(shift: float, m: int, n: int, runs: int, seed: int) -> list[str]:
    """Return how often the moved column is reported, and how often another one is."""
    found_it = others = 0
    for run in range(runs):
        found = simulate(np.random.default_rng([seed, run]), m, n, shift)
        names = {one.subject for one in found.drifted if one.kind == FEATURE}
        found_it += "x0" in names
        others += bool(names - {"x0"})
    return [f"{shift:g} SD", f"{n:,}", f"{m:,}", share(found_it, runs), share(others, runs)]


def page(runs: int, seed: int) -> str:
    """Run all simulations, and return the page."""
    sizes = [(10**4, 10**3), (10**6, 10**3), (10**4, 10**6), (10**6, 10**6)]
    none = [false_alarms(m, n, runs, seed + k) for k, (m, n) in enumerate(sizes)]
    shifts = [(0.2, 10**4, 10**4), (0.2, 10**6, 10**4), (0.2, 10**4, 10**3), (0.03, 10**6, 10**6)]
    moved = [detections(*one, runs, seed + 10 + k) for k, one in enumerate(shifts)]
    columns = NUMBERS + COUNTS + len(CATEGORIES)
    return "\n".join(
        [
            "# How often the drift report is wrong, and how often it finds a shift",
            "",
            f"`make simulate` writes this page: {runs:,} simulations a line, seed {seed}. Each has "
            f"{columns} columns: {NUMBERS} normal ones, {COUNTS} counts from 0 to 5, "
            f"{len(CATEGORIES)} categories of 3, 14 and 3,000 levels, half of them with "
            f"{MISSING:.0%} missing values; the score; and answers. In brackets: "
            "Wilson's 95 % interval.",
            "",
            "## Nothing has changed",
            "",
            "The share of simulations with any alarm, by the rule of this package (docs/drift.md) "
            "and by three rules in common use.",
            "",
            table(["new rows", "training rows", *RULES], none),
            "",
            "Beyond "
            f"{SAMPLED_CASES:,} training rows numbers are compared with that many, evenly spaced.",
            "",
            "## One column of 20 has moved",
            "",
            "The share of simulations in which the moved column is reported, and in which another "
            "one is. The last line is a shift that is certain with so many rows, and too small to "
            "matter.",
            "",
            table(["shift", "new rows", "training rows", "found", "another column"], moved),
            "",
            *grouped_drift.section(runs, seed + 20),
        ]
    )


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    PAGE.write_text(page(given.runs, given.seed), encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
