"""The style of every figure, and its conversion to bytes, markdown or inline SVG."""

import base64
import io
import re
import unicodedata
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import numpy as np

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.figure import Figure

INK = "#1c2024"
MUTED = "#687076"
GRID = "#e3e6e8"
# Okabe and Ito's palette can be told apart with any colour vision. Wide and pale curves are below,
# narrow and dashed ones above, so that all stay visible where they coincide.
SERIES = ("#56b4e9", "#d55e00", "#0072b2", "#cc79a7", "#009e73")
_WIDTHS = (5.5, 2.8, 1.4, 1.4, 1.4)
_DASHES: tuple[Any, ...] = ("solid", "solid", (0, (3, 3)), (0, (1, 2)), (0, (6, 2, 1, 2)))
POINT = SERIES[2]

_CSS_COLOURS = {INK: "var(--ink)", MUTED: "var(--muted)", GRID: "var(--grid)"} | {
    colour: f"var(--series-{i + 1})" for i, colour in enumerate(SERIES)
}
_CJK_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",  # the first face in the font file of all variants
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "SimHei",
    "Arial Unicode MS",
)


def new_figure(
    height: float, width: float = 4.1, left: float = 0.6, bottom: float = 0.45
) -> "Figure":
    """Return an empty figure; sizes and margins are in inches.

    Margins are fixed, since matplotlib's layout engines double the drawing time.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    figure.subplots_adjust(
        left / width, bottom / height, 1 - 0.15 / width, 1 - 0.45 / height, hspace=0.12
    )
    return figure


def legend_below(figure: "Figure", title: str | None = None) -> None:
    """Put the legend of all lines at the lower left, where the figure has room for it."""
    figure.legend(loc="lower left", bbox_to_anchor=(0.06, 0), alignment="left", title=title)


@contextmanager
def plot_style() -> Iterator[None]:
    """Set the style in which figures are built and drawn; column names are never TeX ($) markup."""
    import matplotlib

    style: dict[Any, Any] = {
        "font.family": ["DejaVu Sans", *_installed_cjk_fonts()],
        "font.size": 8.5,
        "axes.titlesize": 9.5,
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.edgecolor": MUTED,
        "axes.facecolor": "none",
        "axes.labelcolor": INK,
        "axes.titlecolor": INK,
        "text.color": INK,
        "text.parse_math": False,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "grid.color": GRID,
        "legend.frameon": False,
        "legend.handlelength": 4,
        "svg.fonttype": "none",
        "svg.hashsalt": "lr_pipeline",
    }
    with matplotlib.rc_context(style), warnings.catch_warnings():
        # Without a CJK font a Chinese name is drawn as boxes; a warning for each glyph does not
        # help.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


@cache
def _installed_cjk_fonts() -> tuple[str, ...]:
    from matplotlib.font_manager import fontManager

    installed = set(fontManager.get_font_names())
    return tuple(name for name in _CJK_FONTS if name in installed)


def series_style(index: int) -> dict[str, Any]:
    """Return colour, dashes and width of the index-th curve of a figure."""
    return {
        "color": SERIES[index % len(SERIES)],
        "linestyle": _DASHES[index % len(SERIES)],
        "linewidth": _WIDTHS[index % len(SERIES)],
        "zorder": 3 + index,
    }


def plot_label(name: str, width: int = 40) -> str:
    """Return ``name`` on one line, without control characters, cut to ``width`` narrow letters."""
    visible = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in name)
    label = " ".join(visible.split())
    if _text_width(label) <= width:
        return label
    while _text_width(label) >= width:
        label = label[:-1]
    return f"{label}…"


def _text_width(text: str) -> int:
    """Return the width in narrow letters; a Chinese character counts as two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def picture(figure: "Figure", dpi: int = 100) -> bytes:
    """Return the figure as a PNG on white; 48 colours suffice and make it four times smaller."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    with plot_style():
        canvas.draw()  # type: ignore[no-untyped-call]
    pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    image = Image.fromarray(pixels).convert("RGB")
    buffer = io.BytesIO()
    image.quantize(48, dither=Image.Dither.NONE).save(buffer, format="png", optimize=True)
    return buffer.getvalue()


def markdown_picture(figure: "Figure", alt: str) -> str:
    """Return the figure as a markdown image that contains its PNG."""
    return markdown_png(picture(figure), alt)


def markdown_png(png: bytes, alt: str) -> str:
    """Return a markdown image that contains this PNG."""
    text = re.sub(r"[\[\]\\\s]+", " ", plot_label(alt, 200))
    return f"![{text}](data:image/png;base64,{base64.b64encode(png).decode()})"


def inline_svg(figure: "Figure", key: str, alt: str) -> str:
    """Return the figure as an SVG element for an HTML page that defines the CSS colours.

    Its texts use the page's font; its ids start with ``key``, which must be unique.
    """
    buffer = io.BytesIO()
    with plot_style():
        figure.savefig(buffer, format="svg", facecolor="none", metadata={"Date": None})
    root = ElementTree.fromstring(buffer.getvalue())
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.endswith("}metadata"):
                parent.remove(child)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.attrib = dict(_page_attributes(element, key))
    root.attrib = {
        "viewBox": root.attrib["viewBox"],
        "role": "img",
        "aria-label": plot_label(alt, 200),
    }
    return ElementTree.tostring(root, encoding="unicode")


def embedded(figure: "Figure", key: str, alt: str) -> "Markup":
    """Return the figure's SVG element as markup for a template; its texts are escaped."""
    from markupsafe import Markup

    return Markup(inline_svg(figure, key, alt))


def _page_attributes(element: ElementTree.Element, key: str) -> Iterator[tuple[str, str]]:
    """Return the attributes, with colours and fonts from the page, and ids that cannot clash."""
    for name, value in element.attrib.items():
        local = name.rpartition("}")[2]
        if local == "id" and element.tag == "g":
            continue
        if local == "id":
            yield local, f"{key}-{value}"
        elif local == "href":
            yield local, f"#{key}-{value.removeprefix('#')}"
        elif local == "clip-path":
            yield local, value.replace("url(#", f"url(#{key}-")
        elif local == "style":
            yield local, _page_style(value)
        else:
            yield local, value


def _page_style(style: str) -> str:
    for colour, variable in _CSS_COLOURS.items():
        style = style.replace(colour, variable)
    style = re.sub(r"font: ([\d.]+px)[^;]*", r"font-size: \1", style)
    return re.sub(r"font-family:[^;]*;?", "", style)
