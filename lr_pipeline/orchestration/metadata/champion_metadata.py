"""Metadata of the champion that the web UI shows, and from which its history is read."""

from typing import Any

import dagster as dg

from lr_pipeline.evaluation.number_format import significant
from lr_pipeline.lifecycle.challenge import METRIC_TITLES, Challenge
from lr_pipeline.lifecycle.decide import DOUBTED
from lr_pipeline.lifecycle.model_in_use import Record
from lr_pipeline.orchestration.instance.rulings import RECORD
from lr_pipeline.storage.plain_values import metadata_values

WAY_OUT = (
    "Collect more rows, or test on a larger share of them (--test-size). To put a model in use all "
    "the same: lr-pipeline champion TABLE --promote latest --because …; to score by the latest one "
    "without that: predict --anyway, or anyway: true in the configuration of predictions."
)


def champion_metadata(record: Record) -> dict[str, Any]:
    """Return the version, the ruling in words and in numbers, and the record itself."""
    ruling, challenge = record.ruling, record.ruling.challenge
    report = {} if ruling.report is None else {"report": dg.MetadataValue.path(ruling.report)}
    return metadata_values(
        {
            "summary": describe_ruling(record),
            "version": record.version or "none",
            "verdict": ruling.action if challenge is None else challenge.verdict,
            "who": ruling.who,
            "when": ruling.when,
            "why": ruling.why,
            **({} if record.version else {"way_out": WAY_OUT}),
            **report,
            **({} if challenge is None else _numbers(challenge)),
            RECORD: dg.MetadataValue.json(record.to_dict()),
        }
    )


def _numbers(challenge: Challenge) -> dict[str, Any]:
    """Return what the test found, as numbers that the web UI charts."""
    values = {
        "difference": challenge.difference,
        "p_value": challenge.p_value,
        "level": challenge.level,
        "smallest_detectable": challenge.smallest_detectable,
        "interval": describe_interval(challenge) or None,
        "times_decided": challenge.times_decided if challenge.tested else None,
        "metric": challenge.policy.metric,
    }
    return {name: value for name, value in values.items() if value is not None}


def describe_ruling(record: Record) -> str:
    """Return the ruling in one line: what is in use now, and why."""
    ruling, challenge = record.ruling, record.ruling.challenge
    if challenge is None:
        did = "back to" if ruling.action == "rolled back" else "put in use:"
        return f"{did} {record.version}, by {ruling.who}: {ruling.why}"
    state = f"{record.version} stays" if record.version else "no champion"
    if challenge.verdict == "promoted":
        doubts = [f", {one}" for one in challenge.reasons if one.startswith(DOUBTED)]
        return f"{record.version} promoted{_described(challenge)}{''.join(doubts)}"
    about = "" if ruling.challenger == record.version else f", {ruling.challenger}"
    verdict = "is not promoted" if challenge.verdict == "kept" else "is undecided"
    verdict = f"{about} {verdict}" if about else ""
    return f"{state}{verdict}: {ruling.why}{_described(challenge)}"


def _described(challenge: Challenge) -> str:
    """Return difference and interval in words, "" where no test was made."""
    if not challenge.tested or challenge.difference is None:
        return ""
    title = METRIC_TITLES[challenge.policy.metric]
    side = "better" if challenge.difference >= 0.0 else "worse"
    size = significant(abs(challenge.difference), 3)
    compared = f"{title} {side} than {challenge.against} by {size}"
    return f" ({compared}, {describe_interval(challenge)})"


def describe_interval(challenge: Challenge) -> str:
    """Return the interval of the improvement in words, "" where there is none."""
    ends = challenge.interval.ends
    if ends is None:
        return ""
    level = f"{100.0 * challenge.interval.level:.4g}"
    return f"{level} % interval {significant(ends[0], 3)} to {significant(ends[1], 3)}"
