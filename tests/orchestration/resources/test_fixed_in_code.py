"""What whoever launches a run can and cannot set."""

from pathlib import Path

import dagster as dg
import pytest

from lr_pipeline.orchestration.instance.io_manager import ArtifactIOManager
from lr_pipeline.orchestration.pipeline import build_definitions
from lr_pipeline.orchestration.resources.dask_resource import DaskEngine
from lr_pipeline.orchestration.resources.table_resource import TableResource
from lr_pipeline.tables.sources.declared_tables import FileTable, SqlTable

PAGE = Path(__file__).parents[3] / "docs" / "security.md"
SPECTOR = FileTable("data/samples/spector.csv", target="GRADE")


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    """A table whose rows a cluster reads."""
    return build_definitions(SPECTOR, "spector", engine=DaskEngine(address="tcp://10.0.0.1:8786"))


@pytest.mark.parametrize(
    ("resource", "given"),
    [
        ("table__spector", {"declaration": {"kind": "file", "path": "/etc/passwd"}}),
        ("table__spector", {"named": ["/etc/passwd"]}),
        ("io_manager", {"root": "/etc"}),
        ("engine__spector", {"address": "tcp://elsewhere:8786"}),
        ("engine__spector", {"memory_limit": "9TB"}),
    ],
)
def test_a_run_cannot_set_what_is_read_written_or_trusted(definitions, resource, given) -> None:
    """Dagster refuses the configuration before the run begins."""
    job = definitions.resolve_job_def("spector__training_job")
    with pytest.raises(dg.DagsterInvalidConfigError, match="unexpected config entry"):
        dg.validate_run_config(job, {"resources": {resource: {"config": given}}})


def test_a_job_snapshot_does_not_hold_the_declaration() -> None:
    """Each run stores its job's snapshot, with every default value, in the run history."""
    table = SqlTable("env:SALES_DATABASE", "select secret_column from sales", target="y")
    job = build_definitions(table, "sales").resolve_job_def("sales__training_job")
    snapshot = dg.serialize_value(job.get_job_snapshot())
    assert "numpy_model" in snapshot
    assert "SALES_DATABASE" not in snapshot
    assert "secret_column" not in snapshot


def test_values_given_in_code_are_those_of_the_run(tmp_path) -> None:
    """A resource without fields in the Launchpad still has its own values."""
    seen: list[tuple[str, str]] = []

    @dg.asset
    def one(table: TableResource) -> dict[str, int]:
        seen.append((table.source.target, table.place_for_runs("score_path", "new.csv")))
        return {"rows": 1}

    io_manager = ArtifactIOManager(root=str(tmp_path / "artifacts"))
    resources = {"table": TableResource.of(SPECTOR, ["new.csv"]), "io_manager": io_manager}
    assert dg.materialize([one], resources=resources).success
    assert seen == [("GRADE", "new.csv")]
    assert (tmp_path / "artifacts" / "one").is_dir()


def test_every_field_of_a_run_is_listed(definitions) -> None:
    """docs/security.md names each operation's configuration, and those alone."""
    page = PAGE.read_text()
    job = definitions.resolve_implicit_global_asset_job_def()
    for node in job.nodes:
        configured = node.definition.config_schema.config_type
        fields = getattr(configured, "fields", {})
        for name in fields:
            assert f"`{name}`" in page, f"{node.name}: {name}"
