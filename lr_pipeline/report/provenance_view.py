"""What the page says of a report's origin: in a line below the title, and in its last section."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from lr_pipeline.evaluation.findings import Findings, HeldOutRows, Notice
from lr_pipeline.evaluation.number_format import UNDEFINED, count
from lr_pipeline.evaluation.numeric_libraries import describe_libraries
from lr_pipeline.evaluation.recorded_data import SHORT, short_hash
from lr_pipeline.evaluation.run_facts import AssetCost, ModelInUse, RunFacts
from lr_pipeline.versions import LIBRARIES

NOT_RECORDED = "not recorded"
RUN_DIGITS = 8
NO_CHAMPION = (
    "when this report was written, no model of this table was in use: none of those considered so "
    "far earned the place. The ruling on this one follows the report, in the asset champion. To "
    "use one all the same: lr-pipeline champion TABLE --promote latest --because …"
)

Lines = dict[str, str]


class ProvenanceView(NamedTuple):
    """Lists of label → text, and a table of what each asset of the run took."""

    data: Lines
    objectives: Lines
    code: Lines
    run: Lines
    costs: list[list[str]]
    passes: Lines


def byline(findings: Findings) -> Lines:
    """Return when the report was made, in which run, of which data and by which code."""
    run = findings.run
    return {
        "Made": moment(run.started) or NOT_RECORDED,
        "Run": run.run_id[:RUN_DIGITS] or NOT_RECORDED,
        "Data": short_hash(findings.data) or NOT_RECORDED,
        "Code": _code_version(run) or NOT_RECORDED,
        **({} if run.in_use is None else {"Champion before": run.in_use.version or "none"}),
    }


def moment(time: str) -> str:
    """Return a time in UTC (ISO 8601) as readers write it."""
    return time.replace("T", " ").replace("Z", " UTC").replace("+00:00", " UTC")


def provenance_view(findings: Findings, own_cost: AssetCost | None = None) -> ProvenanceView:
    """Return what is known of where the rows, the models and the report come from.

    ``own_cost``: what the report has taken until its page was written.
    """
    run, lines = findings.run, findings.provenance
    libraries = {label: line for label, line in lines.items() if label in LIBRARIES}
    passes = {label: line for label, line in lines.items() if label.startswith("Pass ")}
    further = {k: line for k, line in lines.items() if k not in libraries and k not in passes}
    return ProvenanceView(
        data=_rows(findings.held_out) | further,
        objectives={one.title: one.objective for one in findings.models if one.objective},
        code=_code(run) | libraries,
        run=_run(findings),
        costs=[_cost(one) for one in run.costs]
        + ([] if own_cost is None else [_cost(own_cost, ", until this page was written")]),
        passes=passes,
    )


def _cost(one: AssetCost, until: str = "") -> list[str]:
    return [f"{one.asset}{until}", f"{one.seconds:.2f} s", _megabytes(one.peak_mb)]


def _rows(held_out: HeldOutRows) -> Lines:
    cases = held_out.case_counts("Training cases", "Test cases")
    fingerprints = {
        "Training fingerprint": held_out.train_fingerprint,
        "Test fingerprint": held_out.test_fingerprint,
    }
    return {
        **({} if held_out.train_rows is None else {"Training rows": count(held_out.train_rows)}),
        "Test rows": count(held_out.rows),
        **{label: count(number) for label, number in cases.items()},
        **{label: text for label, text in fingerprints.items() if text},
    }


def _code(run: RunFacts) -> Lines:
    if not run.code:
        return {"Code": NOT_RECORDED}
    arithmetic = describe_libraries([dict(one) for one in run.arithmetic])
    return {
        "Version": run.code["version"],
        "Commit": run.code.get("commit", "none: not in a git checkout"),
        "Source files": f"SHA-256 {run.code['source']}…",
        **({"Arithmetic": arithmetic} if arithmetic else {}),
    }


def _run(findings: Findings) -> Lines:
    run, drawn = findings.run, findings.drawn_row
    split = findings.data.get("split", {})
    seeds = {"split": split.get("seed"), "drawn row": None if drawn is None else drawn.seed}
    known = ", ".join(f"{name} {seed}" for name, seed in seeds.items() if seed is not None)
    return {
        "Run": run.run_id or NOT_RECORDED,
        "Started": byline(findings)["Made"],
        "Settings": _settings(run.config) if run.run_id else NOT_RECORDED,
        "Engine": _settings(run.engine) or NOT_RECORDED,
        "Seeds": known or NOT_RECORDED,
        "Uses of this test set": _uses(run.earlier_reports),
        "Champion before this run": _in_use(run.in_use),
    }


def champion_notices(run: RunFacts) -> list[Notice]:
    """Return a notice where models of the table were considered, and none is in use.

    It is of the run, not of the results: a run elsewhere has the same results, and other champions.
    """
    if run.in_use is None or run.in_use.version is not None or not run.in_use.ruled:
        return []
    return [Notice("note", NO_CHAMPION)]


def _in_use(model: ModelInUse | None) -> str:
    """Say which model was in use; the ruling on this run's model follows its report."""
    if model is None:
        return NOT_RECORDED
    if model.version is not None:
        since = f", in use since {moment(model.since)}" if model.since else ""
        return f"{model.version}{since}"
    earned = "no model earned the place so far" if model.ruled else "no model was considered yet"
    return f"none: {earned}"


def _uses(earlier: int | None) -> str:
    """Say how often the test rows were looked at, and what follows from it."""
    if earlier is None:
        return NOT_RECORDED
    if earlier == 0:
        return "this is the first report on these test rows in this Dagster home"
    times = "once before" if earlier == 1 else f"{count(earlier)} times before"
    return (
        f"a report looked at these test rows {times} in this Dagster home; whoever changes a model "
        "because of such a report, and keeps the best, makes its metrics look better than they "
        "will be for new rows"
    )


def _settings(values: Mapping[str, Any]) -> str:
    """Return nested settings in a line; empty where all are the defaults."""
    if not values:
        return ""
    return "; ".join(f"{name}: {_plain(value)}" for name, value in values.items())


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(one)}" for name, one in value.items())
    return UNDEFINED if value is None else str(value)


def _code_version(run: RunFacts) -> str:
    version, commit = run.code.get("version"), run.code.get("commit", "")
    if version is None:
        return ""
    return f"lr-pipeline {version}" + (f", commit {commit[:SHORT]}" if commit else "")


def _megabytes(peak: float | None) -> str:
    return UNDEFINED if peak is None else f"{peak:,.0f} MB"
