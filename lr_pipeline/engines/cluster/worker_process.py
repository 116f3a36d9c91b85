"""Settings of a worker's process: one thread for its libraries, and kept scratch memory."""

import ctypes
import os
import sys
from contextlib import suppress
from functools import cache

from threadpoolctl import ThreadpoolController

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
# Options of mallopt(3). They concern arrays below 4 MiB. For larger ones numpy asks for large
# pages, which the system finds at once; and parts kept between passes must return their memory when
# freed.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
SCRATCH_BYTES, SPARE_BYTES = 4 << 20, 32 << 20


def settle_process() -> None:
    """Limit this process's libraries to one thread and keep scratch memory, for each task."""
    keep_to_one_thread()
    keep_scratch_memory()


def keep_to_one_thread() -> None:
    """Limit this process's libraries to one thread, from its first task on, as Dask's nanny does.

    The last bits of a product depend on the number of threads, and workers may differ in it. Each
    task calls this again, since OpenMP and torch have a separate limit for each Python thread.
    """
    _libraries().limit(limits=1)
    # While another thread imports torch this function may not exist yet; torch then reads the
    # variables.
    if set_num_threads := getattr(sys.modules.get("torch"), "set_num_threads", None):
        set_num_threads(1)


@cache
def _libraries() -> ThreadpoolController:
    """Return the libraries that are loaded; to find them takes longer than many tasks do.

    A library that is loaded later, even in the middle of a task, reads the environment variables.
    """
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    return ThreadpoolController()


@cache
def keep_scratch_memory() -> None:
    """Let this process keep some of the memory that one block has freed, for the next block.

    Dask's nanny makes glibc return it to the system at once (``MALLOC_TRIM_THRESHOLD_``). Asking
    for it again, page by page, takes longer than much of the computation.
    """
    with suppress(OSError, AttributeError):  # other C libraries lack these options
        glibc = ctypes.CDLL("libc.so.6")
        glibc.mallopt(M_MMAP_THRESHOLD, SCRATCH_BYTES)
        glibc.mallopt(M_TRIM_THRESHOLD, SPARE_BYTES)
