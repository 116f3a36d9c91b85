import base64
import io
import warnings
from xml.etree import ElementTree

import matplotlib.image
import numpy as np
import pytest

from lr_pipeline.report import canvas
from lr_pipeline.report.canvas import inline_svg, markdown_picture, picture, plot_label

HOSTILE = "<b>\"q\" & 'r'</b>\nnext\x07 $x_{$ 中文 #1c2024"


def figure_titled(title, colour=canvas.SERIES[1]):
    """Return a figure with a line and a title."""
    with canvas.plot_style():
        figure = canvas.new_figure(height=2.0)
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], "o-", color=colour)
        axes.set_title(plot_label(title, 80))
    return figure


def pixels(png):
    """Return the decoded picture as (height, width, channels) from 0 to 1."""
    return matplotlib.image.imread(io.BytesIO(png), format="png")


def test_picture_is_a_png_of_the_asked_size_that_shows_the_line():
    """4.1 × 2 inches at 100 dots an inch, with enough pixels in the line's colour."""
    image = pixels(picture(figure_titled("title")))
    assert image.shape[:2] == (200, 410)
    vermillion = np.array([0xD5, 0x5E, 0x00]) / 255
    assert np.sum(np.abs(image[:, :, :3] - vermillion).max(axis=2) < 0.1) > 200


def test_picture_is_small_enough_for_metadata():
    """A picture inside markdown must stay below 40 kB."""
    assert len(markdown_picture(figure_titled("title"), "title")) < 40_000


def test_markdown_picture_carries_the_png_itself():
    """The data URI decodes to the same picture; brackets in the text do not end it early."""
    markdown = markdown_picture(figure_titled("title"), "a [b](c)\nd")
    alt, _, data = markdown.removesuffix(")").partition("](data:image/png;base64,")
    assert alt == "![a b (c) d"
    np.testing.assert_array_equal(
        pixels(base64.b64decode(data)), pixels(picture(figure_titled("title")))
    )


def test_inline_svg_keeps_hostile_text_as_text():
    """Markup, TeX, control characters and even a colour's code in a name stay letters."""
    root = ElementTree.fromstring(inline_svg(figure_titled(HOSTILE), "key", HOSTILE))
    texts = [element.text for element in root.iter("text")]
    assert "<b>\"q\" & 'r'</b> next $x_{$ 中文 #1c2024" in texts
    assert {element.tag for element in root.iter()}.isdisjoint({"b", "script", "metadata"})


def test_inline_svg_takes_its_colours_and_font_from_the_page():
    """Dark pages need other colours: only CSS variables are left, and no font family."""
    svg = inline_svg(figure_titled("title"), "key", "title")
    assert "var(--series-2)" in svg
    assert "var(--ink)" in svg
    assert canvas.SERIES[1] not in svg
    assert "font-family" not in svg
    assert "http" not in svg


def test_ids_of_two_figures_on_one_page_do_not_clash():
    """Every id starts with the figure's key, and every reference finds its id."""
    root = ElementTree.fromstring(inline_svg(figure_titled("title"), "key-1", "title"))
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert ids
    assert all(identifier.startswith("key-1-") for identifier in ids)
    assert {use.get("href").removeprefix("#") for use in root.iter("use")} <= set(ids)
    clips = {element.get("clip-path") for element in root.iter()} - {None}
    assert {clip.removeprefix("url(#").removesuffix(")") for clip in clips} <= set(ids)


def test_chinese_text_without_a_chinese_font_raises_no_warning(monkeypatch):
    """On a machine without such a font the letters are boxes, silently."""
    monkeypatch.setattr(canvas, "_installed_cjk_fonts", tuple)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert picture(figure_titled("中文"))


def test_chinese_text_is_drawn_where_a_font_is_installed():
    """Two different names of equal length give different pictures, not equal boxes."""
    if not canvas._installed_cjk_fonts():
        pytest.skip("no Chinese font on this machine")
    assert picture(figure_titled("中文列名")) != picture(figure_titled("用水总量"))


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("plain", "plain"),
        ("exactly-10", "exactly-10"),
        ("eleven-long", "eleven-lo…"),
        ("四个汉字好", "四个汉字好"),
        ("六个汉字名称", "六个汉字…"),
        (" a\n\tb\x00\u202ec ", "a b c"),
    ],
)
def test_plot_label_is_one_line_no_wider_than_asked(name, label):
    """Chinese letters count twice; what cannot be drawn becomes a space."""
    assert plot_label(name, 10) == label


def test_drawing_leaves_matplotlibs_global_settings_alone():
    """A notebook that uses the package keeps its own style."""
    before = dict(matplotlib.rcParams)
    picture(figure_titled("title"))
    assert dict(matplotlib.rcParams) == before


@pytest.mark.skipif(not canvas._installed_cjk_fonts(), reason="no Chinese font is installed")
def test_chinese_text_is_drawn_with_a_font_that_has_it():
    """No glyph is missing; one that no font has is warned about, so that the check can fail."""
    for title, missing in (("身高", False), ("\U000f0000", True)):
        with canvas.plot_style(), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            figure = canvas.new_figure(height=2.0)
            figure.subplots().set_title(title)
            figure.savefig(io.BytesIO(), format="png")
        assert any("Glyph" in str(warning.message) for warning in caught) == missing
