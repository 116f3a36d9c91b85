"""Decide whether a newly trained model becomes the champion."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from lr_pipeline.evaluation.findings import BASELINE
from lr_pipeline.lifecycle.challenge import Challenge, Policy, challenge, refused
from lr_pipeline.lifecycle.contest import predict_test_rows
from lr_pipeline.lifecycle.history import History, decided_already, times_decided, withdrawal
from lr_pipeline.lifecycle.model_in_use import Champion, Record, Ruling
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.models.model_version import version_of
from lr_pipeline.models.provenance import require_same_split
from lr_pipeline.tables.aggregate import Aggregate, aggregate_here
from lr_pipeline.tables.errors import TableError, cut
from lr_pipeline.tables.table import Table

PREVALENCE = "the prevalence"
DOUBTED = "although its report says"


@dataclass(frozen=True)
class Challenger:
    """A newly trained model, and what is known about it.

    ``failed``: the blocking checks that it failed. ``asset``, ``run`` and ``started`` (Unix time,
    s): where it comes from; ``report``: the path of its evaluation report, and ``doubt`` that
    report's headline if it is "not proven"; ``prevalence``: of its training rows.
    """

    model: LogisticModel
    prevalence: float
    asset: str
    run: str
    started: float
    report: str | None = None
    failed: tuple[str, ...] = ()
    doubt: str = ""


def decide(
    challenger: Challenger,
    current: Champion | None,
    history: History,
    test_set: Table,
    policy: Policy,
    who: str,
    now: datetime,
    aggregate: Aggregate = aggregate_here,
) -> Champion:
    """Return the champion after the challenger was considered, with the ruling.

    ``current`` is the champion so far, None if nothing was ever decided; ``history`` the rulings
    that led to it, oldest first. A first challenger must beat the training prevalence.

    Raises
    ------
    ProvenanceError
        The challenger was trained on another split than that of ``test_set``.
    """
    version = version_of(challenger.model)
    require_same_split({challenger.asset: challenger.model.train_fingerprint}, test_set)
    against = PREVALENCE if current is None or current.version is None else current.version
    found = _refusal(challenger, version, against, history, policy) or _contest(
        challenger, version, current, against, history, test_set, policy, aggregate
    )
    if found.verdict == "promoted" and challenger.doubt:
        found = replace(found, reasons=(*found.reasons, _in_spite_of(challenger.doubt)))
    when = now.astimezone(UTC).isoformat(timespec="seconds")
    ruling = Ruling(
        "tested",
        who,
        when,
        "; ".join(found.reasons),
        challenger.started,
        version,
        None if current is None else current.version,
        challenger.report,
        test_set.fingerprint,
        found,
    )
    if found.verdict == "promoted":
        record = Record(version, ruling, challenger.asset, challenger.run, when)
        return Champion(record, challenger.model)
    if current is None:
        return Champion(Record(None, ruling), None)
    return Champion(replace(current.record, ruling=ruling), current.model)


def _in_spite_of(doubt: str) -> str:
    """Say why a model whose report is not a yes may be better than what was in use."""
    return (
        f'{DOUBTED} "{doubt}": to come into use, a model must win one test against what was in '
        "use; a yes needs enough rows for all that the report says"
    )


def _refusal(
    challenger: Challenger,
    version: str,
    against: str,
    history: History,
    policy: Policy,
) -> Challenge | None:
    """Return the result for a challenger that may not replace anything, else None."""
    if against == version:
        return refused(("it is the model in use already",), policy, against)
    reasons = [f"a check failed: {one}" for one in challenger.failed]
    if not challenger.model.converged:
        reasons.append(f"it did not converge: {challenger.model.convergence}")
    newer = [one for one in history if one.changed and one.ruling.started > challenger.started]
    if newer:
        reasons.append(
            f"{against} came into use by a ruling that is newer than its run "
            f"({newer[-1].ruling.when})"
        )
    if rollback := withdrawal(history, version):
        reasons.append(
            f"{rollback.who} took it out of use at {rollback.when} ({rollback.why}), and only a "
            "person can put it back"
        )
    return refused(tuple(reasons), policy, against) if reasons else None


def _contest(
    challenger: Challenger,
    version: str,
    current: Champion | None,
    against: str,
    history: History,
    test_set: Table,
    policy: Policy,
    aggregate: Aggregate,
) -> Challenge:
    """Let the test rows decide between the challenger and the model in use, or the prevalence."""
    model, rows = challenger.model, test_set.fingerprint
    champion = None if current is None else current.model
    if champion is None:
        policy = replace(policy, aim="superiority", margin=0.0)
    elif reason := _other_question(champion, model, test_set):
        return refused((reason,), policy, against, "inconclusive")
    if before := decided_already(history, rows, against, version, policy):
        assert before.challenge is not None
        again = f"as these rows decided at {before.when}"
        return replace(before.challenge, reasons=(*before.challenge.reasons, again), repeated=True)
    models = {"challenger": model} | ({} if champion is None else {"champion": champion})
    try:
        found = predict_test_rows(models, test_set, challenger.prevalence, aggregate)
    except TableError as error:
        reason = f"{against} cannot read these test rows: {error}"
        return refused((reason,), policy, against, "inconclusive")
    opponent = found[BASELINE if champion is None else "champion"]
    decided_before = times_decided(history, rows)
    result = challenge(opponent, found["challenger"], policy, decided_before, against)
    if champion is None or champion.train_fingerprint == model.train_fingerprint:
        return result
    seen = (
        f"{against} was trained on another split and may have seen some of these test rows, which "
        "can only favour it"
    )
    return replace(result, reasons=(*result.reasons, seen))


def _other_question(champion: LogisticModel, challenger: LogisticModel, test_set: Table) -> str:
    """Say why the champion cannot be tested on these rows, "" if it can."""
    questions = [(one.target, one.positive) for one in (champion, challenger)]
    if questions[0] != questions[1]:
        (target, positive), _ = questions
        return f"the model in use answers another question: {cut(target)} = {cut(str(positive))}"
    lacking = [name for name in champion.features if name not in test_set.schema.names]
    if lacking:
        rest = f" and {len(lacking) - 1} more columns" if len(lacking) > 1 else ""
        return f"these test rows lack {cut(lacking[0])!r}{rest}, which the model in use needs"
    return ""
