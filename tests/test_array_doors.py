"""Each form of X, y and weight that callers pass is read correctly, or refused by name."""

import decimal
import inspect

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import scipy.sparse
import torch

import lr_pipeline
from lr_pipeline.engines.arrays.array_forms import as_numpy
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.table import Table

N = 60
RNG = np.random.default_rng(4)
X = np.column_stack([RNG.integers(0, 9, N), RNG.normal(size=N)])
Y = (RNG.random(N) < 0.5).astype(int)
WEIGHT = RNG.integers(1, 4, N)
FRAME = pd.DataFrame(X, columns=["a", "b"])
BIG = 2**53 + 1


def masked(values: np.ndarray, *places: int) -> np.ma.MaskedArray:
    """The values with some of them masked."""
    mask = np.zeros(values.shape, bool)
    mask.ravel()[list(places)] = True
    return np.ma.MaskedArray(values, mask)


def with_missing(values: np.ndarray, place: int = 3) -> pd.Series:
    """A nullable column with one missing value."""
    series = pd.Series(values).astype("Int64")
    series[place] = pd.NA
    return series


RIGHT = {
    "lists": (X.tolist(), Y.tolist(), WEIGHT.tolist()),
    "tuples": (tuple(map(tuple, X.tolist())), tuple(Y), tuple(WEIGHT)),
    "list of arrays": (list(X), Y, WEIGHT),
    "fortran order": (np.asfortranarray(X), Y, WEIGHT),
    "masked, nothing masked": (masked(X), masked(Y), masked(WEIGHT)),
    "data frame": (FRAME, pd.Series(Y), pd.Series(WEIGHT)),
    "one index, not in order": (FRAME[::-1], pd.Series(Y)[::-1], pd.Series(WEIGHT)[::-1]),
    "equal indexes with repeated labels": (
        FRAME.set_axis([7] * N),
        pd.Series(Y, [7] * N),
        pd.Series(WEIGHT, [7] * N),
    ),
    "several levels of columns": (
        FRAME.set_axis(pd.MultiIndex.from_tuples([("u", 1), ("u", 2)]), axis=1),
        Y,
        WEIGHT,
    ),
    "twice one name": (FRAME.set_axis(["a", "a"], axis=1), Y, WEIGHT),
    "nullable types": (FRAME.astype("Float64"), pd.Series(Y).astype("boolean"), WEIGHT),
    "types of Arrow in pandas": (FRAME.astype("float64[pyarrow]"), Y, WEIGHT),
    "sparse columns": (FRAME.astype(pd.SparseDtype(float, 0.0)), Y, WEIGHT),
    "Arrow table": (
        pa.table({"a": X[:, 0], "b": X[:, 1]}),
        pa.array(Y),
        pa.chunked_array([WEIGHT]),
    ),
    "record batch": (pa.record_batch([X[:, 0], X[:, 1]], ["a", "b"]), pa.array(Y == 1), WEIGHT),
    "tensors": (torch.tensor(X, requires_grad=True), torch.tensor(Y), torch.tensor(WEIGHT)),
    "y as booleans": (X, Y == 1, WEIGHT.astype(np.uint64)),
    "y as half precision": (X, torch.tensor(Y, dtype=torch.bfloat16), WEIGHT.astype(np.float16)),
}

EXPECTED = lr_pipeline.fit_linear(X, Y, WEIGHT)


@pytest.mark.parametrize("form", RIGHT)
def test_each_form_of_the_same_numbers_gives_the_same_fit(form):
    """The fits are equal bit for bit, except if the rows are in another order."""
    fit = lr_pipeline.fit_linear(*RIGHT[form])
    exact = form != "one index, not in order"
    np.testing.assert_allclose(fit.coefficients, EXPECTED.coefficients, rtol=0 if exact else 1e-12)


def column(values: object) -> pd.DataFrame:
    """A data frame whose second column has these values."""
    return FRAME.assign(b=values)


