"""Forms of text: numbers as people write them, dates, and texts that only resemble them."""

import pyarrow as pa
import pytest

from lr_pipeline.tables.values.spelling import shown_spelling
from lr_pipeline.tables.values.text_forms import TextForms, number_problem

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
    """It is counted with repetitions, and the first value of a form is named."""
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
    "hexadecimal digits": ["0x35", "0XFF", "-0x1a"],
    "an exponent as Fortran writes it": ["1.5D+03", "-2.d3", "1.5d-10", ".5D0", "1.5+103"],
    "digits of another script": ["٣", "-١٢٫٥", "४२"],
    "a unit": ["5 kg", "5kg", "1.5 mg/l", "36 months", "37.2°C", "12 µg"],
    "a mark": ["12.3*", "5 (p)", "7[a]", "4†"],
}  # fmt: skip


@pytest.mark.parametrize("form", WRITTEN)
def test_numbers_written_otherwise_are_named_by_what_they_have(form) -> None:
    """They have units, comparison signs, exponents, minus signs or digits of other scripts."""
    for value in WRITTEN[form]:
        forms = TextForms()
        forms.add(pa.array(["x", value]), 0)
        assert list(forms.formats) == [form], value
        assert (forms.formatted.first, forms.formatted.row) == (value, 2)


def test_markers_are_no_part_of_the_share() -> None:
    """Ninety full stops and ten numbers make a number column; ninety colours and ten do not."""
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
    """The first words are held and counted over all rows."""
    forms = TextForms()
    for start in range(0, 3000, 1000):
        forms.add(pa.array([f"w{k % 1500}" for k in range(start, start + 1000)]), start)
    assert forms.words == {f"w{k}": 2 for k in range(20)}
    assert forms.others.count == 3000


AROUND = (
    "'{}", '="{}"', "{}kgs", "{}g", "{}L", "{}m", "{}h", "{}K", "{}cc", "{} m^2", "{} sq ft",
    "{} years old", "Rs. {}", "{}万", "{}***", "ca. {}", "less than {}", "#{}", "[{}]", "{}D0",
    "{}.5kgs", "-{}x", "at least {}", "{}m2",
)  # fmt: skip
CODES = (
    "E{}",
    "P-{}",
    "store_{}",
    "{}:30",
    "{}-20",
    "1.{}.3.4",
    "{} to 9",
    "a{}b",
    "level {}",
    "Store {}",
)


def of_numbers(around: str, numbers: int) -> TextForms:
    """Forms of numbers with this text around them, each twice, in two blocks."""
    forms = TextForms()
    for start in (0, numbers):
        forms.add(pa.array([around.format(20 + k) for k in range(numbers)]), start)
    return forms


@pytest.mark.parametrize("around", AROUND)
def test_many_numbers_in_one_text_are_numbers(around) -> None:
    """The text around may be an apostrophe, a unit or words; few numbers are categories."""
    forms = of_numbers(around, 11)
    assert forms.mostly_numbers
    message = str(number_problem("feature", "v", forms))
    assert f"is text because of {shown_spelling(around.format(20))} (first at row 1)" in message
    assert "22 of 22 values are numbers with" in message
    assert "Write digits and a decimal point alone" in message
    assert "or category=['v'] if they are codes" in message
    assert "missing" not in message
    if not forms.formats:
        assert not of_numbers(around, 10).mostly_numbers


@pytest.mark.parametrize("around", CODES)
def test_codes_times_and_ranges_are_no_numbers(around) -> None:
    """A letter before the digits makes a code; another number after them makes a time or range."""
    assert not of_numbers(around, 40).mostly_numbers


def test_words_beside_numbers_in_a_text_are_told_apart() -> None:
    """Words are counted separately; if most values are words, the column is text."""
    forms = of_numbers("{}kgs", 20)
    forms.add(pa.array(["heavy"] * 3), 40)
    message = str(number_problem("feature", "v", forms))
    assert "40 of 43 values are numbers with 'kgs' after them, 3 are words: 'heavy' (3)." in message
    forms.add(pa.array([f"heavy {'x' * k}" for k in range(60)]), 43)
    assert not forms.mostly_numbers


@pytest.mark.parametrize("word", ["low", "BLQ", "below the limit"])
def test_one_word_among_many_different_numbers_is_a_stray(word) -> None:
    """Most rows may have the word; with only ten numbers, the numbers may be codes."""
    for numbers, mostly in ((10, word == "BLQ"), (11, True)):
        forms = TextForms()
        forms.add(pa.array([word] * 40 + [f"{k}.5" for k in range(numbers)]), 0)
        assert forms.mostly_numbers is mostly, numbers
    forms.add(pa.array(["other", "and another"]), 51)
    assert forms.mostly_numbers is (word == "BLQ")
