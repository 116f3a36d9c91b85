"""Reading ahead keeps the order, raises errors in their place, and leaves no thread behind."""

import threading
import time

import pytest

from lr_pipeline.tables.prefetch import prefetched


def readers():
    """Names of the reading threads that are alive."""
    return [thread.name for thread in threading.enumerate() if "prefetch" in thread.name]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 100])
def test_items_come_in_their_order(count):
    """That holds for any number of items, and None is an item like others."""
    items = [None if k % 3 == 0 else k for k in range(count)]
    assert list(prefetched(iter(items))) == items
    assert readers() == []


def test_no_more_is_made_than_asked_for():
    """At most two items are made early, however slow the caller is."""
    made = []
    items = prefetched(made.append(k) for k in range(100))
    next(items)
    time.sleep(0.1)
    assert len(made) <= 3
    items.close()


def test_an_error_is_raised_where_its_item_would_have_been():
    """The items before the error arrive."""

    def failing():
        yield 1
        yield 2
        raise OSError("disk gone")

    items = prefetched(failing())
    assert [next(items), next(items)] == [1, 2]
    with pytest.raises(OSError, match="disk gone"):
        next(items)
    assert readers() == []


def test_a_caller_that_stops_early_ends_thread_and_source():
    """The file behind a generator is closed."""
    closed = []

    def endless():
        try:
            while True:
                yield 0
        finally:
            closed.append(True)

    items = prefetched(endless())
    next(items)
    items.close()
    assert closed == [True]
    assert readers() == []
