"""What a text looks like: numbers as people write them, dates, and what only resembles them."""

import pyarrow as pa
import pytest

from lr_pipeline.tables.text_forms import TextForms

FORMS = {
    "numbers": ["48120", "-1.5", " .5 ", "1e-3", "+7."],
    "formatted": [
        "48,120.00", "48.120,00", "48 120,5", "48\N{NO-BREAK SPACE}120", "1'000", "48,12", ",5",
        "48.1%", "48 %", "$48.12", "-$5", "$-5", "US$ 5", "48,12 €", "USD 5", "5 kr",
        "(1,200)", "($5.00)", "−5,0", "12,34,567"[3:],
    ],
    "dates": [
        "01/31/2024", "31.01.2024", "31-1-2024", "1/3/24", "2024/01/31", "2024-01-31",
        "31 Jan 2024", "31-Jan-24", "January 31, 2024", "01/31/2024 10:05", "1/3/24 9:05:07 PM",
        "2024/01/31T10:05:00Z",
    ],
    "others": [
        "word", "", "12A", "3rd", "1,2,3", "12-34", "1.2.3", "10.0.0.1", "ABC123", "99/99/2024",
        "5 of 6", "%", "$", "12:30", "1-5%", "2024-01",
    ],
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_each_value_is_of_one_form(form) -> None:
    """Counted with repetitions, the first of them named."""
    values = FORMS[form]
    for value in values:
        forms = TextForms()
        forms.add(pa.array([None, value, value]), 10)
        assert {name for name in FORMS if getattr(forms, name).count} == {form}, value
        found = getattr(forms, form)
        assert (found.count, found.first, found.row, forms.known) == (2, value, 12, 2)


def test_blocks_add_up_and_their_different_values_are_returned() -> None:
    """The first value of a form keeps its row when later blocks come."""
    forms = TextForms()
    assert forms.add(pa.array(["a", None, "a", "1,5"]), 0).to_pylist() == ["a", "1,5"]
    assert forms.add(pa.array(["2,5", "b"]), 4).to_pylist() == ["2,5", "b"]
    assert (forms.formatted.count, forms.formatted.first, forms.formatted.row) == (2, "1,5", 4)
    assert (forms.others.count, forms.others.row, forms.known) == (3, 1, 5)


WRITTEN = {
    "digits or signs of another shape, or characters that are not seen": [
        "５", "−5", "5\N{ZERO WIDTH SPACE}", "\N{NO-BREAK SPACE}5", "１．５",
    ],
    "parentheses for a minus": ["(5)", "(1,200)", "(5.5)"],
    "a sign after the digits": ["5-", "1,200.50-", "5 CR"],
    "a comparison sign": ["<5", "> 100", "≥5", "<=0.01", "~5", "5+"],
    "an exponent as Fortran writes it": ["1.5D+03", "-2.d3", "1.5d-10", ".5D0", "1.5+103"],
    "digits of another script": ["٣", "-١٢٫٥", "४२"],
    "a unit": ["5 kg", "5kg", "1.5 mg/l", "36 months", "37.2°C", "12 µg"],
    "a mark": ["12.3*", "5 (p)", "7[a]", "4†"],
}  # fmt: skip


@pytest.mark.parametrize("form", WRITTEN)
def test_numbers_written_otherwise_are_named_by_what_they_have(form) -> None:
    """Units, comparison signs, minus signs of accountants, exponents, digits of other scripts."""
    for value in WRITTEN[form]:
        forms = TextForms()
        forms.add(pa.array(["x", value]), 0)
        assert list(forms.formats) == [form], value
        assert (forms.formatted.first, forms.formatted.row) == (value, 2)


def test_markers_are_no_part_of_the_share() -> None:
    """Ninety full stops among ten numbers are a column of numbers; ninety colours are none."""
    for word, mostly in ((".", True), ("#N/A", True), (".a", True), ("red", False)):
        forms = TextForms()
        forms.add(pa.array([word] * 90 + [str(k) for k in range(10)]), 0)
        assert forms.mostly_numbers is mostly, word
        assert forms.words == {word: 90}
    forms = TextForms()
    forms.add(pa.array(["red"] * 5 + ["1.5"] * 5), 0)
    assert not forms.mostly_numbers
    forms.add(pa.array(["2 kg"]), 10)
    assert forms.mostly_numbers


def test_few_of_many_words_are_held() -> None:
    """Those that come first, counted to the end; a column of other texts stays small."""
    forms = TextForms()
    for start in range(0, 3000, 1000):
        forms.add(pa.array([f"w{k % 1500}" for k in range(start, start + 1000)]), start)
    assert forms.words == {f"w{k}": 2 for k in range(20)}
    assert forms.others.count == 3000
