"""Seconds to the same accuracy: peers and the package in turn, in one process for each table.

``python -m benchmarks.speed [--tables NAME,NAME] [--runs 5] [--seed N]``. A peer runs at the
loosest tolerance of its ladder with which it comes within 1e-3 standard errors of the optimum of
the same table (which favours the peer); one that never does is shown with its nearest distance and
not timed further. A short call is repeated for 0.2 s, and the mean of the calls counts as a run.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info

from benchmarks import ours, tables
from benchmarks.optimum import QUALIFIES, Optimum, find_array_optimum
from benchmarks.peers import PEERS, TORCH, Peer, climb
from benchmarks.tables import PUBLISHED_SEED, TableSpec

ROOT = Path(__file__).parents[1]
PEER_LIMIT = 45.0  # seconds for the search of a peer's tolerance on one table
SLOW = 10.0  # a peer that takes longer runs once
SAMPLE = 0.2  # seconds that a run lasts at least
PAUSE = 0.3  # seconds: the previous contender's idle OpenMP threads spin for 0.2 s (KMP_BLOCKTIME)
WORKER_LIMIT = 1_800.0
OURS_TORCH = f"{ours.NAME}, torch kernel"
OURS_DEFAULTS = f"{ours.NAME}, defaults and standard errors"


@dataclass(frozen=True)
class Case:
    """A table, the ratio to reach, and the ratio for the torch kernel against torch's LBFGS."""

    spec: TableSpec
    target: float
    torch_target: float | None = None


CASES = {
    "100x10": Case(tables.SMALL, 5.0),
    "10kx20": Case(tables.MEDIUM, 1.4),
    "1Mx20": Case(tables.LONG, 4.0, torch_target=3.0),
    "1Mx100": Case(tables.WIDE, 4.0, torch_target=2.0),
    "20kx1000": Case(tables.MANY_COLUMNS, 3.5),
    "ill": Case(tables.ILL_CONDITIONED, 4.0),
}
TUTORIAL = "tutorial"


@dataclass
class Contender:
    """Measurements of a peer or of our fit; times in seconds, distances in standard errors."""

    name: str
    distance: float | None = None
    tolerance: float | None = None
    certificate: float | None = None
    remark: str = ""
    first: float = float("inf")
    times: list[float] = field(default_factory=list)

    @property
    def qualifies(self) -> bool:
        return self.distance is not None and self.distance <= QUALIFIES

    @property
    def median(self) -> float:
        return float(np.median(self.times)) if self.times else self.first


@dataclass
class Comparison:
    """One table's contenders, and the thread pools of the process that they shared."""

    name: str
    seed: int
    contenders: list[Contender]
    threads: list[str]

    def best_peer(self) -> Contender | None:
        """The fastest peer that qualifies."""
        peers = [one for one in self.contenders if one.qualifies and ours.NAME not in one.name]
        return min(peers, key=lambda one: one.median, default=None)

    def named(self, name: str) -> Contender | None:
        return next((one for one in self.contenders if one.name == name), None)


def paired_ratios(peer: Contender, own: Contender) -> list[float]:
    """Ratios of the runs of the same round, sorted."""
    return sorted(a / b for a, b in zip(peer.times, own.times, strict=False))


def compare(name: str, runs: int, seed: int) -> Comparison:
    """Measure one table, in this process."""
    case = CASES[name]
    note(f"{case.spec.name}: making the table (seed {seed})")
    X, y = case.spec.arrays(seed)
    optimum = find_array_optimum(X, y)
    note(f"{case.spec.name}: optimum known to {optimum.decrement:.0e} standard errors")
    calls: dict[str, Callable[[], Any]] = {}
    contenders = [_tune(peer, X, y, optimum, calls) for peer in PEERS]
    own: dict[str, dict[str, Any]] = {ours.NAME: ours.LIKE_PEERS, OURS_DEFAULTS: {}}
    if case.torch_target:
        own[OURS_TORCH] = ours.LIKE_PEERS | {"kernel": "torch"}
    for label, options in own.items():
        contenders.append(_own(label, options, X, y, optimum, calls))
    for number in range(runs):
        for one in _in_turn(contenders):
            if number == 0 or one.first <= SLOW:
                one.times.append(seconds_per_call(calls[one.name]))
        note(f"{case.spec.name}: round {number + 1} of {runs}")
    return Comparison(case.spec.name, seed, contenders, thread_pools())


def _tune(
    peer: Peer, X: np.ndarray, y: np.ndarray, optimum: Optimum, calls: dict[str, Callable[[], Any]]
) -> Contender:
    """Find the peer's loosest tolerance that qualifies, and a call with that tolerance."""
    if peer.missing:
        return Contender(peer.name, remark=peer.missing)
    best, distance = climb(peer, X, y, optimum, PEER_LIMIT)
    calls[peer.name] = lambda: peer.fit(X, y, None, best.tolerance)
    remark = best.failure or ("warns" if best.warned else "")
    note(f"  {peer.name}: {best.seconds:.3g} s, {distance:.1e} standard errors {remark}")
    away = distance if np.isfinite(distance) else None
    return Contender(peer.name, away, best.tolerance, remark=remark, first=best.seconds)


