"""Remedies in a form that a user of the command line can follow."""

import pytest

from lr_pipeline.cli.remedies import in_options


@pytest.mark.parametrize(
    ("message", "spoken"),
    [
        ("Set exclude=['day'].", "Give --exclude day."),
        ("Set exclude=['a day', \"it's\"].", "Give --exclude 'a day' --exclude 'it'\"'\"'s'."),
        ("Set exclude=['a]b'].", "Give --exclude 'a]b'."),
        ("Set missing=['?', 'n a'].", "Give --missing '?' --missing 'n a'."),
        ("Set keep_na=['land'].", "Give --keep-na land."),
        ("Convert it, or set exclude=['x']", "Convert it, or give --exclude x"),
        ("Set positive= or drop those rows.", "Give --positive or drop those rows."),
        ("Name codes in category=.", "Name codes in --category."),
        ("Set number=['k'] or group='k'.", "Give --number k or --group k."),
        ("Set exclude=['n'], or id= for ids.", "Give --exclude n, or --id for ids."),
        ("Name no group, or set kind='group'.", "Name no group, or give --split group."),
        ("Drop rows, or set group='y' instead.", "Drop rows, or give --group y instead."),
        ("test_size=0.2 of 4 rows leaves 3", "--test-size 0.2 of 4 rows leaves 3"),
        ("test_size=1e-09.", "--test-size 1e-09."),
        ("Name the features in features=, or", "Name the features in --feature, or"),
    ],
)  # fmt: skip
def test_an_argument_becomes_its_option(message, spoken) -> None:
    """Its values are quoted for a shell."""
    assert in_options(message) == spoken


@pytest.mark.parametrize(
    "message",
    [
        "rows.csv: target 'time=' must have two values, found 3: 'Set id=', \"it's group='a'\"",
        "feature 'x' must be a number. Convert it.",
        "two columns of the design would be called 'kind=missing'",
        "the weekday= column, mid=3",
        "https://shop.example/rows.csv?id=5&group=7: no such file",
        "rows/group=7/part.parquet: no such file",
        "group=b/part.parquet: no such file",
    ],
)
def test_names_and_values_of_the_table_stay(message) -> None:
    """They stay even if they look like arguments."""
    assert in_options(message) == message
