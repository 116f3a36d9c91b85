"""Texts that read alike are one value: in keys, levels, groups, ids, targets and names."""

import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.feature_profile import profile_features
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.roles import ColumnRoles, assign_roles
from lr_pipeline.tables.split.leakage import find_leakage
from lr_pipeline.tables.split.split_table import SplitPolicy, split_table
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.target import positive_value
from lr_pipeline.tables.validation.validate import find_problems, useful_features
from lr_pipeline.tables.values.spelling import (
    PLAIN,
    alike,
    not_plain,
    shown_spelling,
    spelled_by_key,
    spelling_key,
)

ALIKE = {
    "gekündigt": ["geku\u0308ndigt", "gekündigt ", "\u200bgekündigt", "ge\u00adkündigt"],
    "O'Neil": ["O’Neil", "O‘Neil", "Oʼ\ufeffNeil", "O`Neil", "O´Neil", "Ｏ＇Ｎｅｉｌ"],
    '"A" or "B"': ["“A” or „B“", "«A» or «B»", '"A"\u00a0or  "B"'],
    "18-25": ["18–25", "18—25", "18−25", "18\u201125", "１８－２５"],
    "New York": ["New\u00a0York", " New  York\t", "New\u3000York", "New\u200d York", "New\nYork"],
    "Ångström": ["\u212bngström", "A\u030angstro\u0308m"],
    "office": ["oﬃce"],
    "각": ["\u1100\u1161\u11a8"],
    "ガ": ["カ\u3099", "ｶﾞ"],
    "سلام": ["ﺳﻼﻡ", "سـلام"],
    "❤": ["❤\ufe0f"],
    "a\u0323\u0307": ["a\u0307\u0323"],
    "": [" ", "\u200b\u00ad", "\x00", "\u2003"],
}
DIFFERENT = [
    "no", "No", "NO", "nо", "n\u00f3", "no.", "n o", "m2", "m²", "1/2", "½", "1", "①", "l", "I",
    "٣", "3", "a-b", "a_b", "a b", "ab", "'a'", '"a"', "ß", "ss", "i", "ı",
]  # fmt: skip


@pytest.mark.parametrize("text", ALIKE)
def test_what_differs_invisibly_or_typographically_is_one_spelling(text) -> None:
    """All variants have the key of the text; in a message no two look the same."""
    assert {spelling_key(variant) for variant in ALIKE[text]} == {spelling_key(text)}
    shown = [shown_spelling(variant) for variant in (text, *ALIKE[text])]
    assert len(set(shown)) == len(shown)
    assert all(
        "\N{ZERO WIDTH SPACE}" not in one and "\N{NO-BREAK SPACE}" not in one for one in shown
    )


def test_what_is_seen_or_says_something_else_differs() -> None:
    """Case, accents, other scripts, superscripts, fractions and circled digits differ."""
    assert alike(DIFFERENT) == []


def test_most_characters_are_told_to_be_their_own_key_by_a_pattern() -> None:
    """Each range of the pattern is tested, and single and double spaces within a text."""
    plain = "".join(chr(code) for a, b in PLAIN for code in range(ord(a), ord(b) + 1))
    assert spelling_key(plain) == plain
    texts = pa.array([plain, "a b", "", "a  b", " a", "a ", "a\n", "`", "é", "e\u0301", None])
    assert not_plain(texts).to_pylist() == [False] * 3 + [True] * 5 + [False, True, None]


@given(st.text())
def test_a_key_is_its_own_key_and_a_plain_text_too(text) -> None:
    """That holds for any characters; normalizing does not change a key."""
    key = spelling_key(text)
    assert spelling_key(key) == key
    for form in ("NFC", "NFD"):
        assert spelling_key(unicodedata.normalize(form, text)) == key
    if not pa.compute.any(not_plain(pa.array([text]))).as_py():
        assert key == text
    assert spelled_by_key(pa.array([text, None, text])).to_pylist() == [key, None, key]


LETTERS = st.text(alphabet="abzAÄéüñß'\"- 19Жи한日", min_size=1, max_size=8)
UNSEEN = ["\u200b", "\u200d", "\ufeff", "\u00ad", "\u2060", "\x07", "\ufe0f"]
OTHERWISE = {"'": "’ʼ‘", '"': "“”«", "-": "–—−", " ": ["  ", "\u00a0", "\u2009", "\t"]}


