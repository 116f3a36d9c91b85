"""When a pass waits, warns and ends with an error; with a fake cluster and a fake clock."""

from types import SimpleNamespace

import pytest

from lr_pipeline.engines.cluster.cluster_settings import ClusterError, ClusterSettings
from lr_pipeline.engines.cluster.liveness import Watch

MB = 1_000_000


class FakeCluster:
    """A client, its scheduler and a clock; each check takes a second."""

    def __init__(self, workers: int = 2, **settings: float) -> None:
        self.now, self.status, self.answers, self.hidden = 0.0, "running", True, 0
        self.scheduler = SimpleNamespace(address="tcp://s:1", identity=None)
        names = [f"tcp://w:{number}" for number in range(workers)]
        self.workers = {
            name: {
                "last_seen": 1e9,  # the scheduler's clock is another one
                "status": "running",
                "memory_limit": 100 * MB,
                "metrics": {"task_counts": {"executing": 1}, "memory": 90 * MB},
            }
            for name in names
        }
        self.frozen: set[str] = set()
        self.told: list[str] = []
        self.watch = Watch(self, ClusterSettings(**settings), self.told.append, lambda: self.now)

    def sync(self, _question, n_workers: int, callback_timeout: float):
        """Return the scheduler's answer about all workers."""
        assert n_workers == -1
        if not self.answers:
            self.now += callback_timeout
            raise TimeoutError
        for name, worker in self.workers.items():
            if name not in self.frozen:
                worker["last_seen"] = 1e9 + self.now
        return {"workers": self.workers}

    def idle(self, *names: str, paused: bool = False) -> None:
        """Set workers that execute nothing."""
        for name in names or self.workers:
            self.workers[name]["metrics"]["task_counts"] = {"memory": 3}
            self.workers[name]["status"] = "paused" if paused else "running"

    def wait(self, seconds: float, done: int = 0) -> None:
        """Watch a pass in which no task ends, for this time."""
        until = self.now + seconds
        while self.now < until:
            self.now += 1.0
            self.watch.look(done)


def given_up_after(cluster: FakeCluster) -> tuple[float, str]:
    """Return the seconds until the error, and the error."""
    begun = cluster.now
    with pytest.raises(ClusterError) as caught:
        cluster.wait(1e5)
    assert len(str(caught.value).splitlines()) == 1
    return cluster.now - begun, str(caught.value)


def test_a_task_is_waited_for_however_long_it_takes():
    """Its worker sends heartbeats and executes a task, so there is no warning."""
    cluster = FakeCluster(patience=5.0, silence=10.0)
    cluster.idle("tcp://w:1")
    cluster.wait(10_000.0)
    assert not cluster.told


def test_workers_paused_for_memory_are_given_up_after_patience():
    """A warning and then the error say which, how much they hold, and the remedy."""
    cluster = FakeCluster(patience=60.0, silence=900.0)
    cluster.idle(paused=True)
    cluster.wait(30.0)
    (told,) = cluster.told
    assert "paused for memory: tcp://w:0 holds 90 MB of its 100 MB" in told
    seconds, error = given_up_after(cluster)
    assert 28.0 <= seconds <= 34.0
    for text in (
        "tcp://w:0 holds 90 MB of its 100 MB, tcp://w:1 holds",
        "more memory",
        "smaller block_rows",
        "cache=0",
    ):
        assert text in error
    assert len(cluster.told) == 1


def test_a_paused_worker_that_finishes_its_task_is_waited_for():
    """Afterwards it may have free memory again."""
    cluster = FakeCluster(patience=5.0)
    for worker in cluster.workers.values():
        worker["status"] = "paused"
    cluster.wait(1_000.0)
    assert cluster.told == []


def test_at_most_three_workers_are_named():
    """The message has the number of the others."""
    cluster = FakeCluster(workers=9, patience=5.0)
    cluster.idle(paused=True)
    assert "tcp://w:2 holds 90 MB of its 100 MB and 6 more. Start" in given_up_after(cluster)[1]


def test_a_frozen_worker_is_named_and_given_up_after_silence():
    """Dask may give its tasks to others before; the idle worker that answers is not blamed."""
    cluster = FakeCluster(patience=5.0, silence=60.0)
    cluster.wait(10.0)
    cluster.frozen.add("tcp://w:1")
    cluster.idle("tcp://w:0")
    seconds, error = given_up_after(cluster)
    assert 60.0 <= seconds <= 75.0
    assert "found neither for 60 s: tcp://w:1. End" in error
    (told,) = cluster.told
    assert "tcp://w:1 has sent no heartbeat for 1" in told
    assert "worker-ttl" in told


