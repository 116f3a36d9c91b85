"""Which table takes which way to its optimum, and what each way gains.

=========== ========================== =============================== =========================
way         table                      instead of                      gain
=========== ========================== =============================== =========================
small table up to 16,384 numbers,      calls and objects that take     100 × 10: 4.0, 1,000 × 10:
            maximum likelihood, no     longer than the arithmetic      3.0, 800 × 20: 2.0
            weights
warm start  5,000 rows or more, of     passes that lead from the       10k × 20: 1.4, 1M × 20: 2.0
            which a quarter has 100 a  prevalence to where a tenth of  (4.0), 1M × 100: 2.6 (6.7)
            parameter                  the rows leads
wide start  200 columns or more, 12    squares of the design of all    20k × 300: 1.1 (2.1),
            rows a parameter or more,  rows                            20k × 1000: 0.8 (3.3)
            up to 33 million numbers
L-BFGS      200 columns or more        squares of the design in every  not measured by itself
                                       iteration
=========== ========================== =============================== =========================

*Gain*: wall time of ``lr_pipeline.fit_logistic`` without the way divided by that with it, least of
five to nine runs by turns on two busy cores; in brackets with ``tolerance=1e-3`` and without
standard errors. Of the wide start's, single precision makes 1.4 to 1.5.

No way changes the answer: each ends in the certificate of all rows in double precision, and a fit
whose certificate is not met begins again on the plain path.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Regimes:
    """The limits of each way; tests lower them, so that small tables take every way.

    ``small_numbers``: rows times columns up to which a table is fitted in place.
    ``many_columns``: from so many on a Hessian takes the time of ten gradients and more.

    ``sampled_rows``: rows from which on a sample is worth its while. It is ``sample_share`` of
    them, in ``sample_numbers`` numbers at most, with ``sample_rows_per_parameter`` at least, or is
    left where that is more than ``largest_sample_share`` of the table.
    ``guessed_iterations``: after so many a sample's Hessian is replaced by that of all rows.

    ``wide_sample_rows_per_parameter``: those of the sample of a table of many columns, which has
    ``wide_rows_per_parameter`` at least: the sample's Hessian for all rows then bounds theirs from
    below by about a sixth of it. ``wide_numbers``: the copy in single precision has so many
    numbers at most, 128 MiB.
    """

    small_numbers: int = 2**14
    many_columns: int = 200

    sampled_rows: int = 5_000
    sample_share: float = 0.1
    sample_numbers: int = 2**23
    sample_rows_per_parameter: int = 100
    largest_sample_share: float = 0.25
    guessed_iterations: int = 10

    wide_sample_rows_per_parameter: int = 3
    wide_rows_per_parameter: int = 12
    wide_numbers: int = 2**25


REGIMES = Regimes()


def regimes_of(acceleration: "bool | Regimes") -> Regimes | None:
    """Return the limits that are meant: those measured for True, None for the plain path."""
    if isinstance(acceleration, bool):
        return REGIMES if acceleration else None
    return acceleration
