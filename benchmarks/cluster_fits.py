"""The sides of the comparison on a cluster; each is started, fitted once and measured here.

A side is a generator. It starts what it needs and yields; it fits and yields the (p,) parameters,
intercept first; then it yields the peak memory of every process, MB by name, and ends what it
started.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from benchmarks import ours
from benchmarks.streaming import peak_megabytes

WORKERS = 2
CACHE = 0.5  # of the workers' memory: DaskEngine's default
SPARK_MEMORY = "8g"
SPARK_ITERATIONS = 500
DASK_GLM_ROWS = 250_000  # of a chunk

Side = Callable[[Path, float], Iterator[Any]]


def parquet_engine(path: Path, tolerance: float) -> Iterator[Any]:
    """Our fit, streamed in one process."""
    yield
    yield ours.parameters(ours.fit_parquet(path))
    yield {"process": peak_megabytes()}


def dask_engine(path: Path, tolerance: float, cache: float = 0.0) -> Iterator[Any]:
    """Our fit by two local workers, which cache the numbers in temporary files or in memory."""
    from lr_pipeline.engines.cluster.cluster import ClusterSettings, open_cluster

    with open_cluster(ClusterSettings(workers=WORKERS)) as cluster:
        yield
        yield ours.parameters(ours.fit_on_cluster(cluster, path, cache))
        yield {"driver": peak_megabytes()} | _workers(cluster.client.run(peak_megabytes))


def dask_engine_cached(path: Path, tolerance: float) -> Iterator[Any]:
    """The same with the default cache of ``DaskEngine``."""
    return dask_engine(path, tolerance, CACHE)


def spark(path: Path, tolerance: float) -> Iterator[Any]:
    """MLlib's LogisticRegression, unpenalised, columns standardized, in a local JVM."""
    from pyspark.ml.classification import LogisticRegression
    from pyspark.ml.feature import VectorAssembler
    from pyspark.sql import SparkSession

    settings = {
        "spark.driver.memory": SPARK_MEMORY,
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    session = SparkSession.builder.master(f"local[{WORKERS}]").config(map=settings).getOrCreate()
    yield
    data = session.read.parquet(str(path))
    features = [name for name in data.columns if name != "y"]
    assembled = VectorAssembler(inputCols=features, outputCol="x").transform(data).select("x", "y")
    estimator = LogisticRegression(
        featuresCol="x",
        labelCol="y",
        regParam=0.0,
        standardization=True,
        maxIter=SPARK_ITERATIONS,
        tol=tolerance,
    )
    fitted = estimator.fit(assembled)
    yield np.r_[fitted.intercept, fitted.coefficients.toArray()]
    java = session.sparkContext._jvm.java.lang.ProcessHandle.current().pid()
    yield {"Python": peak_megabytes(), "JVM": peak_megabytes(java)}
    session.stop()


def dask_glm(path: Path, tolerance: float) -> Iterator[Any]:
    """dask-glm's Newton method on an array in the memory of two local workers.

    It reads no files: the rows are read as its users read them, one chunk for each row group, and
    kept in memory.
    """
    import dask.array as da
    from dask import delayed
    from dask_glm.estimators import LogisticRegression
    from distributed import Client, LocalCluster

    with ExitStack() as stack:
        local = LocalCluster(
            n_workers=WORKERS, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
        )
        client = stack.enter_context(Client(stack.enter_context(local)))
        yield
        footer = pq.read_metadata(path)
        chunks = [
            da.from_delayed(
                delayed(read_row_group)(path, group),
                (footer.row_group(group).num_rows, footer.num_columns),
                float,
            )
            for group in range(footer.num_row_groups)
        ]
        rows = da.concatenate(chunks).rechunk((DASK_GLM_ROWS, -1)).persist()
        fitted = LogisticRegression(solver="newton", tol=tolerance).fit(rows[:, :-1], rows[:, -1])
        yield np.r_[fitted.intercept_, fitted.coef_]
        yield {"driver": peak_megabytes()} | _workers(client.run(peak_megabytes))


def read_row_group(path: Path, group: int) -> np.ndarray:
    """(n, d + 1) numbers of a row group: the features, then the label."""
    with pq.ParquetFile(path) as file:
        return np.column_stack(file.read_row_group(group).columns).astype(np.float64)


def _workers(peaks: dict[str, float]) -> dict[str, float]:
    """Name the workers by number instead of address."""
    return {f"worker {number}": peak for number, peak in enumerate(peaks.values(), 1)}