def _own(
    label: str,
    options: dict[str, Any],
    X: np.ndarray,
    y: np.ndarray,
    optimum: Optimum,
    calls: dict[str, Callable[[], Any]],
) -> Contender:
    """Make our own fit once, for its distance and its certificate."""
    start = time.perf_counter()
    fitted = ours.fit(X, y, **options)
    first = time.perf_counter() - start
    calls[label] = lambda: ours.fit(X, y, **options)
    distance = optimum.distance(ours.parameters(fitted))
    note(f"  {label}: {first:.3g} s, {distance:.1e} standard errors")
    bound = fitted.certificate.standard_errors
    return Contender(label, distance, certificate=bound, remark=fitted.status.label, first=first)


def _in_turn(contenders: list[Contender]) -> list[Contender]:
    """The contenders that qualify; each of our fits stands beside its peer."""
    peers = [one for one in contenders if one.qualifies and ours.NAME not in one.name]
    peers.sort(key=lambda one: one.first)
    own = {one.name: one for one in contenders if ours.NAME in one.name}
    order = [*peers[:1], own[ours.NAME], *peers[1:], own[OURS_DEFAULTS]]
    if OURS_TORCH in own:
        after = next((i for i, one in enumerate(order) if one.name == TORCH.name), 0)
        order.insert(after + 1, own[OURS_TORCH])
    return order


def compare_tutorial_loops(runs: int) -> list[Comparison]:
    """Compare the tutorial's loop of 5,000 epochs as written with ours; empty if not available."""
    try:
        from benchmarks.tutorial_loop import cases
    except ModuleNotFoundError:
        return []
    found = []
    for name, peer, own in cases():
        pair = [Contender("as in the tutorial", 0.0), Contender(ours.NAME)]
        for _ in range(runs):
            for one, call in zip(pair, (peer, own), strict=True):
                one.times.append(seconds_per_call(call))
        note(f"{name}: {pair[0].median:.3g} s against {pair[1].median:.3g} s")
        found.append(Comparison(name, 0, pair, thread_pools()))
    return found


def seconds_per_call(call: Callable[[], Any]) -> float:
    """Mean seconds of a call, repeated for at least ``SAMPLE`` seconds."""
    time.sleep(PAUSE)
    start, calls = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - start) < SAMPLE:
        call()
        calls += 1
    return elapsed / calls


def thread_pools() -> list[str]:
    """The BLAS and OpenMP libraries in this process, with their numbers of threads."""
    pools = {
        f"{pool['internal_api']} {pool['version'] or ''} {pool.get('architecture', '')}".strip()
        + f" of {_owner(pool['filepath'])}: {pool['num_threads']} threads"
        for pool in threadpool_info()
    }
    return sorted(pools)


def _owner(library: str) -> str:
    """The package in whose folder a shared library lies."""
    parts = Path(library).parts
    place = parts.index("site-packages") + 1 if "site-packages" in parts else -1
    return parts[place].removesuffix(".libs")


def note(text: str) -> None:
    """Print the progress of the run."""
    print(text, file=sys.stderr, flush=True)


def run_workers(names: list[str], runs: int, seed: int) -> dict[str, list[Comparison] | str]:
    """Compare each table in a process of its own; a crash becomes that table's result, as text."""
    results: dict[str, list[Comparison] | str] = {}
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "comparisons.json"
            command = [sys.executable, "-m", "benchmarks.speed", "--tables", name]
            command += ["--runs", str(runs), "--seed", str(seed), "--worker", str(out)]
            try:
                code = subprocess.run(command, cwd=ROOT, timeout=WORKER_LIMIT, check=False)
                failure = f"the process ended with code {code.returncode}"
            except subprocess.TimeoutExpired:
                failure = f"the process was stopped after {WORKER_LIMIT:.0f} s"
            results[name] = read_comparisons(out) if out.exists() else failure
    return results


def read_comparisons(path: Path) -> list[Comparison]:
    return [
        Comparison(**(one | {"contenders": [Contender(**c) for c in one["contenders"]]}))
        for one in json.loads(path.read_text())
    ]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", default=",".join([*CASES, TUTORIAL]))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=PUBLISHED_SEED)
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    chosen = arguments()
    names = chosen.tables.split(",")
    if chosen.worker:
        (name,) = names
        found = (
            compare_tutorial_loops(chosen.runs)
            if name == TUTORIAL
            else [compare(name, chosen.runs, chosen.seed)]
        )
        chosen.worker.write_text(json.dumps([asdict(one) for one in found]))
        return
    from benchmarks.speed_report import speed_sections

    print(speed_sections(run_workers(names, chosen.runs, chosen.seed)))


if __name__ == "__main__":
    main()
