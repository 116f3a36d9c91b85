"""Tables in markdown: aligned numbers, and cells whose content is always text."""

import re

import pytest

from lr_pipeline.report.markdown import bold, escaped, inert, markdown_table


def test_a_table_has_a_line_for_each_row() -> None:
    """Columns of numbers are aligned to the right."""
    assert markdown_table(["name", "n"], [["a", "1"], ["b", bold("2")]], ["n"]).splitlines() == [
        "| name | n |",
        "| --- | ---: |",
        "| a | 1 |",
        "| b | **2** |",
    ]


def test_no_cell_ends_the_cell_the_line_or_the_text() -> None:
    """Borders, line breaks, emphasis, links and HTML are shown as they are."""
    assert escaped("a|b\n<i>_c_*") == r"a\|b &lt;i&gt;\_c\_\*"
    assert bold("[x](y)`") == r"**\[x\](y)\`**"


@pytest.mark.parametrize(
    "text",
    [
        "[a](javascript:x)",
        "![a](http://h/x)",
        "[a][b]",
        "[a]: data:x",
        "<javascript:x>",
        "<img src=x>",
    ],
)
def test_an_inert_text_reads_as_it_is_and_links_nowhere(text) -> None:
    """No bracket is beside the parenthesis, nor < beside the name, that would make it markup."""
    found = inert(f"column {text!r}")
    assert found.replace("\u2060", "") == f"column {text!r}"
    assert not re.search(r"\][(\[:]|<[A-Za-z]", found)
    assert inert("a < b, x[1] and y") == "a < b, x[1] and y"
