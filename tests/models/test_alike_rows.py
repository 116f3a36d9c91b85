"""Equal rows get equal scores, to the bit, by every engine, model, file and report."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from itertools import product

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.rows import added
from lr_pipeline.core.solvers import Lbfgs, Newton
from lr_pipeline.engines import streaming
from lr_pipeline.engines.parallel import in_order
from lr_pipeline.engines.torch.torch_kernel import TorchKernel
from lr_pipeline.evaluation.evaluate import evaluate_models
from lr_pipeline.evaluation.metrics import evaluate
from lr_pipeline.evaluation.test_scores import score_test_set
from lr_pipeline.models.train import Training, train_linear, train_logistic
from lr_pipeline.report.render import render_report
from lr_pipeline.scoring.prediction import Predictor
from lr_pipeline.scoring.predictions import score_file
from lr_pipeline.tables.roles import ColumnRoles
from lr_pipeline.tables.split.split_table import SplitPolicy, split_table
from lr_pipeline.tables.table import Table
from tests.models.conftest import prepare

CITIES = ("Köln", "Lyon", "Oslo", None)
# Every possible row: all columns have ties, and float64 holds none of the numbers exactly.
KINDS = pd.DataFrame(
    list(product((0.1, 0.7, 1e6 / 3, np.nan), (0, 1, 7), CITIES)), columns=["a", "b", "c"]
)
SCHEMA = pa.schema([("a", pa.float64()), ("b", pa.int64()), ("c", pa.string()), ("y", pa.int64())])
seeds = st.integers(0, 2**32 - 1)
Score = Callable[[Table], np.ndarray]


def rows_of(seed: int, n: int) -> pd.DataFrame:
    """Return rows of some kinds, most of them repeated, with a label and the kind's number."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, len(KINDS), n)
    frame = KINDS.iloc[kind].reset_index(drop=True)
    z = frame["a"].fillna(0.4) / 1e6 + 0.2 * frame["b"] + (frame["c"] == "Lyon") - 1.0
    return frame.assign(y=(rng.random(n) < 1 / (1 + np.exp(-z))).astype(int), kind=kind)


def table_of(frame: pd.DataFrame) -> Table:
    """Return a table of such rows with any labels."""
    rows = pa.Table.from_pandas(frame, SCHEMA, preserve_index=False)
    return Table(rows, ColumnRoles("y", 1, ("a", "b", "c")))


@pytest.fixture(scope="module")
def training() -> Table:
    """Return 600 such rows."""
    return table_of(rows_of(1, 600))


@pytest.fixture(scope="module")
def models(training):
    """Return a least-squares model, and one of each kernel."""
    numpy = train_logistic(training, prepare, NumpyKernel(), Training(Newton()))
    torch = train_logistic(training, prepare, TorchKernel(autograd=True), Training(Lbfgs()))
    return {"linear": train_linear(training, prepare), "numpy": numpy, "torch": torch}


def aggregate_in(block_rows: int, threads: int, table: Table, columns: Sequence[str], function):
    """Add the values of blocks of this many rows, by this many threads."""
    return added(in_order(function, list(table.blocks(block_rows, list(columns))), threads))


def bits_by_kind(scores: np.ndarray, kind: Sequence[int]) -> dict[int, set[bytes]]:
    """Return kind of row → the bits of its rows' scores."""
    found: dict[int, set[bytes]] = {}
    for one, score in zip(kind, scores, strict=True):
        found.setdefault(int(one), set()).add(np.float64(score).tobytes())
    return found


