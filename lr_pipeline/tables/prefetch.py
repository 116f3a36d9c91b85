"""Reads ahead: another thread makes the next items while the caller works on the current one."""

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
AHEAD = 2
END = object()


def prefetched(items: Iterable[Item]) -> Generator[Item]:
    """Yield ``items`` in their order, made in one background thread, at most two of them early.

    An exception of ``items`` is raised in place of its item. When the caller stops early, the
    thread finishes its current item and ends, and ``items`` is closed if it is a generator.
    """
    source = iter(items)
    with ThreadPoolExecutor(1, thread_name_prefix="prefetch") as reader:
        waiting = deque(reader.submit(next, source, END) for _ in range(AHEAD))
        try:
            while (item := waiting.popleft().result()) is not END:
                waiting.append(reader.submit(next, source, END))
                yield item  # type: ignore[misc]
        finally:
            reader.shutdown(cancel_futures=True)
            if isinstance(source, Generator):
                source.close()
