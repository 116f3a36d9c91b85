"""Threads that work on blocks."""

import threading
import time
from itertools import pairwise

import numpy as np
import pytest

from lr_pipeline.engines import held_blocks, parallel
from lr_pipeline.engines.memory import ArrayRows
from lr_pipeline.engines.parallel import in_order, threads_for, usable_processors

THREADS = pytest.mark.parametrize("threads", [1, 2, 7])


@pytest.fixture(params=[1, 2, 7])
def processors(request, monkeypatch):
    """Pretend that there are this many processors."""
    monkeypatch.setattr(parallel, "usable_processors", lambda: request.param)
    return request.param


@THREADS
def test_results_come_in_the_order_of_the_items(threads):
    """The order does not depend on which thread is first."""
    assert list(in_order(lambda n: n * n, range(50), threads)) == [n * n for n in range(50)]


@pytest.mark.promise("Numbers", "Any number of threads gives the same bits.")
def test_the_same_blocks_give_the_same_bits_for_any_number_of_threads(processors):
    """Sums are added in an order that depends on the rows alone."""
    rng = np.random.default_rng(3)
    X, y = rng.standard_normal((1001, 1048)), rng.standard_normal(1001)
    assert X.size >= held_blocks.THREADED_NUMBERS
    total = ArrayRows(X, y, block_rows=13).sum(lambda block: np.sin(block.X).sum(axis=0))
    parts = [np.sin(X[s : s + 13]).sum(axis=0) for s in range(0, 1001, 13)]
    edges = [len(parts) * group // held_blocks.GROUPS for group in range(held_blocks.GROUPS + 1)]
    groups = [sum(parts[a + 1 : b], parts[a]) for a, b in pairwise(edges)]
    np.testing.assert_array_equal(total, sum(groups[1:], groups[0]))


def test_an_error_in_a_block_is_the_callers(processors):
    """Later sums still work."""
    rows = ArrayRows(np.ones((10, 2**17)), np.ones(10), block_rows=1)
    with pytest.raises(ZeroDivisionError):
        rows.sum(lambda block: (1 // 0,))
    assert rows.sum(lambda block: (1,)) == (10,)


def test_several_threads_are_used_where_there_are_processors(monkeypatch):
    """Two blocks wait for each other, which a single thread could not do."""
    monkeypatch.setattr(parallel, "usable_processors", lambda: 2)
    meeting = threading.Barrier(2, timeout=20)
    assert len(list(in_order(lambda n: meeting.wait(), range(2)))) == 2


def test_the_callers_thread_is_one_of_them():
    """One of two threads is the caller's, the other is a new one."""
    meeting = threading.Barrier(2, timeout=20)

    def meet(_: int) -> int:
        meeting.wait()
        return threading.get_ident()

    found = list(in_order(meet, range(10), threads=2))
    assert len(set(found)) == 2
    assert threading.get_ident() in found


@THREADS
def test_the_first_error_in_order_is_raised(threads):
    """It does not matter which thread meets it, or which error occurs first."""
    begun = []

    def fail(number: int) -> int:
        begun.append(number)
        if number in (3, 5):
            raise ValueError(f"at {number}")
        if number > 5:
            time.sleep(0.02)  # longer than a busy machine keeps this thread waiting
        return number

    results = iter(in_order(fail, range(40), threads))
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="at 3"):
        next(results)
    assert len(begun) < 40


def test_blas_threads_are_restored():
    """After a fit of few columns the libraries have as many threads as before."""
    from threadpoolctl import threadpool_info

    before = [library["num_threads"] for library in threadpool_info()]
    with threads_for(10):
        inside = [i["num_threads"] for i in threadpool_info() if i["user_api"] == "blas"]
    assert set(inside) == {1}
    assert [library["num_threads"] for library in threadpool_info()] == before
    assert usable_processors() >= 1


def test_few_numbers_are_left_alone():
    """Setting the libraries' threads takes as long as a small fit's arithmetic."""
    from threadpoolctl import threadpool_info

    before = [library["num_threads"] for library in threadpool_info()]
    with threads_for(10, rows=100):
        assert [library["num_threads"] for library in threadpool_info()] == before
