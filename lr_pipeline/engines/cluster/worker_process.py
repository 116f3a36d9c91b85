"""Settings of a worker's process: one thread for its libraries, scratch memory that it keeps."""

import ctypes
import os
import sys
from contextlib import suppress
from functools import cache

from threadpoolctl import ThreadpoolController

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
# Options of mallopt(3). For arrays from 4 MiB on numpy asks for large pages, which the system finds
# at once, and memory that is kept between passes has to go back to the system when it is freed.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
SCRATCH_BYTES, SPARE_BYTES = 4 << 20, 32 << 20


def settle_process() -> None:
    """Limit this process's libraries to one thread and keep scratch memory; tasks ask again."""
    keep_to_one_thread()
    keep_scratch_memory()


def keep_to_one_thread() -> None:
    """Limit this process's libraries to one thread, from its first task on, as Dask's nanny does.

    A product has other bits with another number of threads, and workers may differ in theirs.
    Each task asks again, since OpenMP has a limit for each thread of Python, and so has torch.
    """
    _libraries().limit(limits=1)
    # While another thread imports torch there is no such function yet: torch reads the variables.
    if set_num_threads := getattr(sys.modules.get("torch"), "set_num_threads", None):
        set_num_threads(1)


@cache
def _libraries() -> ThreadpoolController:
    """Return the libraries that are loaded; finding them takes longer than many a task.

    A library that is loaded later reads the environment variables, even in the middle of a task.
    """
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    return ThreadpoolController()


@cache
def keep_scratch_memory() -> None:
    """Let this process keep some of the memory that one block has freed, for the next block.

    Dask's nanny has glibc return it to the system at once (``MALLOC_TRIM_THRESHOLD_``), and asking
    for it again, page by page, takes longer than much of the computation.
    """
    with suppress(OSError, AttributeError):  # another C library, without these options
        glibc = ctypes.CDLL("libc.so.6")
        glibc.mallopt(M_MMAP_THRESHOLD, SCRATCH_BYTES)
        glibc.mallopt(M_TRIM_THRESHOLD, SPARE_BYTES)
