"""When and how often to cross-validate, from the sizes of the tables alone."""

from lr_pipeline.evaluation.validation_folds.cross_validation import ValidationChoice

FEWEST_TESTED = 500  # rows of the rarer class; with more, the test set speaks for itself
MOST_NUMBERS = 5_000_000  # in the training design, for cross-validation that was not asked for
MOST_REPEATS = 10
NUMBERS_OF_A_FIT = 20_000  # a fit takes as long as to read so many, before it reads any
NUMBERS_READ = 2_000_000  # by all fits together, in about a second


def repeats_of(rows: int, columns: int, folds: int) -> int:
    """Return how many repeats take about a second: a function of the table's size alone."""
    fits = NUMBERS_READ / (NUMBERS_OF_A_FIT + rows * (columns + 1))
    return int(min(max(fits // folds, 1), MOST_REPEATS))


def planned(
    choice: ValidationChoice, rarer_tested: int | float, rows: int, columns: int
) -> tuple[int, str]:
    """Return the number of repeats; if it is unexpectedly 0, also return the reason.

    ``rarer_tested``: test cases of the rarer class; ``rows`` and ``columns`` those of training.
    """
    if choice.repeats is not None:
        return choice.repeats, ""
    if rarer_tested >= FEWEST_TESTED:
        return 0, ""
    if rows * columns > MOST_NUMBERS:
        return 0, "it is not made unasked for tables of this size: ask for it with --cv 5x1"
    return repeats_of(rows, columns, choice.folds), ""
