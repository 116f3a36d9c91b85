"""Threads that work on blocks; results are returned in the order of the blocks."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from itertools import takewhile
from typing import TypeVar

from threadpoolctl import ThreadpoolController

WIDE = 1_500
FEW_NUMBERS = 5_000

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(
    function: Callable[[Item], Result], items: Sequence[Item], threads: int | None = None
) -> Iterable[Result]:
    """Apply ``function`` to every item, and yield the results in the order of the items.

    This many ``threads`` do so, unless given one for each processor; the caller's thread is one of
    them. numpy releases the interpreter's lock, so that threads over blocks use all processors for
    everything, where the BLAS alone would use them for products only. The BLAS is limited to one
    thread meanwhile, since its own threads would compete with these.
    """
    threads = min(threads or usable_processors(), len(items))
    if threads < 2:
        return map(function, items)
    return _in_threads(function, items, threads)


def usable_processors() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _in_threads(
    function: Callable[[Item], Result], items: Sequence[Item], threads: int
) -> Iterator[Result]:
    """Yield the results; the caller works too, since a waiting thread leaves a processor idle."""
    with one_blas_thread():
        submit = _threads(threads - 1).submit
        outcomes = [submit(function, item) for item in items]
        try:
            for number in range(len(items)):
                while not outcomes[number].done():
                    begun = (not outcome.cancel() for outcome in outcomes[number:])
                    place = number + sum(takewhile(bool, begun))
                    if place == len(items):  # once for each thread
                        break
                    outcomes[place] = _attempt(function, items[place])
                yield outcomes[number].result()
        finally:
            for outcome in outcomes:
                outcome.cancel()


def _attempt(function: Callable[[Item], Result], item: Item) -> "Future[Result]":
    """Return the result, or the error, which the caller raises when its turn comes."""
    outcome: Future[Result] = Future()
    try:
        outcome.set_result(function(item))
    except Exception as error:  # noqa: BLE001 (whatever it is)
        outcome.set_exception(error)
    return outcome


@cache
def _threads(number: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(number, thread_name_prefix="blocks")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_threads.cache_clear)  # a fork does not copy threads


def threads_for(columns: int, rows: int | None = None) -> AbstractContextManager[object]:
    """Limit the BLAS to one thread for the small matrices of a fit of fewer than 1,500 columns.

    Its threads gain nothing there, and after each product they wait busily for the next one. During
    a pass over a large table they would take a processor from the threads that sum its blocks. For
    few numbers the BLAS uses one thread anyway.
    """
    few = rows is not None and rows * columns < FEW_NUMBERS
    if columns >= WIDE or few:
        return nullcontext()
    return one_blas_thread()


def one_blas_thread() -> AbstractContextManager[object]:
    """Limit the BLAS of this process to one thread."""
    limits: AbstractContextManager[object] = _libraries().limit(limits=1, user_api="blas")
    return limits


@cache
def _libraries() -> ThreadpoolController:
    """Return the BLAS libraries of this process; to find them takes a millisecond."""
    return ThreadpoolController()
