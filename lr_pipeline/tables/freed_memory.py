"""Gives memory that was freed back to the system, which allocators keep for themselves."""

import ctypes
from collections.abc import Callable
from functools import cache

import pyarrow as pa


def release_freed_memory() -> None:
    """Return what pyarrow's pool and, with glibc, the C library's heaps hold without use.

    It takes some milliseconds: call it after a pass over many rows, not after each block.
    """
    pa.default_memory_pool().release_unused()
    trim = _trim_of_glibc()
    if trim is not None:
        trim(0)


@cache
def _trim_of_glibc() -> Callable[[int], int] | None:
    try:
        trim: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library, or another system
        return None
    return trim
