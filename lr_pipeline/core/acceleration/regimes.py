"""Which table is fitted in which way, and how much time each way saves.

=========== ========================== =============================== =========================
way         table                      saves                           gain
=========== ========================== =============================== =========================
small table up to 16,384 numbers,      calls and objects that take     100 × 10: 4.0, 1,000 × 10:
            maximum likelihood, no     longer than the arithmetic      3.0, 800 × 20: 2.0
            weights
warm start  5,000 rows or more, with   passes from the prevalence to   10k × 20: 1.4, 1M × 20: 2.0
            100 for each parameter in  the optimum of a tenth of the   (4.0), 1M × 100: 2.6 (6.7)
            a quarter of them          rows
wide start  200 columns or more, 12    squares of the design of all    20k × 300: 1.1 (1.8),
            rows per parameter or more rows                            20k × 1000: 1.3 (3.1)
            (up to 33 million numbers)
L-BFGS      200 columns or more        squares of the design in every  20k × 300: 1.8 (2.1),
                                       iteration                       20k × 1000: 2.4 (2.5)
=========== ========================== =============================== =========================

*Gain*: wall time of ``lr_pipeline.fit_logistic`` without the way, divided by the time with it; the
least of five to nine alternating runs on two busy cores. In brackets: with ``tolerance=1e-3`` and
without standard errors. Single precision contributes a factor of 1.4 to 1.5 to the wide start. A
proof that the estimate exists takes 5 passes from a sample instead of 12 (1M × 20: 3.2).

No way changes the answer: each ends in the certificate of all rows in double precision, and a fit
without a certified optimum begins again on the plain path.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Regimes:
    """The limits of each way; tests lower them, so that small tables take every way.

    ``small_numbers``: a table of at most this many rows times columns is fitted in place.
    ``many_columns``: with this many columns, a Hessian takes the time of ten gradients or more.

    ``sampled_rows``: a sample is taken of tables with this many rows or more. It has a share
    of ``sample_share`` of the rows, ``sample_numbers`` numbers at most and
    ``sample_rows_per_parameter`` at least. No sample is taken where that is more than
    ``largest_sample_share`` of the table.
    ``guessed_iterations``: after this many, the Hessian of all rows replaces the sample's.

    ``wide_sample_rows_per_parameter``: rows per parameter in the sample of a table of many columns,
    which has ``wide_rows_per_parameter`` at least. The sample's Hessian, as a bound from below for
    that of all rows, is then about a sixth of it. ``wide_numbers``: the largest number of entries
    of the copy in single precision, 128 MiB.
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
