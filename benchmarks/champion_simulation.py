"""How often a new model takes the place of the one in use, by our test and by the usual gate.

Two models score the same test rows. With label y and ROC AUC A = Φ(μ/√2), a row's score is
x = μ y + √ρ e + √(1 − ρ) e_k with e and e_k standard normal: the models share a part ρ of their
noise. z = μ x − μ²/2 + log(π/(1 − π)) makes the probabilities right, so that the log loss of the
model with the larger AUC is smaller. The usual gate promotes where the new AUC on the test rows is
at least the old one's.
"""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit, logit, ndtri

from benchmarks.markdown import table
from lr_pipeline.core.logistic.loss import log_loss
from lr_pipeline.core.ranking import CountsByScore, RankSums
from lr_pipeline.evaluation.intervals.scored_cases import Predictions
from lr_pipeline.evaluation.intervals.units import Cases
from lr_pipeline.evaluation.metrics import Metrics
from lr_pipeline.lifecycle.challenge import Policy, challenge

PAGE = Path(__file__).with_name("results-champion.md")
REPEATS, SEED = 1_000, 1
AUC, SHARED, PREVALENCE = 0.80, 0.85, 0.5
STREAM = 10
POLICIES = {"log loss": Policy(), "ROC AUC": Policy(metric="roc_auc")}


@dataclass(frozen=True)
class Scenario:
    """A challenger whose ROC AUC is larger by ``better``, on ``repeats`` sets of ``rows`` rows."""

    title: str
    better: float
    rows: int
    repeats: int = REPEATS


SCENARIOS = (
    Scenario("equally good", 0.0, 200),
    Scenario("equally good", 0.0, 2_000),
    Scenario("worse by 0.009", -0.009, 200),
    Scenario("worse by 0.009", -0.009, 2_000),
    Scenario("better by 0.02", 0.02, 200),
    Scenario("better by 0.02", 0.02, 2_000),
    Scenario("better by 0.02", 0.02, 20_000, 200),
)


class Trial:
    """Labels and the shared noise of one test set, which any number of models score."""

    def __init__(self, rows: int, rng: np.random.Generator) -> None:
        self.rng = rng
        positive = round(PREVALENCE * rows)
        self.labels = np.repeat([0.0, 1.0], [rows - positive, positive])
        self.shared = rng.normal(size=rows)
        self.cases = Cases(self.labels, np.ones(rows))

    def predicted(self, name: str, auc: float) -> Predictions:
        """Return the predictions of a new model with this ROC AUC."""
        y, mu = self.labels, np.sqrt(2.0) * ndtri(auc)
        own = self.rng.normal(size=y.size)
        x = mu * y + np.sqrt(SHARED) * self.shared + np.sqrt(1.0 - SHARED) * own
        z = mu * x - mu**2 / 2.0 + logit(PREVALENCE)
        counts = CountsByScore.joined(CountsByScore(z, 1.0 - y, y))
        area = RankSums().then(counts).roc_auc
        metrics = metrics_of(float(np.mean(log_loss(z, y))), area)
        return Predictions(name, metrics, self.cases, expit(z), z, 0.5, counts)


def metrics_of(log_loss: float, roc_auc: float) -> Metrics:
    """Return these two metrics; the others, which no rule here reads, are 0."""
    unread: dict[str, Any] = {one.name: 0.0 for one in fields(Metrics)}
    return Metrics(**unread | {"log_loss": log_loss, "roc_auc": roc_auc, "reasons": {}})


def passes_gate(old: Predictions, new: Predictions) -> bool:
    """The usual gate."""
    assert old.metrics.roc_auc is not None and new.metrics.roc_auc is not None
    return new.metrics.roc_auc >= old.metrics.roc_auc


def promoted_shares(scenario: Scenario) -> dict[str, float]:
    """Return the share of test sets on which the challenger is promoted, by rule."""
    counts = dict.fromkeys(["gate", *POLICIES], 0)
    for repeat in range(scenario.repeats):
        rows = Trial(scenario.rows, np.random.default_rng([SEED, scenario.rows, repeat]))
        old, new = rows.predicted("old", AUC), rows.predicted("new", AUC + scenario.better)
        counts["gate"] += passes_gate(old, new)
        for name, policy in POLICIES.items():
            counts[name] += challenge(old, new, policy, 0, "old").verdict == "promoted"
    return {name: count / scenario.repeats for name, count in counts.items()}


def any_promoted_shares(repeats: int = REPEATS, rows: int = 200) -> dict[str, float]:
    """Return the share of test sets on which any of ten equally good challengers is promoted."""
    counts = dict.fromkeys(["gate", *POLICIES], 0)
    for repeat in range(repeats):
        test = Trial(rows, np.random.default_rng([SEED + 1, repeat]))
        champion = test.predicted("old", AUC)
        challengers = [test.predicted("new", AUC) for _ in range(STREAM)]
        counts["gate"] += any(passes_gate(champion, one) for one in challengers)
        for name, policy in POLICIES.items():
            counts[name] += any(
                challenge(champion, one, policy, k, "old").verdict == "promoted"
                for k, one in enumerate(challengers)
            )
    return {name: count / repeats for name, count in counts.items()}


def page(seconds: float, lines: list[list[str]]) -> Iterator[str]:
    """Yield the page's lines."""
    yield "# Who takes the champion's place: simulated"
    yield ""
    yield (
        f"The old model has a ROC AUC of {AUC:.2f}. The share of test sets on which the "
        "new one is promoted, by the usual gate (its AUC on the test rows is not smaller) and by "
        "ours at α = 5 %, in log loss and in ROC AUC. Made by `make simulate` in "
        f"{seconds:.0f} s; benchmarks/champion_simulation.py describes the models."
    )
    yield ""
    yield table(
        ["new model", "rows", "test sets", "gate", *(f"ours, {name}" for name in POLICIES)], lines
    )
    yield ""
    yield (
        "The last line is about ten challengers in a row on the same test rows: the share of test "
        "sets on which any of them is promoted."
    )


def main() -> None:
    """Run every scenario and write the page."""
    start = time.perf_counter()
    lines = []
    for scenario in SCENARIOS:
        shares = promoted_shares(scenario)
        lines.append(
            [
                scenario.title,
                f"{scenario.rows:,}",
                f"{scenario.repeats:,}",
                *(f"{one:.1%}" for one in shares.values()),
            ]
        )
        print(*lines[-1], file=sys.stderr)
    shares = any_promoted_shares()
    lines.append(
        ["ten, equally good", "200", f"{REPEATS:,}", *(f"{one:.1%}" for one in shares.values())]
    )
    PAGE.write_text("\n".join(page(time.perf_counter() - start, lines)) + "\n", encoding="utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()
