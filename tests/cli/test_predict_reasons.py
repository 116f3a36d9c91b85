"""``predict --reasons`` as a user sees it."""

from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from click.testing import Result
from dagster._core.definitions.metadata import normalize_metadata

import lr_pipeline
from lr_pipeline.orchestration.assets.scoring import predictions
from lr_pipeline.orchestration.config.scoring_config import ScoringConfig
from lr_pipeline.orchestration.resources.table_resource import TableResource
from lr_pipeline.tables.sources.declared_tables import FileTable

SPECTOR = Path(__file__).parents[2] / "data" / "samples" / "spector.csv"
Run = Callable[..., Result]


def test_each_row_gets_its_reasons(run: Run, spector_in_use: None, folder: Path) -> None:
    """A person gets text and a program gets values, from the training means or a given row."""
    result = run("predict", SPECTOR, "--model", "spector", "--reasons", 2, "--output", "scores.csv")
    assert result.exit_code == 0, result.stderr
    found = pd.read_csv(folder / "scores.csv")
    row = found.iloc[0]
    assert row["reason_1"].startswith(f"{row['reason_1_column']} {row['reason_1_value']:g}: ")
    assert "points" not in found
    (folder / "reference.yaml").write_text(
        "reference: {PSI: 0}\nscale: {base: 500, odds: 1, pdo: 20}\n"
    )
    command = ("predict", SPECTOR, "--model", "spector", "--output", "scores.csv")
    result = run(*command, "--reasons", 3, "--reference", "reference.yaml")
    assert result.exit_code == 0, result.stderr
    scored = pd.read_csv(folder / "scores.csv")
    assert scored["probability"].tolist() == found["probability"].tolist()
    assert ((scored["points"] > 500) == (scored["probability"] > 0.5)).all()
    psi = scored[[f"reason_{k}_column" for k in (1, 2, 3)]].eq("PSI").any(axis=1)
    assert psi.tolist() == pd.read_csv(SPECTOR)["PSI"].eq(1).tolist()  # else it is as in the row


def test_a_reference_that_cannot_be_used_ends_with_one_line(run: Run, spector_in_use: None) -> None:
    """The command ends with exit code 1 and prints the remedy."""
    command = ("predict", SPECTOR, "--model", "spector", "--reference", "none.yaml")
    assert "Say how many: --reasons 4" in run(*command).stderr
    result = run(*command, "--reasons", 2)
    assert (result.exit_code, result.stderr) == (
        1,
        "error: none.yaml: no such file. Check the path.\n",
    )


def test_the_launchpad_asks_for_at_least_one_reason() -> None:
    """A bound that fails early."""
    assert ScoringConfig(reasons=3).reasons == 3
    with pytest.raises(ValueError, match="greater than or equal to 1"):
        ScoringConfig(reasons=0)


def test_the_asset_scores_with_reasons_and_says_from_where(
    run: Run, spector_in_use: None, folder
) -> None:
    """Its metadata, as the web UI shows them, name the reference; the version depends on it."""
    champion = lr_pipeline.load("spector/champion", home=folder / ".dagster_home")
    table = TableResource.of(FileTable(SPECTOR, target="GRADE"))
    results = []
    for reasons in (None, 2):
        config = ScoringConfig(score_path=str(SPECTOR), reasons=reasons, anyway=True)
        context = dg.build_asset_context()
        (result,) = predictions(context, config=config, table=table, champion=champion)
        results.append(result)
    plain, reasoned = results
    assert plain.data_version != reasoned.data_version
    reasoned.value.write_parquet(folder / "scored.parquet")
    assert "reason_2_contribution" in pd.read_parquet(folder / "scored.parquet")
    normalized = normalize_metadata(reasoned.value.metadata())
    assert normalized["reasons"].value["reference"].startswith("the mean of each column")
