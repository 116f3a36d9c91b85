import re

import pytest

from lr_pipeline.report.page import SECTIONS, breakable, without_lonely_signs


def visible(html: str) -> str:
    """Return what a reader sees of a name."""
    return re.sub(r"</?bdi[^>]*>|<wbr>", "", html)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mean_radius", "mean_<wbr>radius"),
        ("state=CA", "state=<wbr>CA"),
        ("sha256:abc", "sha256:abc"),
        ("dataset.column", "dataset.<wbr>column"),
        ("−1.5 to 1,234.5", "−1.5 to 1,234.5"),
        ("1.2e-05", "1.2e-05"),
        ("__", "__"),
    ],
)
def test_a_name_breaks_between_its_words_and_a_number_never(name, expected):
    """Browsers may break a line after an underscore or the like, but not inside 1,234.5."""
    assert breakable(name) == f"<bdi>{expected}</bdi>"


def test_only_a_word_longer_than_a_column_is_broken_anywhere():
    """Three hundred letters without a space fit no column; a short word is left whole."""
    assert 'class="long"' in breakable("x" * 300)
    assert 'class="long"' not in breakable("average_precision_of_the_first_model")


def test_a_name_is_text_whatever_it_holds():
    """Markup in a name is escaped between the line breaks too."""
    hostile = '<script src="a_b=c">alert(1)</script>&amp;'
    html = breakable(hostile)
    assert "<script" not in html
    assert visible(html) == ("&lt;script src=&#34;a_b=c&#34;&gt;alert(1)&lt;/script&gt;&amp;amp;")


def test_sections_have_names_of_their_own():
    """A section's name is its anchor and its template."""
    names = [section.name for section in SECTIONS]
    assert len(names) == len(set(names))


def test_a_sign_stays_beside_its_number():
    """A browser breaks no line at a no-break space; other spaces are left alone."""
    page = without_lonely_signs("<p>95 % of p &lt; 0.001, 2 × 10⁻⁵</p> width: 100%; a % b &lt; c")
    expected = "<p>95~% of p &lt;~0.001, 2~×~10⁻⁵</p> width: 100%; a % b &lt; c"
    assert page == expected.replace("~", "\u00a0")
