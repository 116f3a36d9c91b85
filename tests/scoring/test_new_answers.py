"""The answers in new rows: one key for all ways to write one, and what is no answer."""

import numpy as np
import pyarrow as pa
import pytest

from lr_pipeline.scoring.new_answers import FURTHER, MISSING, AnswerCounts, answer_key


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ([1, 1.0, "1", "1.0", " 1 "], "1"),
        (["Yes", "yes", "YES "], "yes"),
        ([True, "true", "TRUE"], "true"),
        ([0.1, "0.1", "0.10"], "0.1"),
        ([1234567890123, "1234567890123"], "1234567890123"),
        (["inf"], "inf"),
    ],
)
def test_all_ways_to_write_an_answer_have_one_key(values, key) -> None:
    """A file of text and a file of numbers carry the same answers."""
    assert {answer_key(value) for value in values} == {key}


def test_without_training_the_most_frequent_other_value_is_the_other_answer() -> None:
    """A third value is unknown, and so is a missing one."""
    counts = AnswerCounts.of_answers("yes")
    codes = counts.add(pa.array(["yes", "no", None, "no", "maybe"]))
    assert codes.tolist() == [0, 1, MISSING, 1, 2]
    y = counts.labels(codes)
    assert np.nan_to_num(y, nan=-1).tolist() == [1, 0, -1, 0, -1]
    assert counts.unknown == {"maybe": 1}
    assert (counts.positives, counts.known, counts.missing) == (1, 3, 1)


def test_the_answers_of_training_decide() -> None:
    """Two values count as no; the most frequent one here is none of them."""
    counts = AnswerCounts.of_answers(2, [(2, 50), (0, 30), (1, 20)])
    counts.add(pa.array(["7", "7", "7", "1", "0", "2"]))
    assert counts.others == {"0", "1"}
    assert counts.unknown == {"7": 3}
    assert counts.known == 3


def test_blocks_add_up_with_their_weights() -> None:
    """The codes of all blocks have one meaning."""
    counts = AnswerCounts.of_answers(1)
    first = counts.add(pa.array([0, 1]), np.array([2.0, 3.0]))
    second = counts.add(pa.array([1, 0, 0]), np.array([1.0, 0.0, 5.0]))
    assert counts.labels(np.concatenate([first, second])).tolist() == [0, 1, 1, 0, 0]
    assert (counts.positives, counts.known) == (4, 11)


def test_a_column_of_many_values_is_bounded() -> None:
    """After a hundred values the rest are further ones."""
    counts = AnswerCounts.of_answers("v0")
    codes = counts.add(pa.array([f"v{k}" for k in range(150)]))
    assert (codes == FURTHER).sum() == 50
    assert counts.unknown["(further values)"] == 50
