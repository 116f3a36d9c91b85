"""Memory that was freed is the system's again."""

import ctypes
import sys
from pathlib import Path

import numpy as np
import pytest

from lr_pipeline.tables.freed_memory import release_freed_memory


def resident() -> float:
    """Return the memory (MB) that this process holds."""
    line = next(x for x in Path("/proc/self/status").read_text().splitlines() if "VmRSS" in x)
    return int(line.split()[1]) * 1024 / 1e6


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="needs glibc"
)
def test_small_arrays_below_one_that_lives_are_given_back():
    """The heap cannot shrink by itself, since its end is in use."""
    release_freed_memory()
    before = resident()
    many = [np.ones(8_000) for _ in range(1_000)]  # 64 MB in pieces that no map of their own holds
    last = np.ones(8_000)
    del many
    held = resident()
    release_freed_memory()
    assert resident() < before + 20
    assert held > before + 40
    assert last.sum() == 8_000
