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
