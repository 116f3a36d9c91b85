"""A scorecard as text, CSV, JSON or an HTML page."""

import csv
import io
import json
from collections.abc import Iterator

from markupsafe import escape

from lr_pipeline.export.export_error import ExportError
from lr_pipeline.export.scorecard.card import Attribute, CardColumn, Scorecard
from lr_pipeline.scoring.prediction_file import without_formula

HEADINGS = ("column", "attribute", "points", "cases", "rate", "WoE", "IV")
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:1rem auto;padding:0 1rem}"
    ":root{color-scheme:light dark}h1{font-size:1.4rem}div{overflow-x:auto}"
    "table{border-collapse:collapse;width:100%}"
    "td,th{padding:.2rem .4rem;text-align:left;border-bottom:1px solid #8884;"
    "overflow-wrap:anywhere}td:first-child{min-width:6rem}"
    ".n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}"
    "th.name{padding-top:1rem}th span{font-weight:normal}"
    "@media(max-width:30rem){table{font-size:.85rem}td,th{padding:.2rem .25rem}}"
)


def card_file(card: Scorecard, suffix: str) -> str:
    """Return the card as the file of a suffix: .csv, .json, .html or .txt.

    Raises
    ------
    ExportError
        The suffix is another one.
    """
    writers = {".csv": _as_csv, ".json": _as_json, ".html": _as_html, ".txt": card_text}
    if suffix.lower() not in writers:
        raise ExportError(
            f"expected a name that ends in {', '.join(writers)}, found {suffix!r}. "
            "Rename the output."
        )
    return writers[suffix.lower()](card)


def card_text(card: Scorecard) -> str:
    """Return a table of aligned columns for a terminal."""
    rows = [HEADINGS, *_rows(card)]
    used = [k for k in range(len(HEADINGS)) if any(row[k] for row in rows[1:])]
    widths = {k: max(len(row[k]) for row in rows) for k in used}
    lines = [
        "  ".join(row[k].ljust(widths[k]) if k < 2 else row[k].rjust(widths[k]) for k in used)
        for row in rows
    ]
    return "\n".join([*_head(card), "", *(line.rstrip() for line in lines), "", *card.notes]) + "\n"


def _head(card: Scorecard) -> list[str]:
    return [card.title, f"Scale: {card.scale.description}. {_base(card)}"]


def _base(card: Scorecard) -> str:
    if not card.base_points:
        return "A row has the sum of the points of its attributes."
    points = _shown(card.base_points, card.digits)
    return f"A row has {points} points and the sum of those of its attributes."


def _rows(card: Scorecard) -> Iterator[tuple[str, ...]]:
    """Yield the cells of each attribute; a column's name and value stand in its first row."""
    for column in card.columns:
        for place, one in enumerate(column.attributes):
            first = place == 0
            value = column.information_value
            yield (
                _one_line(column.name) if first else "",
                _one_line(one.text),
                f"{one.points:.4g}" if one.per_unit else _shown(one.points, card.digits),
                "" if one.cases is None else f"{one.cases:,.10g}",
                _rate(one),
                "" if one.woe is None else f"{one.woe:+.3f}".replace("-", "−"),
                "" if value is None or not first else f"{value:.3f}",
            )


def _rate(one: Attribute) -> str:
    if one.cases is None or one.positives is None:
        return ""
    return f"{one.positives / one.cases:.1%}" if one.cases else "–"


def _shown(points: float, digits: int) -> str:
    return f"{points:.{digits}f}".replace("-", "−")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _as_csv(card: Scorecard) -> str:
    """Return one row an attribute, with every digit; no spreadsheet executes a name."""
    out = io.StringIO()
    writer = csv.writer(out)
    fields = ("points", "log_odds", "cases", "positives", "woe", "per_unit")
    writer.writerow(["column", "attribute", *fields, "information_value"])
    writer.writerow(["(base)", "", card.base_points, *[""] * 6])
    for column in card.columns:
        for one in column.attributes:
            values = [getattr(one, name) for name in fields]
            texts = [without_formula(column.name), without_formula(one.text)]
            writer.writerow([*texts, *values, column.information_value])
    return out.getvalue()


def _as_json(card: Scorecard) -> str:
    return json.dumps(card.to_dict(), allow_nan=False, indent=1, ensure_ascii=False) + "\n"


def _as_html(card: Scorecard) -> str:
    """Return a page without script; names are text."""
    rows = [row[1:-1] for row in _rows(card)]
    used = [k for k in range(len(HEADINGS) - 2) if any(row[k] for row in rows)]
    kinds = {k: ' class="n"' if k else "" for k in used}
    head = "".join(f"<th{kinds[k]}>{escape(HEADINGS[k + 1])}</th>" for k in used)
    lines, place = [], iter(rows)
    for column in card.columns:
        lines.append(_name_row(column, len(used)))
        for _ in column.attributes:
            row = next(place)
            cells = "".join(f"<td{kinds[k]}>{escape(row[k])}</td>" for k in used)
            lines.append(f"<tr>{cells}</tr>")
    notes = "".join(f"<p>{escape(note)}</p>\n" for note in card.notes)
    title, scale = map(escape, _head(card))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">"
        f"<title>{title}</title><style>{STYLE}</style></head>\n<body><h1>{title}</h1>\n"
        f"<p>{scale}</p>\n<div><table><thead><tr>{head}</tr></thead>\n<tbody>\n"
        + "\n".join(lines)
        + f"\n</tbody></table></div>\n{notes}</body></html>\n"
    )


def _name_row(column: CardColumn, width: int) -> str:
    """Return the row that names a column, with its information value."""
    value = column.information_value
    shown = "" if value is None else f" <span>IV {value:.3f}</span>"
    name = escape(_one_line(column.name))
    return f'<tr><th class="name" colspan="{width}" scope="rowgroup">{name}{shown}</th></tr>'