@st.composite
def variants(draw, text):
    """The text as another keyboard, editor or operating system would write it."""
    form = draw(st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
    out = []
    for one in unicodedata.normalize(form, text):
        out.append(draw(st.sampled_from([one, *OTHERWISE.get(one, ())])))
        if draw(st.integers(0, 4)) == 0:
            out.append(draw(st.sampled_from(UNSEEN)))
    return (
        draw(st.sampled_from(["", " ", "\u00a0"])) + "".join(out) + draw(st.sampled_from(["", " "]))
    )


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_variants_of_a_level_never_make_a_level_of_their_own(data) -> None:
    """In training and in new rows the design equals that of one spelling bit for bit."""
    levels = data.draw(st.lists(LETTERS, min_size=2, max_size=4, unique_by=spelling_key))
    plain = [level for level in levels for _ in range(4)]
    spelled = [data.draw(variants(level)) for level in plain]
    y = [k % 2 for k in range(len(plain))]
    expected, found = (
        Table.from_arrow(pa.table({"y": y, "s": texts}), "y", category=["s"])
        for texts in (plain, spelled)
    )
    reference, preparation = Preparation.fit(expected), Preparation.fit(found)
    (block,), (one,) = found.blocks(), expected.blocks()
    ours = preparation.design(block)
    np.testing.assert_array_equal(ours.sum(0), [4.0] * (len(levels) - 1))
    again = Preparation.from_dict(preparation.to_dict())
    np.testing.assert_array_equal(again.design(one), ours)
    assert reference.unseen(block) == preparation.unseen(one) == {}


def people(names, **roles):
    """A table of two people with two spellings each, and 38 other people."""
    others = [f"p{k}" for k in range(38)]
    names = (names + others) * 5
    columns = {"y": [0, 1, 1, 0, 1] * (len(names) // 5), "x": np.arange(len(names)) % 7 + 0.5}
    return Table.from_arrow(pa.table(columns | {"who": names}), "y", **roles)


@pytest.mark.parametrize("kind", ["group", "sticky"])
@pytest.mark.parametrize("seed", range(8))
def test_a_group_in_several_spellings_stays_in_one_part(kind, seed) -> None:
    """A warning says so; the check would find a split that divides the group."""
    table = people(["Müller", "Mu\u0308ller", "O'Neil", "O’Neil "], group="who")
    train, test = split_table(table, SplitPolicy(kind=kind, seed=seed, test_size=0.3))
    found = find_leakage(table, train, test)
    assert found.clean
    parts = [{spelling_key(v) for v in one.column("who").to_pylist()} for one in (train, test)]
    assert not parts[0] & parts[1]
    (problem,) = find_problems(table)
    assert problem.severity == "warning"
    assert str(problem) == (
        "group 'who' has values in several spellings, which read alike and are taken as one: "
        "'Müller' and 'Mu\\u0308ller' (rows: 5, first at row 2); 'O'Neil' and 'O\\u2019Neil\\x20' "
        "(rows: 5, first at row 4). Write each in one way."
    )


def test_a_torn_group_is_leakage() -> None:
    """The parts show it, whatever code split them."""
    table = people(["Müller", "Mu\u0308ller"], group="who")
    rows = np.arange(table.num_rows)
    torn = [r for r, name in enumerate(table.column("who").to_pylist()) if name == "Mu\u0308ller"]
    train, test = table.take(np.setdiff1d(rows, torn)), table.take(np.array(torn))
    assert find_leakage(table, train, test).shared_groups == 1


def test_ids_that_read_alike_are_repetitions() -> None:
    """The message names them, since the difference is not visible."""
    ids = ["a1", "b2", "b2\u200b", "c3"]
    table = Table(
        pa.table({"y": [0, 1, 0, 1], "x": [0.5, 1, 3, 2], "k": ids}),
        ColumnRoles("y", None, ("x",), id="k"),
    )
    (problem,) = find_problems(table)
    assert problem.message == (
        "id 'k' must differ from row to row, found 1 repetition (first at row 3), of those that "
        "read alike 'b2' and 'b2\\u200b' (rows: 1, first at row 3)"
    )


def test_levels_are_merged_with_a_word_and_counted_as_one() -> None:
    """90 pairs of spellings make 90 levels, which are not too many."""
    names = [f"stadt {k}" for k in range(90)]
    texts = [*names, *(name.replace(" ", "\u00a0") for name in names)] * 4
    table = Table.from_arrow(pa.table({"y": [0, 1, 1] * 240, "s": texts}), "y")
    (problem,) = find_problems(table)
    assert (problem.severity, problem.row) == ("warning", 91)
    assert "one: 'stadt 0' and 'stadt\\xa00' (rows: 4, first at row 91); " in problem.message
    assert problem.message.endswith(" and others")
    assert len(Preparation.fit(table).columns) == 89
    assert useful_features(table)[0].roles.features == ("s",)


def test_the_profile_has_a_line_for_a_value_not_for_a_spelling() -> None:
    """The line has its most frequent spelling."""
    texts = ["O’Neil", "O’Neil", "O'Neil", "B"]
    table = Table.from_arrow(pa.table({"y": [1, 1, 1, 0], "s": texts}), "y")
    assert profile_features(table)["features"]["s"]["positive"]["levels"] == {"O’Neil": 3}


@pytest.mark.parametrize("positive", [None, "gekündigt", "geku\u0308ndigt", "aktiv"])
def test_a_target_in_several_spellings_is_refused(positive) -> None:
    """The message has both spellings, their rows, the first row and a remedy."""
    values = pa.array(["aktiv", "gekündigt", "aktiv", "geku\u0308ndigt", "gekündigt"])
    with pytest.raises(TableError) as caught:
        positive_value("status", values, positive)
    assert str(caught.value) == (
        "target 'status' has a value in several spellings, which read alike: 'gekündigt' (rows: 2) "
        "and 'geku\\u0308ndigt' (rows: 1, first at row 4). Write it in one way."
    )


@pytest.mark.parametrize("given", ["geku\u0308ndigt", "gekündigt ", "ge\u00adkündigt", "Gekündigt"])
def test_a_positive_value_is_matched_by_its_spelling(given) -> None:
    """A value typed in a terminal may have another form than in the file; case is tried last."""
    values = pa.array(["aktiv", "gekündigt", "aktiv"])
    assert positive_value("status", values, given) == "gekündigt"


def test_column_names_are_found_and_refused_by_their_spelling() -> None:
    """A name in another spelling is suggested; two names that read alike cannot both be used."""
    with pytest.raises(TableError, match=r"Did you mean 'gro\\u0308ße'\?"):
        assign_roles(["y", "gro\u0308ße", "größer"], "y", features=["größe"])
    message = r"column names read alike: 'a b' and 'a\\xa0b'\. Rename them, or exclude one\."
    with pytest.raises(TableError, match=message):
        assign_roles(["y", "a b", "a\u00a0b"], "y")
    assert assign_roles(["y", "a b", "a\u00a0b"], "y", exclude=["a b"]).features == ("a\u00a0b",)
