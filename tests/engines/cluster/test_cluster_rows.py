"""Rows summed by worker processes over TCP give the numbers of rows in memory."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lr_pipeline.core.existence.existence import assess_existence
from lr_pipeline.core.fitting.fit import fit_logistic
from lr_pipeline.core.least_squares.linear_fit import fit_linear
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.penalties.firth import Firth
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.logistic.penalties.ridge import Ridge
from lr_pipeline.core.rows import Rows, largest
from lr_pipeline.core.solvers import GradientDescent
from lr_pipeline.engines.cluster.cluster import Cluster, ClusterSettings, open_cluster
from lr_pipeline.engines.cluster.cluster_rows import ClusterRows
from lr_pipeline.engines.streaming import TableRows
from lr_pipeline.engines.torch.torch_descent import ManualGradientDescent
from lr_pipeline.engines.torch.torch_kernel import TorchKernel
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.files import parquet
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.table import Table
from tests.http_files import served

pytestmark = pytest.mark.dask
ROWS, PARTS = 20_000, 20  # more numbers than a fit gathers


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Table:
    """Return numbers of several scales, text with missing values, and weights, in 20 row groups."""
    rng = np.random.default_rng(7)
    X = rng.normal(size=(ROWS, 3)) * [1.0, 30.0, 0.02] + [0.0, 5.0, 1.0]
    s = rng.choice(["u", "v", None], ROWS)
    z = X @ [0.8, -0.02, 20.0] - 20.0 + 0.5 * (s == "u")
    y = (rng.random(ROWS) < 1 / (1 + np.exp(-z))).astype(int)
    data = pa.table(
        {"a": X[:, 0], "b": X[:, 1], "c": X[:, 2], "s": s, "w": rng.integers(1, 4, ROWS), "y": y}
    )
    path = tmp_path_factory.mktemp("rows") / "rows.parquet"
    pq.write_table(data, path, row_group_size=ROWS // PARTS)
    return Table(path, Table.from_arrow(data, "y", weight="w").roles)


@pytest.fixture(scope="module")
def preparation(table) -> Preparation:
    """Return the preparation fitted on the table itself."""
    return Preparation.fit(table)


@pytest.fixture(scope="module")
def cluster(standing) -> Iterator[Cluster]:
    """Yield a connection to the standing cluster."""
    with open_cluster(ClusterSettings(standing.address)) as opened:
        yield opened


def rows_of(cluster: Cluster, table: Table, preparation: Preparation, **options) -> ClusterRows:
    """Return rows with one part for each row group, in blocks of at most 256 rows."""
    return ClusterRows(cluster, table, preparation, 256, ROWS // PARTS, **options)


def test_it_is_an_engine(cluster, table, preparation):
    """The class has what the core requires of rows."""
    rows = rows_of(cluster, table, preparation)
    assert isinstance(rows, Rows)
    assert rows.num_rows == ROWS
    assert rows.num_columns == len(preparation.columns)


def test_rows_are_gathered_in_the_order_of_the_table(cluster, table, preparation):
    """Lists of neighbouring parts are joined from first to last."""
    rows = rows_of(cluster, table, preparation)
    (parts,) = rows.sum(lambda block: ([block.X[:, 0]],))
    assert cluster.passes[-1].gathers
    assert cluster.passes[-1].work.bytes > 8 * ROWS
    np.testing.assert_array_equal(np.concatenate(parts), table.column("a").to_numpy())


def test_max_is_that_of_all_blocks(cluster, table, preparation):
    """The maximum is the largest |b| of all rows."""
    rows = rows_of(cluster, table, preparation)
    found = largest(rows, lambda block: float(np.abs(block.X[:, 1]).max()))
    assert not cluster.passes[-1].gathers
    assert found == np.abs(table.column("b").to_numpy()).max()


@pytest.mark.parametrize(
    ("kernel", "penalty"),
    [
        (NumpyKernel(), NoPenalty()),
        (TorchKernel(), NoPenalty()),
        (NumpyKernel(), Ridge()),
        (TorchKernel(), Firth()),
    ],
)
def test_a_fit_has_the_coefficients_of_memory(cluster, table, preparation, kernel, penalty):
    """Each coefficient agrees to 1e-10, with either kernel."""
    found = fit_logistic(rows_of(cluster, table, preparation), kernel, penalty)
    expected = fit_logistic(TableRows(table, preparation), NumpyKernel(), penalty)
    np.testing.assert_allclose(found.coefficients, expected.coefficients, rtol=1e-10)
    np.testing.assert_allclose(found.intercept, expected.intercept, rtol=1e-10)


@pytest.mark.parametrize("kernel", [NumpyKernel(), TorchKernel(autograd=True)])
def test_gradient_descent_takes_the_same_steps(cluster, table, preparation, kernel):
    """The kernel's gradients are used, or the tutorial's loop with a backward() for each block."""
    kind = ManualGradientDescent if kernel.name == "torch" else GradientDescent
    solver = kind(learning_rate=1e-4, iterations=3)
    found = fit_logistic(rows_of(cluster, table, preparation), kernel, solver=solver)
    expected = fit_logistic(TableRows(table, preparation), kernel, solver=solver)
    np.testing.assert_allclose(found.coefficients, expected.coefficients, rtol=1e-10)


def test_workers_read_through_fsspec(cluster, table, preparation):
    """The table is named by a URL, and nothing is copied to this process."""
    remote = Table(table.data.as_uri(), table.roles)

    def rounding(block):
        return (np.sin(block.X).sum(axis=0),)

    np.testing.assert_array_equal(
        rows_of(cluster, remote, preparation).sum(rounding)[0],
        rows_of(cluster, table, preparation).sum(rounding)[0],
    )


def test_workers_read_over_the_web_what_the_driver_does_not(
    cluster, table, preparation, monkeypatch
):
    """Workers read their own row groups by byte ranges; the driver reads only the footer."""

    def rounding(block):
        return (np.sin(block.X).sum(axis=0),)

    expected = rows_of(cluster, table, preparation).sum(rounding)[0]
    with served(table.data.parent) as (address, requests):
        remote = Table(f"{address}/{table.data.name}", table.roles)
        assert remote.num_rows == ROWS
        rows = rows_of(cluster, remote, preparation)
        asked = len(requests)

        def refuse(url):
            raise AssertionError(f"the driver reads {url}")

        monkeypatch.setattr(parquet, "_open_url", refuse)
        np.testing.assert_array_equal(rows.sum(rounding)[0], expected)
    ranges = [one for one in requests[asked:] if one.startswith("GET bytes=")]
    assert len(ranges) >= PARTS


def test_a_file_that_workers_do_not_see_is_named(cluster, table, preparation, tmp_path):
    """The error says what the workers need."""
    path = tmp_path / "rows.parquet"
    path.write_bytes(table.data.read_bytes())
    rows = rows_of(cluster, Table(path, table.roles), preparation)
    assert rows.sum(lambda block: (len(block.y),)) == (ROWS,)
    path.unlink()
    with pytest.raises(TableError, match=r"rows.parquet: the worker tcp://.* sees no such file"):
        rows.sum(lambda block: (1,))


def test_least_squares_are_those_of_memory(cluster, table, preparation):
    """The sums are in double-double arithmetic."""
    found = fit_linear(rows_of(cluster, table, preparation))
    expected = fit_linear(TableRows(table, preparation))
    np.testing.assert_allclose(found.coefficients, expected.coefficients, rtol=1e-13)


def test_separation_is_found_as_in_memory(cluster, tmp_path):
    """Linear programs use some rows, and the workers look for rows that violate the result."""
    rng = np.random.default_rng(2)
    X = rng.normal(size=(ROWS, 4))
    X[:, 3] = X[:, 3] > 2.0
    y = np.where(X[:, 3] > 0, 1, rng.integers(0, 2, ROWS))
    data = pa.table(dict(zip("abcd", X.T, strict=True)) | {"y": y})
    pq.write_table(data, tmp_path / "rows.parquet", row_group_size=ROWS // PARTS)
    table = Table(tmp_path / "rows.parquet", Table.from_arrow(data, "y").roles)
    preparation = Preparation.fit(table)
    found = assess_existence(rows_of(cluster, table, preparation))
    expected = assess_existence(TableRows(table, preparation))
    assert found.verdict is expected.verdict
    assert found.separated_rows == expected.separated_rows
    assert found.separating_columns == expected.separating_columns


def test_parts_kept_in_memory_give_the_same_bits(cluster, table, preparation):
    """All, some or none of the parts are kept."""

    def rounding(block):
        return (np.sin(block.X).sum(axis=0), block.X.T @ block.X)

    read = rows_of(cluster, table, preparation).sum(rounding)
    part = ROWS / PARTS * 8 * (len(preparation.columns) + 2)
    for hold_bytes in (5 * part, 1e12):
        held = rows_of(cluster, table, preparation, hold_bytes=hold_bytes)
        for _ in range(2):
            for found, expected in zip(held.sum(rounding), read, strict=True):
                np.testing.assert_array_equal(found, expected)


def test_an_error_of_the_computation_is_raised_as_it_is(cluster, table, preparation):
    """Type and message stay the same."""

    def fail(block):
        raise ArithmeticError("no")

    with pytest.raises(ArithmeticError, match="no"):
        rows_of(cluster, table, preparation).sum(fail)


def test_rows_of_this_process_are_refused(cluster, table, preparation):
    """The error names the remedy."""
    held = Table(table.to_arrow(), table.roles)
    with pytest.raises(TableError, match=r"memory, where workers cannot read them.*write_parquet"):
        rows_of(cluster, held, preparation).sum(lambda block: (1,))
