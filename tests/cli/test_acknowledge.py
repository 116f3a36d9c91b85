"""``acknowledge`` as a user types it: what it refuses, and that nothing is accepted then."""

from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner, Result

from lr_pipeline.cli.command_line import main


@pytest.fixture
def converged(instance: dg.DagsterInstance) -> None:
    """Record that one model of table t warns, and that the other has an error."""
    for model, severity in (
        ("numpy_model", dg.AssetCheckSeverity.WARN),
        ("torch_model", dg.AssetCheckSeverity.ERROR),
    ):
        instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(
                asset_key=dg.AssetKey(["t", model]),
                check_name="converged",
                passed=False,
                severity=severity,
                description="it stopped early",
            )
        )


def acknowledge(home: Path, *arguments: str) -> Result:
    """Run the verb on a home."""
    return CliRunner().invoke(main, ["acknowledge", *arguments, "--home", str(home)])


@pytest.mark.parametrize("options", [("--because", "so it is"), ("--any-numbers",)])
def test_a_reason_without_a_check_is_refused(home, converged, options) -> None:
    """Nothing would be accepted, though the command looks as if it were."""
    result = acknowledge(home, "t", *options)
    assert result.exit_code == 1
    assert "--because and --any-numbers go with a CHECK" in result.stderr


@pytest.mark.parametrize("table", ["s", "my-table", "a/b"])
def test_a_table_that_was_never_run_is_named(home, converged, table) -> None:
    """The message names a name that no table can have, too, instead of a missing failing check."""
    result = acknowledge(home, table)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: {table}: expected a table whose checks were run")


def test_no_warning_is_accepted_where_a_check_of_the_same_name_is_an_error(home, converged) -> None:
    """The whole command is refused, and not only its second half."""
    result = acknowledge(home, "t", "converged", "--because", "so it is")
    assert result.exit_code == 1
    assert "t has 2 failing checks" in (listed := acknowledge(home, "t").output)
    assert "accepted by" not in listed
    accepted = acknowledge(home, "t", "numpy_model:converged", "--because", "so it is")
    assert "quiet until it changes" in accepted.output
    assert "accepted by" in acknowledge(home, "t").output
