"""A Dask cluster as an engine: the workers read and sum the rows, and only sums are sent.

Three kinds of processes take part. The *driver* is the process of the run: it knows the model, asks
for passes over the table and receives one sum for each. The *scheduler* is Dask's: it gives the
tasks of a pass to the *workers*, which read the table's file by themselves, from a folder that all
of them see under the same path, or from a URL.

What is a pass?
    The driver cuts the table into parts at the row groups of its Parquet file (``parts_of``). How
    large they are depends on the size of the table alone. A pass has a task for each part: read
    it block by block, apply the driver's function to each block, add the values, first to last.
    Further tasks add the sums of up to eight neighbouring parts, then the sums of eight of those,
    until one is left (``task_graph``). The driver fetches that one.

What is sent?
    Each worker receives the function once a pass, and once a table how its parts are read. For each
    part it receives a description (path, row groups, which rows are chosen), never rows. It sends
    back values that can be added: sums or, on request, counts by level, a sample, or the scores of
    a test set. The project pickles nothing to a file.

What is kept?
    The first passes of a fit decode the table. Workers then keep decoded blocks in a share of their
    memory (``cache``) and beyond that in temporary files (``disk_cache``), and read the rest again
    at every pass (``kept_parts``). A table that has only numbers is decoded once, both for its
    medians and for its design (``ClusterReading``).

In which order are sums added?
    The parts fix the order: first the blocks within a part, then neighbouring parts, whichever
    worker computes them. Each worker limits its libraries to one thread, since the last bits of a
    product depend on the number of threads. So the result has the same bits for any number of
    workers. All of them need the same versions of Python, numpy and this package
    (``worker_versions``).

What happens when a worker dies?
    The scheduler gives its tasks to other workers. They read again the parts that the dead worker
    kept, and the sum has the same bits as before. The driver checks the cluster while it waits
    (``liveness``). It waits without limit for a worker that computes. It ends the run with an error
    when the scheduler is gone, when no worker is left, or when no worker computes for longer than
    the settings allow.
"""

from lr_pipeline.engines.cluster.cluster import Cluster, open_cluster
from lr_pipeline.engines.cluster.cluster_reading import ClusterReading, aggregate_on_workers
from lr_pipeline.engines.cluster.cluster_rows import ClusterRows
from lr_pipeline.engines.cluster.cluster_settings import ClusterError, ClusterSettings
from lr_pipeline.engines.cluster.pass_report import describe_passes

__all__ = [
    "Cluster",
    "ClusterError",
    "ClusterReading",
    "ClusterRows",
    "ClusterSettings",
    "aggregate_on_workers",
    "describe_passes",
    "open_cluster",
]
