import pytest

from lr_pipeline.tables.sources.secrets import has_hidden_parts, last_name, without_secrets


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://anna:pw@example.org/a.csv", "https://***@example.org/a.csv"),
        ("https://ghp_token@example.org/a.csv", "https://***@example.org/a.csv"),
        ("postgresql+psycopg://u:p@ss@db:5432/x", "postgresql+psycopg://***@db:5432/x"),
        ("s3://bucket/a@b.parquet", "s3://bucket/a@b.parquet"),
        (
            "https://x.org/a?X-Amz-Signature=12ab&part=2",
            "https://x.org/a?X-Amz-Signature=***&part=2",
        ),
        (
            "https://x.org/a?file=a.csv&access_token=q#top",
            "https://x.org/a?file=a.csv&access_token=***#top",
        ),
        ("https://x.blob.net/c?sv=2&sig=a%2Fb&se=3", "https://x.blob.net/c?sv=2&sig=***&se=3"),
        ("https://x.org/a.csv?sig=a;b.c/d&v=1", "https://x.org/a.csv?sig=***&v=1"),
        ("https://x.org/a.csv#access_token=q", "https://x.org/a.csv#access_token=***"),
        ("mysql://db/x?password=secret;ssl=1", "mysql://db/x?password=***;ssl=1"),
        ("data/token=5/part.csv", "data/token=5/part.csv"),
    ],
)
def test_logins_tokens_and_signatures_are_taken_out_of_urls(address, expected):
    """What leads to the file stays, so that a reader knows where it is."""
    assert without_secrets(address) == expected
    assert has_hidden_parts(expected) == (address != expected)


def test_every_text_of_a_declaration_is_searched():
    """Lists and dictionaries may hold a URL anywhere; numbers and None pass unchanged."""
    declared = {"path": "ftp://u:p@h/a", "split": {"seed": 1, "of": ["ftp://u:p@h/b"]}, "id": None}
    assert without_secrets(declared) == {
        "path": "ftp://***@h/a",
        "split": {"seed": 1, "of": ["ftp://***@h/b"]},
        "id": None,
    }


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://u:p@h/folder/rows.csv?token=ab/cd.ef#x", "rows.csv"),
        ("s3://bucket/rows/", "rows"),
        ("data/what?.csv", "what?.csv"),
    ],
)
def test_names_are_made_of_the_path_alone(address, expected):
    """A token may hold a slash or a dot, and would become a part of a table's or a file's name."""
    assert last_name(address) == expected


def test_a_text_around_a_url_stays():
    """A source may be described in words."""
    text = "rows of https://u:p@h/a?token=1 and of a@b.org"
    assert without_secrets(text) == "rows of https://***@h/a?token=*** and of a@b.org"
