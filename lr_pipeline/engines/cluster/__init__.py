"""A Dask cluster as an engine: the workers read the rows and add, only their sums travel.

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
    To each worker: once a pass the function, and once a table how its parts are read. For each
    part its description (path, row groups, which rows are chosen), never its rows. Back come values
    that add up: sums, or counts by level, a sample, the scores of a test set, where these are what
    was asked for. Nothing of the project is pickled to a file.

What is kept?
    The first passes of a fit decode the table; workers then keep the decoded blocks, in memory up
    to a share of it (``cache``), beyond that in temporary files (``disk_cache``), and read the rest
    again at every pass (``kept_parts``). A table of numbers is decoded once for its medians and
    for its design (``ClusterReading``).

In which order are sums added?
    In one that the parts fix: blocks within a part, then neighbours, whichever worker computes
    them. Each worker holds its libraries to one thread, since a product has other bits with another
    number of threads. So the result has the same bits for any number of workers, and all of them
    need the same versions of Python, numpy and this package (``worker_versions``).

What happens when a worker dies?
    The scheduler gives its tasks to others. A part that it kept is read again by whoever gets it,
    and the sum has the same bits as before. The driver looks at the cluster while it waits
    (``liveness``): it waits for a worker that computes however long that takes, and ends the run
    with an error when the scheduler is gone, when no worker is left, or when none computes for
    longer than the settings allow.
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
