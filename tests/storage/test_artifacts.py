"""What is written is read back exactly, or nothing is written."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from lr_pipeline.engines.design import prepare_rows
from lr_pipeline.models.train import train_linear
from lr_pipeline.report.render import Report
from lr_pipeline.storage.artifacts import (
    Artifact,
    load_artifact,
    remove_artifact,
    version_name,
    write_artifact,
)
from lr_pipeline.storage.storage_error import ArtifactError
from lr_pipeline.studies.study import Study
from lr_pipeline.tables.table import Table


def _load(artifact: Artifact):
    return load_artifact(artifact.path, artifact.sha256, artifact.kind)


def _table() -> Table:
    frame = pd.DataFrame({"x": [0.1, 2.0, float("nan")], "y": [0, 1, 1]})
    return Table.from_pandas(frame, target="y")


def test_table_round_trips_with_its_roles(tmp_path: Path):
    """A table comes back from data.parquet with the same content hash, hence values and roles."""
    artifact = write_artifact(tmp_path, ["prefix", "dataset"], "v1", _table())
    assert artifact.path == tmp_path / "prefix" / "dataset" / "v1" / "data.parquet"
    assert _load(artifact).fingerprint == _table().fingerprint
    assert _load(artifact).roles == _table().roles


def test_table_with_a_recorded_fingerprint_is_not_read_for_it(tmp_path: Path, monkeypatch):
    """The fingerprint belongs to the file's hash, which is verified; the rows are not hashed."""
    artifact = write_artifact(tmp_path, ["dataset"], "v1", _table())
    known = _table().fingerprint
    monkeypatch.setattr(Table, "blocks", lambda *_: pytest.fail("the rows were read"))
    loaded = load_artifact(artifact.path, artifact.sha256, artifact.kind, known)
    assert loaded.fingerprint == known
    assert loaded.with_provenance({"split": {}}).fingerprint == known


def test_model_predicts_the_same_after_a_round_trip(tmp_path: Path):
    """A model comes back from model.json and gives every probability to the last bit."""
    train = _table()
    model = train_linear(train, prepare_rows)
    artifact = write_artifact(tmp_path, ["linear_baseline"], "v1", model)
    assert (artifact.kind, artifact.path.name) == ("model", "model.json")
    assert _load(artifact).predict_proba(train).tolist() == model.predict_proba(train).tolist()


def test_report_round_trips(tmp_path: Path):
    """The page and its numbers come back as they were, beside each other on the disk."""
    report = Report("<p>ŷ</p>", {"auc": 0.5, "reasons": {"auc": None}})
    artifact = write_artifact(tmp_path, ["evaluation_report"], "v1", report)
    assert _load(artifact) == report
    assert sorted(f.name for f in artifact.path.parent.iterdir()) == ["report.html", "report.json"]


def test_study_is_numbers_with_pictures_beside_them(tmp_path: Path):
    """The numbers come back; the pictures are files, and a changed one is noticed."""
    study = Study({"paths": [{"loss": -1.0, "theta": None}]}, {"paths": b"PNG", "loss": b"GNP"})
    artifact = write_artifact(tmp_path, ["p", "descent"], "v1", study)
    assert (artifact.kind, artifact.path.name) == ("study", "descent.json")
    assert _load(artifact) == study.numbers
    assert artifact.path.with_name("paths.png").read_bytes() == b"PNG"
    artifact.path.with_name("loss.png").write_bytes(b"other")
    with pytest.raises(ArtifactError, match="the content has changed"):
        _load(artifact)


def test_dictionary_is_stored_under_the_name_of_its_asset(tmp_path: Path):
    """A dictionary is one JSON file NAME.json, equal after reading."""
    value = {"verdict": "unique", "rank": 3, "condition": 0.1 + 0.2}
    artifact = write_artifact(tmp_path, ["p", "mle_existence"], "v1", value)
    assert artifact.path.name == "mle_existence.json"
    assert _load(artifact) == value


def test_recorded_hash_and_size_are_those_of_the_file(tmp_path: Path):
    """`sha256sum` of the main file gives the recorded hash."""
    artifact = write_artifact(tmp_path, ["a"], "v1", {"x": 1})
    content = artifact.path.read_bytes()
    assert artifact.sha256 == hashlib.sha256(content).hexdigest()
    assert artifact.size == len(content)


def test_report_is_hashed_with_all_its_files(tmp_path: Path):
    """A report is a page and its numbers; a change in either is noticed."""
    artifact = write_artifact(tmp_path, ["evaluation_report"], "v1", Report("<p>", {"auc": 0.5}))
    numbers = artifact.path.with_name("report.json")
    assert artifact.kind == "report"
    assert artifact.path.read_text() == "<p>"
    assert json.loads(numbers.read_text()) == {"format_version": 1, "auc": 0.5}
    assert artifact.size == sum(f.stat().st_size for f in artifact.path.parent.iterdir())
    numbers.write_text('{"auc": 0.9}')
    with pytest.raises(ArtifactError, match="content has changed"):
        _load(artifact)


