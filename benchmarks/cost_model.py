"""The time of a fit on a cluster, from rows, columns, workers, network and measured constants.

A pass takes the time of the worker with the most parts, or of the scheduler's tasks if that is
longer, and then the time of the sums' way up the tree:

    pass = max(⌈parts / workers⌉ · (rows of a part · seconds a row + worker_task),
               tasks · scheduler_task) + round_trip + levels · hop
    seconds a row = max(file bytes / disk, read + compute)              a worker of one core
                    max(file bytes / disk, read, compute)               of two or more
    hop = latency + (8 + 1) · bytes of the sums / bandwidth + worker_task

    fit = sample + stretch · (prepare + sampling + evaluations · pass)

``prepare`` is the pass over the stored columns. The sampling pass sends a sample to the driver,
which fits it alone. If workers keep rows in memory, later passes do not read them. ``stretch`` is
fitted: the threads of a process slow each other down.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil, inf

from lr_pipeline.core.acceleration.regimes import REGIMES
from lr_pipeline.engines.cluster.cluster_rows import rows_of_part
from lr_pipeline.engines.cluster.task_graph import SUMS_AT_ONCE
from lr_pipeline.tables.files.parquet import BLOCK_BYTES, rows_within

FLOAT = 8
EVALUATIONS = 4  # for the tables measured here, at a tolerance of 1e-3 standard errors
CACHE = 0.5


@dataclass(frozen=True)
class Rates:
    """Costs of tables of d ``columns``: ``file_bytes`` per row, and seconds of one core per row.

    ``read``: decode a row group and make blocks of it. ``gradient`` and ``hessian``: the sums of a
    pass over blocks in memory. ``prepare``: the medians of the columns, decoding included.
    ``sample``: the driver's fit of the sample, per row of the sample.
    """

    columns: int
    file_bytes: float
    read: float
    gradient: float
    hessian: float
    prepare: float
    sample: float


@dataclass(frozen=True)
class Overheads:
    """Seconds that do not depend on the rows; ``transfer``: bytes per second, worker to driver.

    ``scheduler_task`` and ``worker_task``: processor time of a task in either process;
    ``round_trip``: a pass over a table of a few rows. ``start``: the start of a cluster with two
    workers. ``stretch``: measured time of passes divided by the time that these constants give.
    """

    scheduler_task: float
    worker_task: float
    round_trip: float
    transfer: float
    start: float
    stretch: float = 1.0


@dataclass(frozen=True)
class Machines:
    """A cluster of ``workers``: processes of one thread, each with ``cores`` and ``memory``.

    ``disk``: bytes per second that a worker reads of the file; ``latency`` and ``bandwidth`` of
    the network are between any two workers.
    """

    workers: int
    cores: int = 1
    memory: float = 8e9
    disk: float = inf
    bandwidth: float = inf
    latency: float = 0.0


@dataclass(frozen=True)
class Costs:
    """Seconds of a fit in the ``driver`` alone and in ``passes``; bytes that the driver holds."""

    driver: float
    passes: float
    driver_bytes: float

    @property
    def seconds(self) -> float:
        return self.driver + self.passes


def part_rows(rows: int, columns: int) -> int:
    """Rows of a part when ``ClusterRows`` cuts a file that the pipeline stored."""
    group = rows_within(BLOCK_BYTES, columns)
    return min(rows, ceil(rows_of_part(rows, FLOAT * (columns + 2)) / group) * group)


def levels_of(parts: int) -> Iterator[int]:
    """Number of tasks on each level of the tree above the parts."""
    while True:
        parts = ceil(parts / SUMS_AT_ONCE)
        yield parts
        if parts == 1:
            return


def sample_rows(rows: int, columns: int) -> float:
    """Rows of the sample that the driver fits first."""
    wanted = min(REGIMES.sample_share * rows, REGIMES.sample_numbers / columns)
    return min(rows, max(wanted, REGIMES.sample_rows_per_parameter * (columns + 1)))


def sum_bytes(columns: int, hessian: bool = False) -> int:
    """Bytes of a block's sums: loss and gradient, and the Hessian if it is requested."""
    p = columns + 1
    return FLOAT * (1 + p + (p * p if hessian else 0))


def pass_seconds(
    rows: int,
    read: float | None,
    compute: float,
    rates: Rates,
    overheads: Overheads,
    machines: Machines,
    hessian: bool = False,
) -> float:
    """Seconds of one pass; ``read`` and ``compute`` are seconds per row.

    ``read`` is None if the rows are in the workers' memory.
    """
    size = part_rows(rows, rates.columns)
    parts = ceil(rows / size)
    levels = list(levels_of(parts))
    decoding = read or 0.0
    busy = decoding + compute if machines.cores == 1 else max(decoding, compute)
    # The stretch applies to computing, not to the disk.
    disk = 0.0 if read is None else rates.file_bytes / machines.disk / overheads.stretch
    row = max(busy, disk)
    waves = ceil(parts / machines.workers)
    work = min(waves * size, rows) * row + waves * overheads.worker_task
    planning = (parts + sum(levels)) * overheads.scheduler_task
    carried = (SUMS_AT_ONCE + 1) * sum_bytes(rates.columns, hessian)
    hop = machines.latency + carried / machines.bandwidth + overheads.worker_task
    return max(work, planning) + overheads.round_trip + len(levels) * hop


def fit_costs(
    rows: int,
    rates: Rates,
    overheads: Overheads,
    machines: Machines,
    cached: bool = False,
    evaluations: int = EVALUATIONS,
) -> Costs:
    """Seconds of a fit on started workers, which may keep rows that fit in their memory."""
    sampled = sample_rows(rows, rates.columns)
    sample_bytes = sampled * FLOAT * (rates.columns + 1)
    moving = sample_bytes * (1 / overheads.transfer + 1 / machines.bandwidth)
    room = CACHE * machines.memory * machines.workers if cached else 0.0
    held = min(1.0, room / (rows * FLOAT * (rates.columns + 2)))

    def seconds(read: float | None, compute: float) -> float:
        return pass_seconds(rows, read, compute, rates, overheads, machines)

    prepare = seconds(rates.prepare, 0.0)
    sampling = seconds(rates.read, 0.0)
    again, from_memory = seconds(rates.read, rates.gradient), seconds(None, rates.gradient)
    one = held * from_memory + (1 - held) * again
    passes = overheads.stretch * (prepare + sampling + evaluations * one)
    return Costs(rates.sample * sampled + moving, passes, sample_bytes)


def alone_costs(
    rows: int, rates: Rates, disk: float = inf, evaluations: int = EVALUATIONS
) -> Costs:
    """Seconds of the Parquet engine's fit, in one process on two cores, without a cluster.

    Each core reads and sums its own parts of the file.
    """
    none, machine = Overheads(0.0, 0.0, 0.0, inf, 0.0), Machines(1, disk=disk)
    halved = replace(rates, read=rates.read / 2, gradient=rates.gradient / 2)
    return fit_costs(rows, halved, none, machine, evaluations=evaluations)
