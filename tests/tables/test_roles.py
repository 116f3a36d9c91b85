"""Column roles are declared, checked against the existing columns, and stored as JSON."""

import json

import pytest

from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.roles import ColumnRoles, assign_roles, require_column

NAMES = ["key", "answer", "age", "income", "place", "day", "times"]


def test_every_column_left_is_a_feature():
    """Target, id, group, time, weight and excluded columns are not features."""
    roles = assign_roles(
        NAMES, "answer", id="key", group="place", time="day", weight="times", exclude=["income"]
    )
    assert roles.features == ("age",)
    assert roles.columns == {"key", "answer", "age", "place", "day", "times"}


def test_named_features_are_all_there_are():
    """``features`` gives the features and their order."""
    roles = assign_roles(NAMES, "answer", features=["income", "age"])
    assert roles.features == ("income", "age")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"target": "answr"}, r"target column 'answr' not found; .*Did you mean 'answer'\?"),
        ({"target": "zzz"}, "there are: 'key', 'answer', 'age'"),
        ({"target": "answer", "id": "kee"}, "id column 'kee' not found"),
        ({"target": "answer", "features": ["agee"]}, "feature column 'agee' not found"),
        ({"target": "answer", "exclude": ["inc"]}, "excluded column 'inc' not found"),
        ({"target": "answer", "exclude": ["answer"]}, "'answer' is declared target and excl"),
        ({"target": "answer", "features": ["answer"]}, "'answer' is declared target and feat"),
        ({"target": "answer", "features": ["age"], "exclude": ["age"]}, "feature and excluded"),
        ({"target": "answer", "weight": "answer"}, "'answer' is declared target and weight. Give"),
        ({"target": "answer", "id": "answer"}, "'answer' is declared target and id. Give it one"),
        ({"target": "answer", "id": "key", "time": "key"}, "'key' is declared id and time"),
        ({"target": "ANSWER "}, "Did you mean 'answer'"),
        ({"target": "answer", "features": []}, "no feature is left"),
        ({"target": "answer", "category": ["agee"]}, "category column 'agee' not found"),
        ({"target": "answer", "number": ["agee"]}, "number column 'agee' not found"),
        ({"target": "answer", "category": ["answer"]}, "'answer' is declared target and category"),
        ({"target": "answer", "id": "key", "number": ["key"]}, "'key' is declared id and number"),
        ({"target": "answer", "exclude": ["age"], "category": ["age"]}, "excluded and category"),
        ({"target": "answer", "category": ["age"], "number": ["age"]}, "category and number"),
        ({"target": "answer", "features": ["age"], "number": ["day"]}, "number but is no feature"),
    ],
)
def test_a_wrong_declaration_says_what_to_change(arguments, message):
    """Each error names the column and the role."""
    with pytest.raises(TableError, match=message):
        assign_roles(NAMES, **arguments)


def test_every_wrong_column_is_said_at_once():
    """The error has all problems, each with its own remedy."""
    with pytest.raises(TableError) as caught:
        assign_roles(
            [*NAMES, "day"],
            "answr",
            id="agee",
            group="income",
            weight="income",
            features=["age", "zip"],
            exclude=["nope"],
        )
    assert [problem.message.partition(";")[0] for problem in caught.value.problems] == [
        "column names occur more than once: 'day'",
        "target column 'answr' not found",
        "id column 'agee' not found",
        "feature column 'zip' not found",
        "excluded column 'nope' not found",
        "column 'income' is declared group and weight",
    ]


def test_a_column_with_a_role_may_be_excluded_too():
    """It is not a feature in either case."""
    roles = assign_roles(NAMES, "answer", id="key", exclude=["key", "day"])
    assert roles == assign_roles(NAMES, "answer", id="key", exclude=["day"])


def test_duplicate_column_names_are_refused():
    """A name that occurs twice cannot be given a role."""
    with pytest.raises(TableError, match=r"more than once: 'a', 'b'\. Rename them"):
        assign_roles(["y", "a", "b", "a", "b", "c"], "y")


def test_a_long_list_of_columns_is_cut_in_messages():
    """10,000 columns do not fill the screen."""
    with pytest.raises(TableError, match="and 9,988 more") as caught:
        assign_roles([f"c{j}" for j in range(10_000)], "y")
    assert len(str(caught.value)) < 300


def test_roles_survive_json():
    """``to_dict`` and ``from_dict`` are inverse through JSON."""
    for positive in ("yes", 1, 1.0, True):
        roles = ColumnRoles("y", positive, ("a", "b"), id="k", weight="w")
        again = ColumnRoles.from_dict(json.loads(json.dumps(roles.to_dict())))
        assert again == roles
        assert type(again.positive) is type(positive)


def test_a_name_that_is_not_close_is_no_suggestion():
    """A misspelled name is suggested; another word is not."""
    with pytest.raises(TableError, match="Did you mean 'income'"):
        require_column(["age", "income"], "incme")
    with pytest.raises(TableError, match="Name one of these"):
        require_column(["age", "income"], "nope")


def test_a_feature_that_is_named_twice_is_one():
    """Naming it again changes nothing."""
    roles = assign_roles(["a", "b", "y"], "y", features=["b", "a", "b"])
    assert roles.features == ("b", "a")


def test_a_blank_at_the_end_of_a_name_is_shown_as_it_is_typed():
    """A message shows the column's name as the user writes it, without an escape."""
    with pytest.raises(TableError, match=r"Did you mean 'wage '\?$"):
        require_column(["wage ", "y"], "wage")
