"""Warnings that the declaration of a table accepts: quiet as long as they say the same."""

from collections.abc import Iterator

import dagster as dg
import pandas as pd
import pytest

from lr_pipeline.orchestration.alerts.acknowledgements import acknowledgement, check_results
from lr_pipeline.orchestration.config.acknowledged_config import same_warning
from lr_pipeline.orchestration.instance.io_manager import ArtifactIOManager
from lr_pipeline.orchestration.pipeline import build_definitions
from lr_pipeline.orchestration.table_checks import ACKNOWLEDGED
from lr_pipeline.orchestration.table_names import TableNames
from lr_pipeline.tables.sources.declared_tables import FileTable

NAMES = TableNames("few")


@pytest.mark.parametrize(
    ("one", "other", "any_numbers", "same"),
    [
        ("5 rows are few", "5 rows are few", False, True),
        ("5 rows are few", "4 rows are few", False, False),
        ("5 rows are few", "1,204 rows are few", True, True),
        ("5 rows are few", "5 rows are none", True, False),
        ("5 rows\n  are few", "5 rows are few", False, True),  # as YAML folds it
    ],
)
def test_a_warning_is_the_same_by_its_words(one, other, any_numbers, same) -> None:
    """Numbers count unless it was said that they do not."""
    assert same_warning(one, other, any_numbers) is same


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """An instance in memory."""
    with dg.DagsterInstance.ephemeral() as opened:
        yield opened


def warned(instance: dg.DagsterInstance, tmp_path, **declared: object) -> dg.AssetCheckEvaluation:
    """Read the table; return the evaluation of `contract`, which warns."""
    storage = {"io_manager": ArtifactIOManager(root=str(tmp_path / "artifacts"))}
    source = FileTable(tmp_path / "few.csv", "y")
    definitions = build_definitions(source, "few", resources=storage, **declared)
    job = definitions.resolve_job_def("few__training_job")
    job.execute_in_process(
        instance=instance, asset_selection=[NAMES.key("dataset")], raise_on_error=False
    )
    (found,) = [one for one in check_results(instance, NAMES.prefix) if not one.passed]
    assert (found.check_name, found.severity) == ("contract", dg.AssetCheckSeverity.WARN)
    return found


def test_a_declared_warning_is_quiet_until_it_says_something_else(instance, tmp_path) -> None:
    """The check says why it is accepted; without the declaration it is told again."""
    x = [0.1 * number for number in range(40)]
    leak = {"x": x, "z": [number % 7 for number in range(40)], "y": [n % 2 for n in range(40)]}
    pd.DataFrame(leak | {"copy": leak["y"]}).to_csv(tmp_path / "few.csv", index=False)
    says = warned(instance, tmp_path).description
    assert says is not None
    known = {"contract": {"says": says, "because": "it is known before"}}
    found = warned(instance, tmp_path, acknowledged=known)
    assert found.metadata[ACKNOWLEDGED].value == "it is known before"
    accepted = acknowledgement(instance, found)
    assert accepted is not None
    assert (accepted.who, accepted.because) == ("the table's declaration", "it is known before")
    assert accepted.covers(says)
    other = {"dataset:contract": {"says": f"{says} And more.", "because": "it is known before"}}
    for declared in ({}, {"acknowledged": other}):
        assert acknowledgement(instance, warned(instance, tmp_path, **declared)) is None


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"contrakt": {"says": "a", "because": "b"}}, "expected a check of the table, found 'cont"),
        ({"contract": {"says": "a"}}, "because"),
        ({"contract": {"says": "a", "because": ""}}, "because"),
        ({"contract": "known"}, "contract: expected says and because below it, found 'known'"),
    ],
)
def test_a_declaration_that_accepts_nothing_is_refused(declared, said, tmp_path) -> None:
    """A typo would otherwise be told every night."""
    with pytest.raises(ValueError, match=said):
        build_definitions(FileTable(tmp_path / "few.csv", "y"), "few", acknowledged=declared)
