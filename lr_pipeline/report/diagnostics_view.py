"""The page's tables of diagnostics: goodness of fit, rows to look at, linearity."""

from lr_pipeline.core.listed_names import listed
from lr_pipeline.evaluation.diagnostics.diagnostics import Diagnostics
from lr_pipeline.evaluation.diagnostics.goodness import ChiSquare, ResidualSummary
from lr_pipeline.evaluation.number_format import (
    UNDEFINED,
    count,
    fixed,
    metric,
    p_compared,
    p_value,
    signed,
    significant,
)
from lr_pipeline.report.page_table import ROW_LIMIT, PageTable
from lr_pipeline.tables.level_counts import plain_count

NAMED = 6  # columns


def goodness_table(found: Diagnostics) -> PageTable:
    """Return the measures of fit, each with its value and what it is."""
    criteria, spread = found.criteria, found.dispersion
    withheld = found.reason("criteria")
    cases = count(plain_count(criteria.cases))
    rows = [
        (
            "Log likelihood",
            _hundredth(criteria.log_likelihood),
            f"{_hundredth(criteria.null_log_likelihood)} with the intercept alone",
        ),
        (
            "AIC",
            UNDEFINED if withheld else _hundredth(criteria.aic),
            withheld or f"{criteria.parameters:,} parameters; compare models of the same rows",
        ),
        (
            "BIC",
            UNDEFINED if withheld else _hundredth(criteria.bic),
            withheld or f"{cases} cases",
        ),
        ("McFadden’s R²", metric(criteria.mcfadden), "1 − log likelihood / that of the intercept"),
        ("Tjur’s R²", metric(found.tjur), "mean prediction of the ones minus that of the zeros"),
        ("Hosmer–Lemeshow", *_chi_square(found.hosmer_lemeshow, "groups by prediction")),
        (
            "Dispersion",
            significant(spread.value, 3),
            spread.withheld
            or "Pearson’s χ² of groups of equal values by its degrees of freedom, 1 if the model "
            f"holds: {_chi_square(spread.test, 'groups')[1]}",
        ),
        ("Pearson residuals", *_residuals(found.pearson)),
        ("Deviance residuals", *_residuals(found.deviance)),
    ]
    return PageTable(("Measure", "Value", "What it is"), rows)


def _hundredth(value: float) -> str:
    return fixed(value, 2) if abs(value) < 1e6 else significant(value, 8)


def _chi_square(test: ChiSquare | None, groups: str) -> tuple[str, str]:
    if test is None:
        return UNDEFINED, "fewer than three groups"
    return (
        f"χ² = {significant(test.statistic, 3)}",
        f"p {p_compared(test.p_value)}, {count(test.degrees_of_freedom)} degrees of freedom, "
        f"{count(test.groups)} {groups}",
    )


def _residuals(found: ResidualSummary) -> tuple[str, str]:
    ends = f"{significant(found.least, 3)} to {significant(found.greatest, 3)}"
    quartiles = f"{significant(found.lower_quartile, 2)} and {significant(found.upper_quartile, 2)}"
    return ends, f"half of them between {quartiles}, median {significant(found.median, 2)}"


def influence_table(found: Diagnostics) -> PageTable:
    """Return the most influential training rows."""
    headings = ("Row", "Label", "Probability", "Leverage", "Cook’s distance", "Moves most")
    rows = [
        (
            _row_name(row.number, row.id),
            str(row.label),
            metric(row.probability),
            significant(row.leverage, 2),
            significant(row.cooks_distance, 2),
            f"{row.column} by {signed(row.moves, 2)} SE",
        )
        for row in found.influential
    ]
    return PageTable(headings, rows)


def worst_table(found: Diagnostics) -> PageTable:
    """Return the test rows with the largest losses."""
    rows = [
        (
            _row_name(row.number, row.id),
            str(row.label),
            metric(row.probability),
            significant(row.loss, 3),
        )
        for row in found.worst
    ]
    return PageTable(("Row", "Label", "Probability", "Log loss"), rows)


def _row_name(number: int, id: str | None) -> str:
    return f"row {count(number)}" if id is None else f"{id} (row {count(number)})"


def linearity_table(found: Diagnostics) -> PageTable:
    """Return the tests of linearity, the smallest p-value first."""
    rows = [
        (
            test.column,
            significant(test.statistic, 3),
            str(test.degrees_of_freedom),
            p_value(test.p_value),
            p_value(test.p_holm),
        )
        for test in found.linearity[:ROW_LIMIT]
    ]
    return PageTable(("Column", "χ²", "Degrees of freedom", "p-value", "Holm"), rows)


def linearity_lines(found: Diagnostics) -> list[str]:
    """Say which columns are bent, or that none is."""
    tests = found.linearity
    if not tests:
        return []
    bent = [test.column for test in tests if test.p_holm < 0.05]
    tested = "1 number" if len(tests) == 1 else f"{count(len(tests))} numbers"
    if not bent:
        return [f"None of {tested} shows a curve (5 %, corrected by Holm)."]
    return [
        f"The log odds are no straight line in {listed(bent, NAMED)} ({count(len(bent))} of "
        f"{tested} at 5 %, corrected by Holm). A transformed column, a spline or groups may fit "
        "better."
    ]


def influence_lines(found: Diagnostics) -> list[str]:
    """Say how far single rows move the result."""
    if not found.influential:
        return []
    largest = max(found.influential, key=lambda row: abs(row.moves))
    moved = abs(largest.moves)
    return [
        f"Of the rows below, none moves a coefficient by more than {significant(moved, 2)} of its "
        f"standard errors ({largest.column})"
        + ("." if moved < 1.0 else ": the result hangs on single rows; look at them.")
    ]
