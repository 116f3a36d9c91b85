"""Import libraries without Python's garbage collector.

The collector runs whenever many objects are new, and modules make a million that are never garbage.
Searching them took a tenth of the time of a run on a small table, and searching those of torch and
matplotlib, which are imported later, almost a fifth.
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

NEW_OBJECTS = 50_000  # between two searches; Python's own choice is 700


@contextmanager
def uncollected_imports(module: str) -> Iterator[None]:
    """Collect nothing in a block that imports ``module``, and never search what it has made.

    What was made before the block is not searched later either, so that garbage in its cycles is
    never freed: place the block before any work. After it the collector runs rarely. Nothing is
    done if the module was imported earlier.
    """
    if module in sys.modules:
        yield
        return
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(NEW_OBJECTS)
        if collects:
            gc.enable()