@settings(max_examples=15)
@given(
    seeds, st.integers(1, 400), st.sampled_from([1, 2, 3, 8, 17, 1000]), st.sampled_from([1, 2, 4])
)
def test_equal_rows_have_the_same_bits_in_any_block_thread_and_order(
    models, seed, n, block_rows, threads
):
    """By each model, a row has the same score alone, among others, and after a permutation."""
    frame = rows_of(seed, n)
    order = np.random.default_rng(seed).permutation(n)
    table, shuffled = table_of(frame), table_of(frame.iloc[order])
    alone = table_of(KINDS.assign(y=[0, 1] * (len(KINDS) // 2), kind=0))
    for model in models.values():
        by_row = partial(aggregate_in, 1, 1)
        expected = model.predictor.of_table(alone, by_row)[frame["kind"]]
        aggregate = partial(aggregate_in, block_rows, threads)
        np.testing.assert_array_equal(model.predictor.of_table(table, aggregate), expected)
        np.testing.assert_array_equal(model.predictor.of_table(table), expected)
        np.testing.assert_array_equal(model.predictor.of_table(shuffled), expected[order])
        assert max(map(len, bits_by_kind(model.predict_proba(table), frame["kind"]).values())) == 1


def test_a_file_read_in_parts_by_threads_scores_like_the_table_in_memory(models, tmp_path):
    """The file is Parquet with many row groups, read by the streaming engine."""
    frame = rows_of(5, 3_000)
    path = tmp_path / "rows.parquet"
    table = table_of(frame)
    pq.write_table(table.to_arrow(), path, row_group_size=117)
    stored = Table(path, table.roles)
    assert len(streaming.threaded_parts(stored, 3, many_numbers=1)) > 1
    by_threads = partial(streaming.aggregate_by_threads, many_numbers=1)
    for model in models.values():
        expected = model.predictor.of_table(table)
        for threads in (1, 2, 4):
            aggregate = partial(by_threads, threads=threads)
            np.testing.assert_array_equal(model.predictor.of_table(stored, aggregate), expected)


def storages(frame: pd.DataFrame) -> list[pa.Table]:
    """Return the rows stored otherwise: dictionaries, integers as floats, 0 as −0, NaN as null."""
    plain = pa.table(
        {
            "a": pa.array(frame["a"], from_pandas=True),
            "b": pa.array(frame["b"], pa.int8()),
            "c": pa.array(frame["c"], pa.string()),
        }
    )
    payload = np.array([0x7FF8000000000123], np.uint64).view(np.float64)[0]
    b = frame["b"].to_numpy().astype(float)
    others = (
        {"a": pa.array(np.where(frame["a"].isna(), payload, frame["a"]))},
        {"a": pa.array(frame["a"], from_pandas=True).dictionary_encode()},
        {"b": pa.array(np.where(b == 0, -0.0, b))},
        {"b": pa.array(frame["b"]).cast(pa.decimal128(21, 2))},
        {"b": pa.array(frame["b"], pa.uint64()).dictionary_encode()},
        {"c": pa.array(frame["c"], pa.string()).dictionary_encode()},
        {"c": pa.array(frame["c"], pa.large_string())},
        {"c": pa.array(frame["c"], pa.string_view())},
    )
    return [plain] + [
        pa.table({name: one.get(name, plain[name]) for name in plain.column_names})
        for one in others
    ]


def test_the_storage_of_a_number_or_text_changes_no_bit_of_score_or_interval(models):
    """New rows are predicted with intervals, block by block, by both kernels' models."""
    frame = rows_of(7, 500)
    for name in ("numpy", "torch"):
        predictor = Predictor(models[name])
        found = []
        for stored in storages(frame):
            batch = stored.combine_chunks().to_batches()[0]
            whole = predictor.predict(batch)
            halves = [predictor.predict(batch.slice(*part)) for part in ((0, 199), (199, 301))]
            for one in ("probability", "lower", "upper"):
                joined = np.concatenate([getattr(half, one) for half in halves])
                np.testing.assert_array_equal(getattr(whole, one), joined)
                assert max(map(len, bits_by_kind(joined, frame["kind"]).values())) == 1
            found.append(np.stack([whole.probability, whole.lower, whole.upper]))
        for other in found[1:]:
            np.testing.assert_array_equal(other, found[0])


def test_files_of_the_same_rows_score_alike_in_any_order(models, tmp_path):
    """CSV, Parquet and reversed rows give equal probability, interval and label."""
    frame = rows_of(9, 300)
    wanted = ["probability", "lower", "upper", "label"]
    tables = []
    for order in (slice(None), slice(None, None, -1)):
        rows = frame.drop(columns=["y", "kind"]).iloc[order]
        rows.to_csv(tmp_path / "rows.csv", index=False)
        rows.to_parquet(tmp_path / "rows.parquet")
        for name in ("rows.csv", "rows.parquet"):
            predictions = score_file(models["numpy"], tmp_path / name)
            scored = pa.Table.from_batches(predictions.blocks()).select(wanted).to_pandas()
            tables.append(scored.iloc[order].reset_index(drop=True))
    for other in tables[1:]:
        pd.testing.assert_frame_equal(other, tables[0], check_exact=True)


def exact_score(model, kind: int, training: Table) -> Fraction:
    """Return a kind's linear predictor in exact arithmetic, from the model's printed numbers."""
    predictor = model.predictor
    row = KINDS.iloc[kind]
    frame = training.to_pandas()
    values = {
        "a": frame["a"].median() if pd.isna(row["a"]) else row["a"],
        "a=missing": float(pd.isna(row["a"])),
        "b": float(row["b"]),
        "c=missing": float(pd.isna(row["c"])),
        **{f"c={city}": float(row["c"] == city) for city in CITIES[:3]},
    }
    x = [Fraction(float(values[column])) for column in model.preparation.columns]
    center = map(Fraction, predictor.center.tolist())
    slopes = map(Fraction, predictor.parameters[1:].tolist())
    terms = ((a - m) * b for a, m, b in zip(x, center, slopes, strict=True))
    return sum(terms, Fraction(predictor.parameters[0]))


def exact_area(score_of: Sequence[Fraction], frame: pd.DataFrame) -> Fraction:
    """Return the share of pairs of both classes in the right order, ties counted half."""
    counts = frame.groupby(["kind", "y"]).size().unstack(fill_value=0)
    pairs = Fraction(0)
    for one, (_, positive) in zip(counts.index, counts.to_numpy(), strict=True):
        for other, (negative, _) in zip(counts.index, counts.to_numpy(), strict=True):
            higher = score_of[one] > score_of[other]
            tied = score_of[one] == score_of[other]
            pairs += int(positive) * int(negative) * (Fraction(int(tied), 2) + higher)
    return pairs / (int(counts[0].sum()) * int(counts[1].sum()))


@pytest.mark.parametrize(("seed", "held"), [(2, 10**6), (3, 10**6), (4, 250)])
def test_the_area_of_a_table_with_ties_is_the_exact_rational_number(models, training, seed, held):
    """Sorting and counting by ranges both give the float nearest to a ratio of pairs."""
    frame = rows_of(seed, 700)
    test = table_of(frame)
    scored = score_test_set(models, test, partial(aggregate_in, 93, 2), held)
    for name, model in models.items():
        scores = [exact_score(model, kind, training) for kind in range(len(KINDS))]
        expected = exact_area(scores, frame)
        assert 0.55 < expected < 0.95
        z = scored.scores[name]
        found = scored.metrics.get(name) or evaluate(scored.labels, z, linear_predictor=z)
        assert found.roc_auc == float(expected)


def test_the_reports_area_counts_rows_that_are_alike_as_ties():
    """The model is of a training part; the area is the exact ratio of pairs."""
    frame = rows_of(6, 800)
    train, test = split_table(table_of(frame), SplitPolicy(kind="random", test_size=0.5))
    models = {"numpy": train_logistic(train, prepare, NumpyKernel(), Training(Newton()))}
    numbers = render_report(evaluate_models(models, train, test, prepare)).numbers["models"][
        "numpy"
    ]
    z, y = models["numpy"].linear_predictor(test), test.labels()
    assert len(np.unique(z)) == len(test.to_pandas().drop(columns="y").drop_duplicates())
    differences = z[y == 1][:, None] - z[y == 0]
    pairs = Fraction(int(np.sum(np.sign(differences) + 1)), 2)
    assert numbers["roc_auc"] == float(pairs / differences.size)
