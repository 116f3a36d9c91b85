"""Tables in markdown: aligned numbers, and cells whose content is always text."""

from lr_pipeline.report.markdown import bold, escaped, markdown_table


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
