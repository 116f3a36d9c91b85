"""How many cases of each class, and how many groups, an interval or a test needs."""

from lr_pipeline.evaluation.intervals.interval import FEWEST_GROUPS_FOR_INTERVAL
from lr_pipeline.evaluation.intervals.units import Cases

FEWEST_CASES = 3  # of the rarer class, or to count in, for an interval
FEWEST_TO_TEST = 5  # of the rarer class, for a test whose answer decides


def few_cases(cases: Cases, fewest: int = FEWEST_CASES) -> str:
    """Return why there are too few cases, "" if there are enough."""
    rarer = min(cases.classes)
    if rarer < fewest:
        return f"only {rarer:.6g} cases of the rarer class, {fewest} are needed"
    return few_groups(cases)


def few_to_count(cases: int | float) -> str:
    """Return why a share of so few cases has no interval."""
    many = "1 case" if cases == 1 else f"{cases:.6g} cases"
    return f"a share of only {many}, {FEWEST_CASES} are needed"


def few_groups(cases: Cases) -> str:
    """Return why there are too few groups, "" if there are enough, or if rows have none."""
    if cases.group is not None and cases.share < 1.0:
        return "rows of one group belong together, and only some of the rows are held"
    if cases.group is not None and cases.groups < FEWEST_GROUPS_FOR_INTERVAL:
        return f"only {cases.groups} groups of rows, {FEWEST_GROUPS_FOR_INTERVAL} are needed"
    return ""
