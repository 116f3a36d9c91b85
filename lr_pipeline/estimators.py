"""Regressions of arrays or of a ``Table``, without a pipeline: each fit of the core is one call.

``X`` (n, d) is an array, a data frame or nested lists of numbers and booleans, without a column of
ones. Refused are: numbers that float64 cannot hold exactly, masked and missing values, pandas
objects whose indexes differ, and more columns or larger or smaller numbers than a fit can hold
(``lr_pipeline.core.limits``). ``y`` (n,) are the labels, and ``weight`` (n,) says how often each
row counts; rows of zero weight do not count. ``X`` can also be a ``Table``, whose roles name label
and weight: it is prepared as in the pipeline, and streamed if it does not fit in memory.

Numbers of columns with names can be asked for by name (``NamedColumns``), as in
``fit.coefficients["age"]``; ``p_values`` and interval ends also have "(intercept)".
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, NamedTuple

from lr_pipeline.core.acceleration.accelerated_fit import assess_from_sample
from lr_pipeline.core.existence.existence import Existence, SeparationError
from lr_pipeline.core.fitting import fit
from lr_pipeline.core.fitting.logistic_fit import LogisticFit
from lr_pipeline.core.inference.inference import LogisticInference
from lr_pipeline.core.inference.logistic_inference import infer_logistic
from lr_pipeline.core.inference.named_columns import fit_with_names, inference_with_names
from lr_pipeline.core.least_squares import linear_fit as linear
from lr_pipeline.core.limits import ColumnError
from lr_pipeline.core.logistic.kernel import LogisticKernel
from lr_pipeline.core.logistic.penalties.by_name import penalty_choice
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.logistic.textbook_kernel import TextbookKernel
from lr_pipeline.core.rows import Rows
from lr_pipeline.core.solvers import Progress, Solver
from lr_pipeline.engines.arrays.array_input import open_arrays, vector_array
from lr_pipeline.engines.arrays.array_limits import first_beyond, require_response
from lr_pipeline.engines.design import prepare_rows
from lr_pipeline.engines.memory import ArrayRows
from lr_pipeline.engines.named_choices import kernel_named, solver_named
from lr_pipeline.engines.parallel import threads_for
from lr_pipeline.models.fitted import FittedLinear, FittedLogistic
from lr_pipeline.models.frame_rows import columns_by_name
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.validation.magnitudes import require_usable_rows


def fit_linear(X: Any, y: Any = None, weight: Any = None, intercept: bool = True) -> FittedLinear:
    """Fit ŷ = intercept + X coefficients by the least Σ weight (y − ŷ)².

    The result has nearly all digits of the exact solution, however ill-conditioned the columns. For
    a ``Table``, y is its 0/1 label. See ``lr_pipeline.core.least_squares.linear_fit``.

    Raises
    ------
    TypeError, ValueError
        Values are not finite real numbers, or shapes do not match.
    """
    opened = _open(X, y, weight)
    if isinstance(opened.rows, ArrayRows):
        require_response(opened.rows.y)
    with _naming(X, opened.columns):
        found = linear.fit_linear(opened.rows, intercept)
    return _knowing(FittedLinear, found, opened)  # type: ignore[no-any-return]


def fit_logistic(
    X: Any,
    y: Any = None,
    weight: Any = None,
    penalty: str = "none",
    l2: float | None = None,
    solver: str | Solver = "auto",
    kernel: str | LogisticKernel = "numpy",
    *,
    log_f: float | None = None,
    start: Any = None,
    tolerance: float | None = None,
    standard_errors: bool = True,
    progress: Progress | None = None,
    acceleration: bool = True,
) -> FittedLogistic:
    """Fit P(y = 1) = σ(intercept + X coefficients) to labels 0 and 1, or False and True.

    The objective is Σ weight · log loss plus the penalty: "none" for maximum likelihood; "l2", l2/2
    Σ coefficients², which is scikit-learn's C = 1 / l2 (1 unless given); "log-f", the log-F(m, m)
    penalty Σ m log(1 + exp γ) − ½ m γ of the coefficients γ per standard deviation of their columns
    in X, m = ``log_f`` (2 unless given); "firth", −½ log det of the information; "auto", Firth's
    where the maximum-likelihood estimate is not known to exist, or log-F where Firth's has several
    optima. ``solver``: "auto", "newton", "lbfgs", "gradient_descent", or a ``Solver``; ``kernel``:
    "numpy", "torch", or a ``LogisticKernel``. ``start`` (p,): intercept and coefficients to start
    from. ``tolerance``: how near to the optimum, in standard errors, solver "auto" must come;
    unless given, nearly to the rounding floor. Without ``standard_errors`` large fits are faster.
    ``progress`` is called with every ``TracePoint``. Without ``acceleration`` the fit uses the
    textbook's kernel and Newton's method, with every row in every pass, and finds the same optimum.
    See ``lr_pipeline.core.fitting.fit``.

    Raises
    ------
    SeparationError
        The penalty is "none" and the classes are separated; the error has the ``Existence``.
    TypeError, ValueError
        As in ``fit_linear``; or labels are not 0 and 1, or all of one class; or a strength belongs
        to another penalty than the one given.
    """
    given = (penalty, l2, log_f) != ("none", None, None)
    added = penalty_choice(penalty, l2=l2, log_f=log_f) if given else NoPenalty()
    rows, columns, _ = opened = _open(X, y, weight, check=False)
    try:
        with (
            _naming(X, columns),
            threads_for(rows.num_columns, rows.num_rows) if acceleration else nullcontext(),
        ):
            found = fit.fit_logistic(
                rows,
                kernel_named(kernel) if acceleration or kernel != "numpy" else TextbookKernel(),
                added,
                None if solver == "auto" else solver_named(solver),
                start=None if start is None else vector_array("start", start),
                tolerance=tolerance,
                standard_errors=standard_errors,
                progress=progress,
                acceleration=acceleration,
            )
    except SeparationError as error:
        raise SeparationError(error.existence, columns) from None
    except ValueError as error:  # its cause may be a number that no fit can hold
        beyond = first_beyond(rows, columns) if isinstance(rows, ArrayRows) else None
        raise beyond or error from None
    return _knowing(FittedLogistic, found, opened)  # type: ignore[no-any-return]


def assess_existence(X: Any, y: Any = None, weight: Any = None) -> Existence:
    """Tell whether a logistic regression has a maximum-likelihood estimate, and whether only one.

    ``verdict`` equals "unique", "not_unique", "quasi_complete_separation" or
    "complete_separation", or "undecided" where rounding hides whether the classes overlap; columns
    are numbered from 0. See ``lr_pipeline.core.existence.existence``.

    Raises
    ------
    TypeError, ValueError
        As ``fit_logistic``.
    """
    rows, columns, _ = _open(X, y, weight)
    with _naming(X, columns), threads_for(rows.num_columns, rows.num_rows):
        return assess_from_sample(rows)


def infer(
    fit: LogisticFit,
    X: Any,
    y: Any = None,
    weight: Any = None,
    level: float = 0.95,
    method: str = "profile",
    kernel: str | LogisticKernel = "numpy",
) -> LogisticInference:
    """Infer from the data of ``fit``: intervals, tests, odds ratios, variance inflation.

    Columns of a data frame are found by their names, as for a prediction.
    ``method``: "profile" uses likelihood ratios, which are valid for maximum likelihood, Firth's
    penalty and log-F; "wald" uses the normal approximation, in two passes over the rows. Numbers
    that would be wrong are NaN, with the reason in ``withheld``. See
    ``lr_pipeline.core.inference.logistic_inference``.

    Raises
    ------
    TypeError, ValueError
        As in ``fit_linear``; or the data are not the fit's; or the level or method does not exist.
    """
    names = fit.columns if isinstance(fit, FittedLogistic) else None
    rows, columns, _ = _open(X if isinstance(X, Table) else columns_by_name(X, names), y, weight)
    if names is not None and columns is not None and columns != names:
        raise ValueError(
            f"expected the columns of the fit, {', '.join(names)}, found {', '.join(columns)}: "
            "pass the rows that it was fitted to"
        )
    with _naming(X, columns), threads_for(rows.num_columns, rows.num_rows):
        found = infer_logistic(rows, kernel_named(kernel), fit, level, method, columns)
    return found if columns is None else inference_with_names(found, columns)


class _Opened(NamedTuple):
    """Rows, the names of their columns where they have any, and how a table was prepared."""

    rows: Rows
    columns: tuple[str, ...] | None
    preparation: Preparation | None = None


def _knowing(kind: Any, fit: Any, opened: _Opened) -> Any:
    """Return the fit as one that knows its columns."""
    found = vars(fit if opened.columns is None else fit_with_names(fit, opened.columns))
    return kind(**found, columns=opened.columns, preparation=opened.preparation)


@contextmanager
def _naming(X: Any, columns: tuple[str, ...] | None) -> Iterator[None]:
    """Give errors the column's name, which the core does not know, and the row in the table."""
    try:
        yield
    except ColumnError as error:
        raise error.named(columns) from None
    except TableError:
        if isinstance(X, Table):
            require_usable_rows(X)
        raise


def _open(X: Any, y: Any, weight: Any, check: bool = True) -> _Opened:
    """Open arrays or a table as rows for the core; for ``check`` see ``open_arrays``."""
    if isinstance(X, Table):
        if y is not None or weight is not None:
            raise ValueError(
                "a Table has its own label and weight, found y= or weight= beside it: "
                "name them as target= and weight= when making the table"
            )
        with _naming(X, None), threads_for(len(X.roles.features), X.num_rows):
            prepared = prepare_rows(X)
        return _Opened(prepared.rows, prepared.preparation.columns, prepared.preparation)
    return _Opened(*open_arrays(X, y, weight, check))
