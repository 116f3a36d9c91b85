"""Decides what has drifted: a difference that is both large enough and no chance."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lr_pipeline.lifecycle.drift.effect_sizes import (
    CellCounts,
    cramers_v,
    largest_gap,
    population_stability,
    wasserstein_distance,
)
from lr_pipeline.lifecycle.drift.group_sizes import Independence
from lr_pipeline.lifecycle.drift.new_counts import CategoryCounts, NewCounts, NumberCounts
from lr_pipeline.lifecycle.drift.reference_profile import (
    CategoryProfile,
    NumberProfile,
    ReferenceProfile,
)
from lr_pipeline.lifecycle.drift.shown_cells import Cells, level_cells, tenths
from lr_pipeline.lifecycle.drift.significance import (
    adjusted_for_discoveries,
    beyond_p_value,
    gap_p_value,
    table_p_value,
)

SIGNIFICANCE = 0.01  # a report a day that alarms falsely once in months
# Half of what Cohen calls a small effect, 0.2 standard deviations: a shift of 0.1 of a normal
# distribution gives D = 2Φ(0.05) − 1 = 0.040, and as a correlation r = 0.1 / √(0.1² + 4) = 0.050.
FLOORS = {"D": 0.04, "V": 0.05}
FEATURE, SCORE, PREVALENCE = "feature", "score", "prevalence"
DISTRIBUTION, MISSING, RANGE, UNSEEN = "distribution", "missing", "out of range", "unseen levels"


@dataclass(frozen=True)
class Comparison:
    """One aspect of a feature, of the score or of the answers, in training and in new rows.

    ``effect`` is Kolmogorov and Smirnov's D or Cramér's V, by ``measure``; ``adjusted`` the p-value
    after the control of false discoveries over all comparisons. ``before`` and ``after`` are means
    of numbers, or shares of cases, None for several levels. ``shift``: Wasserstein's distance in
    training standard deviations. It has no numbers where it is ``withheld``, which says why.
    """

    subject: str
    kind: str
    aspect: str
    measure: str = "V"
    effect: float | None = None
    p_value: float | None = None
    adjusted: float | None = None
    before: float | None = None
    after: float | None = None
    psi: float | None = None
    shift: float | None = None
    cells: Cells = ()
    names: tuple[str, ...] = ()
    withheld: str = ""

    @property
    def floor(self) -> float:
        """The smallest effect that counts."""
        return FLOORS[self.measure]

    @property
    def drifted(self) -> bool:
        """Whether the effect reaches the floor and is significant among all comparisons."""
        if self.effect is None or self.adjusted is None:
            return False
        return self.effect >= self.floor and self.adjusted <= SIGNIFICANCE

    @property
    def size(self) -> float:
        """The effect in units of its floor, so that different measures can be sorted."""
        return 0.0 if self.effect is None else self.effect / self.floor


@dataclass(frozen=True)
class DriftFindings:
    """All comparisons of new rows with a training set, the features' first.

    ``cases`` and ``train_cases``: rows, or sums of weights. ``labelled``: new cases with an answer;
    ``unknown``: value of the target → cases, for values that are no answer. ``independence``: what
    a case counts in the tests, where rows are in groups.
    """

    reference: ReferenceProfile
    comparisons: tuple[Comparison, ...]
    rows: int
    cases: float
    labelled: float
    unlabelled: float
    unknown: tuple[tuple[str, float], ...]
    independence: Independence

    def of_kind(self, kind: str) -> tuple[Comparison, ...]:
        """The comparisons of features, the score or the prevalence, the largest effects first."""
        chosen = [one for one in self.comparisons if one.kind == kind]
        return tuple(sorted(chosen, key=lambda one: (not one.drifted, -one.size)))

    @property
    def drifted(self) -> tuple[Comparison, ...]:
        """What has drifted, the largest effects first."""
        found = [one for one in self.comparisons if one.drifted]
        return tuple(sorted(found, key=lambda one: -one.size))

    @property
    def drifted_features(self) -> tuple[str, ...]:
        """Names of the features with an aspect that has drifted, the largest effects first."""
        return tuple(dict.fromkeys(one.subject for one in self.drifted if one.kind == FEATURE))


def find_drift(reference: ReferenceProfile, counts: NewCounts) -> DriftFindings:
    """Compare all features, the score and, where there are answers, the prevalence."""
    new_size = None if counts.groups is None else counts.groups.mean
    worth = Independence.of_groups(reference.group_size, reference.step, new_size)
    found: list[Comparison] = []
    for name, of_feature in counts.features.items():
        profile = reference.by_name[name]
        if isinstance(of_feature, NumberCounts):
            assert isinstance(profile, NumberProfile)
            found += _number(profile, of_feature, worth)
        else:
            assert isinstance(profile, CategoryProfile)
            found += _category(profile, of_feature, worth)
    found.append(_distribution(reference.score, counts.score, SCORE, worth))
    found.append(_prevalence(reference, counts, worth))
    answers = counts.answers
    labelled = 0.0 if answers is None else answers.known
    return DriftFindings(
        reference,
        _adjusted(found),
        counts.rows,
        counts.cases,
        labelled,
        counts.cases - labelled,
        () if answers is None else tuple(answers.unknown.items()),
        worth,
    )


def _adjusted(found: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Adjust the p-values of all comparisons that have one."""
    tested = [one.p_value for one in found if one.p_value is not None]
    adjusted = iter(adjusted_for_discoveries(tested))
    return tuple(
        one if one.p_value is None else replace(one, adjusted=next(adjusted)) for one in found
    )


