"""A format of a later version of the package is refused; an earlier one is read."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.solvers import Newton
from lr_pipeline.engines.design import prepare_rows
from lr_pipeline.models.train import Training, train_linear, train_logistic
from lr_pipeline.orchestration.instance.model_choice import find_model
from lr_pipeline.report.render import Report
from lr_pipeline.scoring.predictions import ScoringError
from lr_pipeline.storage.artifacts import write_artifact
from lr_pipeline.storage.formats import format_named
from lr_pipeline.storage.storage_error import ArtifactError
from lr_pipeline.studies.study import Study
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.sources.declared_tables import SyntheticTable
from lr_pipeline.tables.table import Table
from lr_pipeline.versions import VERSIONS, library_versions, with_format_version

TABLE = SyntheticTable()
READ_BY = f"the latest that lr_pipeline {library_versions()['lr-pipeline']} reads"
REMEDY = "Update lr_pipeline, or make the file again with this version."


def logistic():
    """Return a fit of the tutorial's table."""
    return train_logistic(TABLE.read(), prepare_rows, NumpyKernel(), Training(Newton()))


JSON_VALUES = {
    "logistic": (logistic, "model.json"),
    "linear": (lambda: train_linear(TABLE.read(), prepare_rows), "model.json"),
    "report": (lambda: Report("<p>", {"auc": 0.5}), "report.json"),
    "study": (lambda: Study({"rate": 0.25}, {}), "a.json"),
    "json": (lambda: {"verdict": "unique", "n": [1, 2]}, "a.json"),
}


@pytest.fixture(params=JSON_VALUES)
def stored(request, tmp_path):
    """Return an artifact and JSON file for one value of each kind that is stored as JSON."""
    make, name = JSON_VALUES[request.param]
    artifact = write_artifact(tmp_path, ["a"], "v1", make())
    return artifact, artifact.path.with_name(name)


def _rewrite(file: Path, **changes: object) -> None:
    document = json.loads(file.read_text()) | changes
    file.write_text(json.dumps({k: v for k, v in document.items() if v != "removed"}))


def test_a_later_format_is_refused(stored):
    """The error names the file, both formats and the remedy."""
    artifact, file = stored
    latest = VERSIONS[artifact.kind]
    _rewrite(file, format_version=latest + 1)
    with pytest.raises(ArtifactError) as caught:
        format_named(artifact.kind).read(artifact.path)
    assert str(caught.value).startswith(f"{file}: ")
    assert f"format {latest + 1} of a {artifact.kind} file is later than format {latest}" in str(
        caught.value
    )
    assert str(caught.value).endswith(f"{READ_BY}. {REMEDY}")


def test_a_file_without_a_number_is_read(stored):
    """A value that was stored before formats had numbers is the same."""
    artifact, file = stored
    read = format_named(artifact.kind).read
    before = read(artifact.path)
    _rewrite(file, format_version="removed")
    after = read(artifact.path)
    if artifact.kind == "model":
        assert after.to_json() == before.to_json()
    else:
        assert after == before


@pytest.mark.parametrize("number", ["1", 0, -1, 1.0, True, None, [1]])
def test_a_number_that_is_none_is_refused(stored, number):
    """Only whole numbers from 1 on are format numbers."""
    artifact, file = stored
    _rewrite(file, format_version=number)
    with pytest.raises(ArtifactError, match="expected a whole number from 1 on as format_version"):
        format_named(artifact.kind).read(artifact.path)


@pytest.mark.parametrize("name", ["logistic", "linear"])
def test_a_model_of_a_later_format_does_not_score(tmp_path, name):
    """`predict --model …/model.json` names the file, what was found and what is read."""
    artifact = write_artifact(tmp_path, ["a"], "v1", JSON_VALUES[name][0]())
    _rewrite(artifact.path, format_version=7)
    for place in (artifact.path, artifact.path.parent):
        with pytest.raises(ScoringError) as caught:
            find_model(str(place))
        assert str(caught.value) == (
            f"{artifact.path}: format 7 of a model file is later than format "
            f"{VERSIONS['model']}, {READ_BY}. {REMEDY}"
        )


def test_a_table_of_a_later_format_is_refused(tmp_path):
    """The roles in a Parquet file's metadata have a number; without one they are read."""
    path = tmp_path / "data.parquet"
    TABLE.read().write_parquet(path)
    rows = pq.read_table(path)
    (key, text), *_ = rows.schema.metadata.items()
    document = json.loads(text)
    assert document.pop("format_version") == VERSIONS["table"]
    pq.write_table(rows.replace_schema_metadata({key: json.dumps(document)}), path)
    assert Table.read_parquet(path).fingerprint == TABLE.read().fingerprint
    later = json.dumps(document | {"format_version": 2})
    pq.write_table(rows.replace_schema_metadata({key: later}), path)
    with pytest.raises(TableError) as caught:
        Table.read_parquet(path)
    assert str(caught.value) == (
        f"{path}: format 2 of a table file is later than format 1, {READ_BY}. {REMEDY}"
    )


def test_the_number_is_no_field_of_the_value(tmp_path):
    """The value that is read has no number, and no value may have such a field itself."""
    numbers = {"auc": 0.5}
    artifact = write_artifact(tmp_path, ["a"], "v1", numbers)
    assert format_named("json").read(artifact.path) == numbers
    with pytest.raises(ArtifactError, match="cannot store a field 'format_version'"):
        write_artifact(tmp_path, ["a"], "v2", {"format_version": np.int64(1)})
    with pytest.raises(ValueError, match="Rename it"):
        with_format_version("json", {"format_version": 1})