def test_changed_byte_is_an_error_that_names_both_hashes(tmp_path: Path):
    """The hash is compared before anything is read."""
    artifact = write_artifact(tmp_path, ["dataset"], "v1", _table())
    content = bytearray(artifact.path.read_bytes())
    content[len(content) // 2] ^= 1
    artifact.path.write_bytes(content)
    found = hashlib.sha256(content).hexdigest()
    with pytest.raises(ArtifactError) as error:
        _load(artifact)
    for part in (str(artifact.path), artifact.sha256, found, "Materialize the asset again"):
        assert part in str(error.value)


@pytest.mark.parametrize("value", [{"x": 1}, Report("<p>", {})])
def test_missing_file_is_an_error_that_names_it(tmp_path: Path, value):
    """A deleted main file is not mistaken for an empty result."""
    artifact = write_artifact(tmp_path, ["a"], "v1", value)
    artifact.path.unlink()
    with pytest.raises(ArtifactError, match=rf"{artifact.path}.*missing"):
        _load(artifact)


def test_version_is_written_once(tmp_path: Path):
    """The same version again is an error, and the first stays."""
    artifact = write_artifact(tmp_path, ["a"], "v1", {"x": 1})
    with pytest.raises(FileExistsError, match="never overwritten"):
        write_artifact(tmp_path, ["a"], "v1", {"x": 2})
    assert _load(artifact) == {"x": 1}


def test_value_that_cannot_be_written_leaves_no_version(tmp_path: Path):
    """A NaN found in the middle of a report leaves nothing behind."""
    with pytest.raises(ArtifactError, match="auc"):
        write_artifact(tmp_path, ["a"], "v1", Report("<p>", {"auc": float("nan")}))
    assert list((tmp_path / "a").iterdir()) == []


@pytest.mark.parametrize("value", [3.0, [1, 2], object()])
def test_type_without_a_format_is_refused(tmp_path: Path, value):
    """There is no fall-back such as pickle; the message says what can be stored."""
    with pytest.raises(ArtifactError, match=f"expected a Table.*found {type(value).__name__}"):
        write_artifact(tmp_path, ["a"], "v1", value)


def test_unknown_kind_is_refused(tmp_path: Path):
    """The kind of another version of the package is not guessed."""
    artifact = write_artifact(tmp_path, ["a"], "v1", {"x": 1})
    with pytest.raises(ArtifactError, match="found 'pickle'"):
        load_artifact(artifact.path, artifact.sha256, "pickle")


@pytest.mark.parametrize("part", ["..", ".hidden", "a/b", ""])
def test_key_that_is_no_folder_name_is_refused(tmp_path: Path, part):
    """No asset can be written outside the root, or in the folder of partial files."""
    with pytest.raises(ArtifactError, match="asset key"):
        write_artifact(tmp_path / "root", [part, "a"], "v1", {"x": 1})
    assert not (tmp_path / "a").exists()


def test_version_names_sort_by_time():
    """A later version sorts last, whatever the run's id or the time zone."""
    first = datetime(2024, 2, 29, 23, 59, 59, 5, tzinfo=UTC)
    later = (first + timedelta(microseconds=1)).astimezone()
    assert version_name("ffffffff-1", now=first) < version_name("00000000-1", now=later)
    assert version_name("0123456789", 2, first) == "20240229T235959.000005Z-01234567-retry2"


class Scores:
    """A value with one row that has the form of predictions."""

    model_version = "0" * 12

    def __init__(self, probability: float) -> None:
        self.probability = probability

    def write_parquet(self, path: Path) -> None:
        pd.DataFrame({"probability": [self.probability]}).to_parquet(path)


def test_equal_predictions_are_one_version(tmp_path: Path):
    """The hash of the content names the version in any run; other predictions are another."""
    first = write_artifact(tmp_path, ["t", "p"], "v1", Scores(0.25))
    before = first.path.stat().st_mtime_ns
    assert write_artifact(tmp_path, ["t", "p"], "v2", Scores(0.25)) == first
    assert first.path.stat().st_mtime_ns == before
    assert first.path.parent.name == first.sha256[:16]
    other = write_artifact(tmp_path, ["t", "p"], "v1", Scores(0.75))
    assert {path.name for path in (tmp_path / "t" / "p").iterdir()} == {
        first.path.parent.name,
        other.path.parent.name,
    }
    assert _load(first)["probability"].to_pylist() == [0.25]


def test_predictions_that_changed_are_not_the_same_version(tmp_path: Path):
    """To store them again raises an error about the changed file."""
    first = write_artifact(tmp_path, ["p"], "v1", Scores(0.25))
    first.path.write_bytes(b"PAR1")
    with pytest.raises(ArtifactError, match=r"the content has changed.*Remove .*, then"):
        write_artifact(tmp_path, ["p"], "v2", Scores(0.25))


def test_equal_content_is_stored_once(tmp_path: Path):
    """A version whose files are those of the earlier one is that version, for each kind."""
    for asset, value, other in (
        ("dataset", _table(), _table().with_provenance({"left_out": ["z"]})),
        ("report", Report("<p>", {"auc": 0.5}), Report("<p>", {"auc": 0.75})),
        ("facts", {"x": 1}, {"x": 2}),
    ):
        first = write_artifact(tmp_path, [asset], "v1", value)
        assert write_artifact(tmp_path, [asset], "v2", value, first) == first
        third = write_artifact(tmp_path, [asset], "v3", other, first)
        assert third.path.parent.name == "v3"
        assert sorted(one.name for one in (tmp_path / asset).iterdir()) == ["v1", "v3"]


def test_what_is_not_whole_or_stands_elsewhere_is_stored_again(tmp_path: Path):
    """An earlier version that was changed, removed or is of another asset or root is not reused."""
    first = write_artifact(tmp_path, ["a"], "v1", {"x": 1})
    for root, asset in ((tmp_path / "moved", "a"), (tmp_path, "b")):
        assert write_artifact(root, [asset], "v2", {"x": 1}, first).path.parent.name == "v2"
    first.path.write_text('{"x": 3}')
    second = write_artifact(tmp_path, ["a"], "v2", {"x": 1}, first)
    assert _load(second) == {"x": 1}
    remove_artifact(second.path)
    remove_artifact(second.path)
    assert write_artifact(tmp_path, ["a"], "v3", {"x": 1}, second).path.parent.name == "v3"
    assert sorted(one.name for one in (tmp_path / "a").iterdir()) == ["v1", "v3"]