def _number(
    profile: NumberProfile, counts: NumberCounts, worth: Independence
) -> Iterator[Comparison]:
    """Compare a number: its distribution, missing values, values out of the training range."""
    yield _distribution(profile, counts, FEATURE, worth)
    yield _missing(profile, counts, worth)
    beyond, known = counts.below + counts.above, counts.known
    if known and profile.known:
        ends = counts.below * worth.new, counts.above * worth.new
        p_value = beyond_p_value(ends, profile.known * worth.training, known * worth.new)
        shares = (0, profile.known), (beyond, known)
        yield _shares(profile.name, FEATURE, RANGE, *shares, worth, p_value)
    else:
        yield Comparison(profile.name, FEATURE, RANGE, withheld=_no_values(known))


def _distribution(
    profile: NumberProfile, counts: NumberCounts, kind: str, worth: Independence
) -> Comparison:
    """Compare the distribution of the values that are not missing."""
    known = counts.known
    none = Comparison(profile.name, kind, DISTRIBUTION, "D")
    if not known or not profile.sampled:
        return replace(none, withheld=_no_values(known))
    gap = largest_gap(profile.cumulative, counts.bins)
    distance = wasserstein_distance(
        profile.points,
        (profile.cumulative, profile.below),
        (counts.bins, counts.distances),
        counts.excess,
    )
    labels, before, after = tenths(profile, counts.bins)
    return replace(
        none,
        effect=gap,
        p_value=gap_p_value(gap, profile.sampled * worth.sample, known * worth.new),
        before=profile.mean,
        after=profile.mean + counts.total / known,
        psi=population_stability(before, after),
        shift=distance / profile.deviation if profile.deviation > 0 else None,
        cells=_shown(labels, before, after),
    )


def _category(
    profile: CategoryProfile, counts: CategoryCounts, worth: Independence
) -> Iterator[Comparison]:
    """Compare a category: its levels seen in training, missing values, unseen levels."""
    before = np.array([*profile.counts, profile.other], dtype=float)
    after = np.append(counts.levels, counts.other)
    labels, first, second = level_cells(profile, counts)
    cells = _shown(labels, first, second) if first.sum() and second.sum() else ()
    if before.sum() and after.sum():
        units = before * worth.training, after * worth.new
        yield Comparison(
            profile.name,
            FEATURE,
            DISTRIBUTION,
            effect=cramers_v(*units),
            p_value=table_p_value(*units),
            psi=population_stability(first, second),
            cells=cells,
        )
    else:
        reason = "no value is of a level of the training set" if counts.known else _no_values(0)
        yield Comparison(profile.name, FEATURE, DISTRIBUTION, withheld=reason)
    yield _missing(profile, counts, worth)
    if counts.known and profile.known:
        shares = (profile.once, profile.known), (counts.unseen, counts.known)
        units = _parts(profile.unseen_cases) * worth.training, _parts(shares[1]) * worth.new
        names = tuple(name for name, _ in counts.names.most_common())
        compared = _shares(profile.name, FEATURE, UNSEEN, *shares, worth, table_p_value(*units))
        yield replace(compared, names=names, cells=cells)
    else:
        yield Comparison(profile.name, FEATURE, UNSEEN, withheld=_no_values(counts.known))


def _missing(
    profile: NumberProfile | CategoryProfile,
    counts: NumberCounts | CategoryCounts,
    worth: Independence,
) -> Comparison:
    before = profile.missing, profile.known + profile.missing
    after = counts.missing, counts.known + counts.missing
    if not after[1]:
        return Comparison(profile.name, FEATURE, MISSING, withheld="there are no new rows")
    return _shares(profile.name, FEATURE, MISSING, before, after, worth)


def _prevalence(reference: ReferenceProfile, counts: NewCounts, worth: Independence) -> Comparison:
    """Compare the share of cases with the positive answer."""
    answers = counts.answers
    if answers is None or not answers.known:
        reason = f"the new rows have no column {reference.target!r}"
        if answers is not None:
            reason = f"no new row has a known answer in {reference.target!r}"
        return Comparison(PREVALENCE, PREVALENCE, DISTRIBUTION, withheld=reason)
    before = reference.positives, reference.cases
    after = answers.positives, answers.known
    return _shares(PREVALENCE, PREVALENCE, DISTRIBUTION, before, after, worth)


def _shares(
    subject: str,
    kind: str,
    aspect: str,
    before: tuple[float, float],
    after: tuple[float, float],
    worth: Independence,
    p_value: float | None = None,
) -> Comparison:
    """Compare two shares, each given as cases with a property and cases in all."""
    first, second = _parts(before) * worth.training, _parts(after) * worth.new
    if p_value is None:
        p_value = table_p_value(first, second)
    return Comparison(
        subject,
        kind,
        aspect,
        effect=cramers_v(first, second),
        p_value=p_value,
        before=before[0] / before[1],
        after=after[0] / after[1],
    )


def _parts(share: tuple[float, float]) -> CellCounts:
    """Return the cases with a property, and those without it."""
    return np.array([share[0], share[1] - share[0]], dtype=float)


def _shown(labels: Sequence[str], before: np.ndarray, after: np.ndarray) -> Cells:
    """Return label, share in training and share in new rows of each cell."""
    shares = before / before.sum(), after / after.sum()
    return tuple(zip(labels, shares[0].tolist(), shares[1].tolist(), strict=True))


def _no_values(new: float) -> str:
    return "the training rows have no value" if new else "the new rows have no value"
