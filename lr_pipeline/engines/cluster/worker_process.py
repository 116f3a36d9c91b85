"""How a worker's process computes: its libraries with one thread, its scratch memory used again."""

import ctypes
import os
import sys
from contextlib import suppress
from functools import cache

from threadpoolctl import ThreadpoolController

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
# Of mallopt(3). From 4 MiB on numpy asks for large pages, which are found in no time, and what is
# kept between passes is to be given back when it is let go.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
SCRATCH_BYTES, SPARE_BYTES = 4 << 20, 32 << 20


def settle_process() -> None:
    """Do so, whichever task is this process's first; each task asks again."""
    keep_to_one_thread()
    keep_scratch_memory()


def keep_to_one_thread() -> None:
    """Hold this process's libraries to one thread, from its first task on, as Dask's nanny does.

    A product has other bits with another number of threads, and workers may differ in theirs.
    Each task asks again: OpenMP counts for each thread, and torch anew where a thread first uses
    it.
    """
    _libraries().limit(limits=1)
    # None as well while another thread is importing torch: it will find the variables above.
    if set_num_threads := getattr(sys.modules.get("torch"), "set_num_threads", None):
        set_num_threads(1)


@cache
def _libraries() -> ThreadpoolController:
    """Those that are loaded; finding them takes longer than many a task.

    One that is loaded later reads the variables when it is: even amid a task.
    """
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    return ThreadpoolController()


@cache
def keep_scratch_memory() -> None:
    """Let this process keep some memory that a block has given up, for the next block.

    Dask's nanny has glibc return it to the system at once (``MALLOC_TRIM_THRESHOLD_``), and asking
    for it again, page by page, takes longer than much of what is computed there.
    """
    with suppress(OSError, AttributeError):  # another C library, with other habits
        glibc = ctypes.CDLL("libc.so.6")
        glibc.mallopt(M_MMAP_THRESHOLD, SCRATCH_BYTES)
        glibc.mallopt(M_TRIM_THRESHOLD, SPARE_BYTES)