@pytest.mark.parametrize("executing", [0, 1])
def test_a_worker_that_froze_a_moment_ago_is_named_however_short_the_silence_allowed(executing):
    """Its last heartbeat is recent, but the message does not say that it answers."""
    cluster = FakeCluster(silence=3.0)
    cluster.idle()
    cluster.workers["tcp://w:1"]["metrics"]["task_counts"] = {"executing": executing}
    cluster.wait(2.0)  # only the first check sees a heartbeat
    cluster.frozen.add("tcp://w:1")
    seconds, error = given_up_after(cluster)
    assert seconds <= 10.0
    assert "found neither for 3 s: tcp://w:1. End" in error
    (told,) = cluster.told
    assert "tcp://w:1 has sent no heartbeat" in told


def test_a_frozen_worker_beside_one_that_computes_ends_nothing():
    """The tasks of the frozen one are not needed yet."""
    cluster = FakeCluster(patience=5.0, silence=60.0)
    cluster.frozen.add("tcp://w:1")
    cluster.wait(500.0)
    assert len(cluster.told) == 1


def test_tasks_that_end_begin_every_wait_anew():
    """A pass that makes slow progress has not stopped."""
    cluster = FakeCluster(patience=5.0, silence=20.0)
    cluster.idle()
    for done in range(50):
        cluster.wait(10.0, done)
    assert given_up_after(cluster)[0] <= 30.0


def test_a_scheduler_that_does_not_answer_is_given_up_after_patience():
    """A warning comes first; if the scheduler answers again, the wait starts anew."""
    cluster = FakeCluster(patience=60.0)
    for _ in range(5):
        cluster.answers = False
        cluster.wait(40.0)
        cluster.answers = True
        cluster.wait(10.0)
    (told,) = cluster.told
    assert "Dask scheduler at tcp://s:1 has not answered" in told
    cluster.answers = False
    seconds, error = given_up_after(cluster)
    assert 55.0 <= seconds <= 70.0
    assert "expected an answer of the Dask scheduler at tcp://s:1 within 60 s" in error


@pytest.mark.parametrize(("address", "remedy"), [("tcp://s:1", "dask worker"), (None, "memory")])
def test_lost_workers_are_given_up_after_the_time_to_connect(address, remedy):
    """Local workers end for lack of memory; others must be started."""
    cluster = FakeCluster(address=address, connect_timeout=30.0)
    cluster.workers = {}
    seconds, error = given_up_after(cluster)
    assert 30.0 <= seconds <= 34.0
    assert remedy in error


def test_what_was_given_up_is_not_waited_for_again():
    """The steps that follow end at once, with the same line."""
    cluster = FakeCluster(patience=60.0)
    cluster.answers = False
    error = given_up_after(cluster)[1]
    cluster.answers, now = True, cluster.now
    for use in (cluster.watch.begin, lambda: cluster.watch.workers(60.0)):
        with pytest.raises(ClusterError) as again:
            use()
        assert str(again.value) == error
    assert cluster.now == now


def test_a_scheduler_that_is_gone_is_not_asked():
    """Dask's client already knows that it is gone."""
    cluster = FakeCluster()
    cluster.status = "connecting"
    assert "but it is gone" in given_up_after(cluster)[1]


def test_tasks_that_are_cancelled_are_told_from_a_scheduler_that_is_gone():
    """Another client's restart() cancels tasks, and so does a scheduler that ends."""
    cluster = FakeCluster()
    assert "has cancelled the tasks of this run" in str(cluster.watch.cancelled())
    cluster.status = "closed"
    assert "but it is gone" in str(cluster.watch.cancelled())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"workers": 0}, "expected workers above 0, found 0"),
        ({"threads_per_worker": -1}, "expected threads_per_worker above 0, found -1"),
        ({"patience": 0.0}, "expected patience above 0"),
        ({"silence": float("nan")}, "expected silence above 0"),
        ({"address": "tcp://s:1", "workers": 2}, r"'tcp://s:1'.* found workers=2\. Give one"),
        ({"address": "tcp://s:1", "memory_limit": "4GB"}, "found memory_limit='4GB'"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    """One line says what was expected and what was found."""
    with pytest.raises(ClusterError, match=message):
        ClusterSettings(**settings)
