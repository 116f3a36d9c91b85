import math

import numpy as np
import pytest

from lr_pipeline.core.certificate.distance import Certificate
from lr_pipeline.core.solvers.result import Status
from lr_pipeline.evaluation.findings import CoefficientRow, FitFacts, ModelSection
from lr_pipeline.report.model_view import (
    coefficient_table,
    describe_certificate,
    describe_status,
    fit_lines,
)

ROWS = (
    CoefficientRow("(intercept)", -13.0213, 4.931, (-22.69, -3.356), 0.0083),
    CoefficientRow("GPA", 2.82611, 1.263, (0.351, 5.301), 0.0253, 0.5, 1.176),
)


def section(coefficients, logistic=True, **rest):
    """Return a model without test rows that has only coefficients."""
    nothing = np.zeros(0)
    return ModelSection(
        "m", "M", nothing, nothing if logistic else None, coefficients=coefficients, **rest
    )


def test_coefficient_table_of_greenes_spector_example():
    """All columns are there if everything is known; the intercept has no odds ratio or scale."""
    table = coefficient_table(section(ROWS))
    assert table.headings == (
        "Name",
        "Coefficient",
        "Standard error",
        "95 % interval",
        "p-value",
        "Odds ratio",
        "Odds ratio per SD",
        "VIF",
    )
    assert table.rows == (
        ("(intercept)", "−13.02", "4.931", "−22.69 to −3.356", "0.008", "–", "–", "–"),
        (
            "GPA",
            "2.826",
            "1.263",
            "0.3510 to 5.301",
            "0.025",
            "16.88",
            "4.11 (1.19 to 14.2)",
            "1.2",
        ),
    )
    assert table.left_out == 0


def test_an_odds_ratio_per_unit_is_left_out_where_no_column_moves_by_one():
    """A unit of 300 standard deviations gives 10⁷¹, which means nothing; per SD it does."""
    row = CoefficientRow("smoothness_error", 164.2, 220.0, (-235.8, 636.7), 0.457, 0.003, 3.9)
    table = coefficient_table(section((row,)))
    assert "Odds ratio" not in table.headings
    assert table.rows[0][table.headings.index("Odds ratio per SD")].startswith("1.64 (")


def test_an_end_at_infinity_is_shown_as_such():
    """An interval without an end gives an odds ratio of 0 or ∞, not an overflow."""
    rows = (CoefficientRow("x", 1.0, None, (-math.inf, math.inf), 0.4, 1.0, math.inf),)
    (row,) = coefficient_table(section(rows)).rows
    assert row[2] == "−∞ to ∞"
    assert row[5] == "2.72 (0 to ∞)"
    assert row[-1] == "∞"


def test_columns_nobody_filled_are_left_out():
    """Withheld inference leaves no columns of dashes; a linear model has no odds ratios."""
    rows = (CoefficientRow("(intercept)", 0.5), CoefficientRow("x", 2.0, scale=3.0))
    table = coefficient_table(section(rows, logistic=False))
    assert table.headings == ("Name", "Coefficient", "Effect per SD")


def test_very_wide_tables_show_the_largest_effects_in_their_own_order():
    """Of a thousand coefficients the 200 largest are kept, the intercept first."""
    columns = (CoefficientRow(f"x{i}", float(i), scale=1.0) for i in range(1000))
    rows = (CoefficientRow("(intercept)", 0.0), *columns)
    table = coefficient_table(section(rows))
    assert table.left_out == 801
    assert [row[0] for row in table.rows[:2]] == ["(intercept)", "x801"]
    assert table.rows[-1][0] == "x999"


@pytest.mark.parametrize(
    ("certificate", "words"),
    [
        (Certificate(1e-16, 3e-11), "at most 3.0 × 10⁻¹¹ standard errors from the optimum"),
        (
            Certificate(1e-16, 0.02, rigorous=False),
            "about 0.020 standard errors from the optimum, by estimate",
        ),
        (
            Certificate(math.inf, math.inf, iterations_needed=120_000),
            "no bound on the distance to the optimum could be established; "
            "about 120,000 more iterations are needed",
        ),
    ],
)
def test_certificates_are_put_in_plain_words(certificate, words):
    """The words name a bound, an estimate, or that there is neither."""
    assert describe_certificate(certificate) == words


def test_every_status_but_converged_comes_with_its_remedy():
    """The page never names a failure without saying what to do."""
    assert describe_status(Status.CONVERGED) == "converged"
    for status in set(Status) - {Status.CONVERGED}:
        assert describe_status(status) == f"{status.label.replace('_', ' ')}: {status.remedy}"


def test_fit_lines_say_what_was_minimised_and_how_it_ended():
    """Objective, solver, status, iterations, gradient norm and certificate, then the rest."""
    fit = FitFacts("newton", Status.CONVERGED, 8, 3.14e-14, Certificate(1e-20, 1e-9))
    lines = fit_lines(section((), objective="mean log loss", fit=fit, facts={"Kernel": "numpy"}))
    assert lines == {
        "Objective": "mean log loss",
        "Solver": "newton",
        "Status": "converged",
        "Iterations": "8",
        "Gradient norm": "3.1 × 10⁻¹⁴",
        "Certificate": "at most 1.0 × 10⁻⁹ standard errors from the optimum",
        "Kernel": "numpy",
    }