REFUSED = {
    "masked X": (masked(X, 5), Y, None, "X has 1 masked value (first: row 2, from 0): drop"),
    "masked y": (X, masked(Y, 5, 7), None, "y has 2 masked values (first: row 5, from 0): drop"),
    "masked weight": (X, Y, masked(WEIGHT, 0), "weight has 1 masked value (first: row 0, from 0)"),
    "list of masked rows": ([masked(row, 1) for row in X], Y, None, "X has 1 masked value"),
    "masked constant": (X, [*Y[:-1], np.ma.masked], None, "y has 1 masked value"),
    "list with a long integer": ([*X[:-1].tolist(), [BIG, 0.5]], Y, None, f"found {BIG}"),
    "list of long weights": (X, Y, [0.5, *[BIG] * (N - 1)], f"found {BIG}"),
    "arrays of long integers": ([np.array([BIG, 1]), np.array([0.5, 1])], [0, 1], None, "2^53"),
    "uint64": (np.full((N, 1), 2**64 - 1, np.uint64), Y, None, "up to 2^53"),
    "uint64 beside int64": ([[np.uint64(BIG), np.int64(-1)]] * N, Y, None, "up to 2^53"),
    "frame with long integers": (column([BIG] * N), Y, None, "X, column 'b', must hold integers"),
    "Arrow with long integers": (
        pa.table({"a": X[:, 1], "id": [BIG] * N}),
        Y,
        None,
        "X, column 'id', must hold integers that float64 represents",
    ),
    "Arrow with nulls": (
        pa.table({"a": [1.5, None] * (N // 2)}),
        Y,
        None,
        "X, column 'a', has 30 missing values (first at row 1, from 0): fill or drop them",
    ),
    "Arrow with words": (pa.table({"a": ["u"] * N}), Y, None, "numbers or booleans"),
    "Arrow with categories": (
        pa.table({"a": pa.array(["u"] * N).dictionary_encode()}),
        Y,
        None,
        "X, column 'a', must hold numbers, found dictionary",
    ),
    "nullable with NA": (
        column(with_missing(Y)),
        Y,
        None,
        "X, column 'b', has 1 missing value (first at row 3, from 0): fill or drop them",
    ),
    "y with NA": (X, with_missing(Y), None, "y has 1 missing value (first at row 3, from 0)"),
    "categories": (column(pd.Categorical(Y)), Y, None, "found categories: encode them"),
    "decimals": (column([decimal.Decimal("0.1")] * N), Y, None, "column 'b', must hold numbers"),
    "words": (column(["u", "v"] * (N // 2)), Y, None, "column 'b', must hold numbers"),
    "None": (column([None, *Y[1:]]).astype(object), Y, None, "column 'a', must hold numbers"),
    "complex": (X.astype(complex), Y, None, "found complex128"),
    "dates": (column(pd.Timestamp("2024-01-01")), Y, None, "found datetime64"),
    "scipy's sparse": (scipy.sparse.csr_array(X), Y, None, "X is sparse, found csr_array: pass X."),
    "sparse weights": (X, Y, scipy.sparse.csr_array(WEIGHT), "pass weight.toarray()"),
    "structured": (np.zeros(N, [("a", float), ("b", float)]), Y, None, "numbers or booleans"),
    "y as a frame": (X, pd.DataFrame({"y": Y}), None, "y must have shape (rows,), found (60, 1)"),
    "y as an Arrow table": (X, pa.table({"y": Y}), None, "y must have shape (rows,)"),
    "y as words": (X, ["no", "yes"] * (N // 2), None, "y must hold numbers or booleans"),
    "X as a series": (pd.Series(X[:, 0]), Y, None, "use X.to_frame() for a single column"),
    "ragged": ([[1.0, 2.0], [1.0]], [0, 1], None, "X has rows of different lengths"),
    "generator": ((row for row in X), Y, None, "X is read only once, found generator: pass a list"),
    "float128": (X.astype(np.longdouble), Y, None, "up to 64 bits"),
    "other length": (X, Y[:-1], None, "59"),
    "no rows": (X[:0], Y[:0], None, "row"),
    "index in another order": (
        FRAME,
        pd.Series(Y)[::-1],
        None,
        "the index of y has the same labels in another order than that of X (first at row 0, "
        "from 0: 59 for 0): pass y.loc[X.index], or pass y.to_numpy() to pair the rows by position",
    ),
    "weights in another order": (
        FRAME,
        Y,
        pd.Series(WEIGHT).sample(frac=1.0, random_state=1),
        "the index of weight has the same labels in another order than that of X",
    ),
    "y and weights in another order": (
        X,
        pd.Series(Y),
        pd.Series(WEIGHT)[::-1],
        "the index of weight has the same labels in another order than that of y",
    ),
    "other labels": (
        FRAME,
        pd.Series(Y, index=range(1, N + 1)),
        None,
        "the index of y has other labels than that of X (first at row 0, from 0: 1 for 0): give",
    ),
    "repeated labels in another order": (
        FRAME.set_axis([0, 0, *range(1, N - 1)]),
        pd.Series(Y, [0, *range(1, N - 1), 0]),
        None,
        "the index of y has other labels",
    ),
}


@pytest.mark.parametrize("form", REFUSED)
def test_what_would_be_misread_is_refused_by_name(form):
    """Masked, missing, misordered or beyond 2^53: the message has what, where and the remedy."""
    design, y, weight, message = REFUSED[form]
    with pytest.raises((TypeError, ValueError)) as caught:
        lr_pipeline.fit_logistic(design, y, weight)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_door_of_arrays_refuses_alike():
    """Least squares, existence and inference are as careful as the logistic fit."""
    fit = lr_pipeline.fit_logistic(X, Y)
    for door in (
        lr_pipeline.fit_linear,
        lr_pipeline.fit_logistic,
        lr_pipeline.assess_existence,
        lambda *arrays: lr_pipeline.infer(fit, *arrays),
    ):
        with pytest.raises(ValueError, match="masked value"):
            door(masked(X, 1), Y)
        with pytest.raises(ValueError, match="another order"):
            door(FRAME, pd.Series(Y)[::-1])


class Polars:
    """A frame like those of polars: named columns, an Arrow stream, and an array that rounds."""

    def __init__(self, table: pa.Table) -> None:
        self.table, self.columns = table, table.column_names

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)

    def __array__(self, dtype=None, copy=None):
        return np.column_stack([column.to_numpy() for column in self.table.columns])

    def __len__(self) -> int:
        return self.table.num_rows


def test_a_frame_that_offers_arrow_is_read_column_by_column():
    """The frame's conversion to an array would round the integers beside a float."""
    exact = pa.table({"a": X[:, 0], "b": X[:, 1]})
    fit = lr_pipeline.fit_linear(Polars(exact), Y, WEIGHT)
    np.testing.assert_array_equal(fit.coefficients, EXPECTED.coefficients)
    with pytest.raises(ValueError, match="column 'id', must hold integers"):
        lr_pipeline.fit_linear(Polars(pa.table({"a": X[:, 1], "id": [BIG] * N})), Y)


@pytest.mark.parametrize("integer", [2**53, -(2**53), 2**53 - 1])
def test_integers_that_float64_holds_are_taken_from_lists(integer):
    """The bound 2^53 itself is exact in float64 and is taken."""
    assert as_numpy("X", [[integer, 0.5]])[0, 0] == integer


FRAMES = {
    "words and numbers": (
        FRAME.assign(b=["u", 1] * (N // 2)),
        "column 'b' holds 30 numbers and 30 texts (first 'u' at row 1)",
    ),
    "complex": (FRAME.assign(b=1j), "column 'b' (complex128) holds complex"),
    "long integers": (FRAME.assign(b=[2**70, 1] * (N // 2)), "column 'b' (object) holds int"),
    "float128": (FRAME.assign(b=X[:, 1].astype(np.longdouble)), "column 'b' (float128)"),
    "twice one name": (FRAME.set_axis(["a", "a"], axis=1), "column names occur more than once"),
}


@pytest.mark.parametrize("form", FRAMES)
def test_a_column_that_no_table_holds_is_named(form):
    """The message of `Table.from_pandas` names the column and what it holds, in one line."""
    frame, message = FRAMES[form]
    with pytest.raises(TableError) as caught:
        Table.from_pandas(frame.assign(y=Y), "y")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_frame_of_another_library_is_refused_as_a_table():
    """The message of `Table.from_pandas` says what it expects."""
    with pytest.raises(
        TableError, match=r"a pandas data frame is expected, found .*Table\.from_ar"
    ):
        inspect.unwrap(Table.from_pandas.__func__)(Table, pa.table({"y": Y}), "y")


def test_sparse_and_nullable_columns_become_a_table():
    """They have the values of plain columns, and their missing values stay missing."""
    frame = FRAME.assign(y=Y, b=with_missing(Y)).astype({"a": pd.SparseDtype(float, 0.0)})
    table = Table.from_pandas(frame, "y")
    assert table.column("a").to_pylist() == X[:, 0].tolist()
    assert table.column("b").to_pylist() == [None if j == 3 else y for j, y in enumerate(Y)]
