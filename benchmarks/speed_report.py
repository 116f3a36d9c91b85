"""Writes the measurements of ``benchmarks.speed`` as Markdown."""

from collections.abc import Iterator

from benchmarks import markdown, ours
from benchmarks.markdown import scientific, seconds
from benchmarks.peers import TORCH
from benchmarks.speed import (
    CASES,
    OURS_TORCH,
    TUTORIAL,
    Comparison,
    Contender,
    paired_ratios,
)

Results = dict[str, list[Comparison] | str]
RATIO_HEADERS = (
    "table",
    "against",
    "its median",
    "our median",
    "ratio",
    "paired, min–max",
    "target",
    "reached",
)
DETAIL_HEADERS = ("", "tolerance", "median", "min–max", "runs", "distance", "certificate", "")


def speed_sections(results: Results) -> str:
    """The table of ratios, then each table's contenders."""
    rows = [row for name, found in results.items() for row in _ratio_rows(name, found)]
    parts = [markdown.table(RATIO_HEADERS, rows)]
    for name, found in results.items():
        if name in CASES and not isinstance(found, str):
            parts += [_details(one) for one in found]
    return "\n\n".join(parts)


def _ratio_rows(name: str, found: list[Comparison] | str) -> Iterator[list[str]]:
    """The rows of one worker's comparisons."""
    if isinstance(found, str):
        yield [CASES[name].spec.name if name in CASES else name, found, *["–"] * 6]
        return
    for one in found:
        if name == TUTORIAL:
            yield _ratio_row(f"tutorial's loop, {one.name}", *one.contenders, None)
            continue
        case = CASES[name]
        yield _ratio_row(one.name, one.best_peer(), one.named(ours.NAME), case.target)
        if case.torch_target:
            torch = one.named(TORCH.name)
            torch = torch if torch and torch.qualifies else None
            label = f"{one.name}, torch kernel"
            yield _ratio_row(label, torch, one.named(OURS_TORCH), case.torch_target)


def _ratio_row(
    label: str, peer: Contender | None, own: Contender | None, target: float | None
) -> list[str]:
    if peer is None or own is None:
        return [label, "no peer qualifies", *["–"] * 6]
    if own.distance is not None and not own.qualifies:
        return [label, f"ours is {scientific(own.distance)} standard errors off", *["–"] * 6]
    ratio, pairs = peer.median / own.median, paired_ratios(peer, own)
    reached = "–" if target is None else ("yes" if ratio >= target else "**no**")
    return [
        label,
        peer.name,
        seconds(peer.median),
        seconds(own.median),
        f"{ratio:.2f}",
        f"{pairs[0]:.2f}–{pairs[-1]:.2f}",
        "–" if target is None else f"{target:g}",
        reached,
    ]


def _details(one: Comparison) -> str:
    ordered = sorted(one.contenders, key=lambda c: (not c.qualifies, c.median))
    return f"### {one.name}\n\n" + markdown.table(DETAIL_HEADERS, map(_detail_row, ordered))


def _detail_row(one: Contender) -> list[str]:
    times = one.times or ([one.first] if one.distance is not None else [])
    spread = f"{seconds(min(times))}–{seconds(max(times))}" if len(times) > 1 else "–"
    remark = one.remark
    if not one.qualifies:
        remark = ", ".join(["does not qualify", *([remark] if remark else [])])
    return [
        one.name,
        scientific(one.tolerance),
        seconds(one.median) if times else "–",
        spread,
        str(len(times)),
        scientific(one.distance),
        scientific(one.certificate),
        remark,
    ]
