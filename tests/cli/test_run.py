"""``run`` as a user sees it: output, exit codes, artifacts."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

import lr_pipeline

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def spector(run) -> Result:
    """Return a run on a real file."""
    return run("run", SAMPLES / "spector.csv", "--target", "GRADE")


def artifacts(folder: Path) -> dict[Path, bytes]:
    """Return every artifact file and its content."""
    return {p: p.read_bytes() for p in (folder / "data" / "artifacts").rglob("*") if p.is_file()}


def test_a_run_shows_each_asset_and_the_outcome(spector) -> None:
    """It shows progress by asset, models × metrics, failed checks and the report's path."""
    assert spector.exit_code == 0, spector.output
    for asset in ("dataset", "train_set", "numpy_model", "torch_model", "evaluation_report"):
        assert re.search(rf"✓ spector/{asset} +\d+\.\d\d s", spector.output)
    assert re.search(r"numpy_model +0\.\d{4}", spector.output)
    assert "Checks that failed:" in spector.output
    report = re.search(r"Report: (.+report\.html)", spector.output)
    assert report is not None
    assert Path(report[1]).is_file()
    assert "DEBUG" not in spector.output


def test_what_a_run_made_can_be_loaded(spector, folder) -> None:
    """Names of assets give model, table and report."""
    home = folder / ".dagster_home"
    model = lr_pipeline.load("spector/numpy_model", home=home)
    test_set = lr_pipeline.load("spector/test_set", home=home)
    report = lr_pipeline.load("spector/evaluation_report", home=home)
    probabilities = model.predict_proba(test_set)
    assert probabilities.shape == (report["test_rows"],)
    assert ((probabilities > 0) & (probabilities < 1)).all()
    assert report["models"]["numpy_model"]["brier_score"] == pytest.approx(
        ((probabilities - test_set.labels()) ** 2).mean()
    )


@pytest.fixture
def three_values(tmp_path) -> Path:
    """Return a file whose target has three values, one of them first at row 17."""
    values = ["no", "yes"] * 8 + ["unknown", "no"]
    path = tmp_path / "churn.csv"
    path.write_text("x,churned\n" + "".join(f"{i},{v}\n" for i, v in enumerate(values)))
    return path


def test_three_values_in_the_target_are_one_clear_line(run, spector, three_values, folder) -> None:
    """It has file, column, values and row; the exit code is 1; earlier artifacts stay."""
    before = artifacts(folder)
    result = run("run", three_values, "--target", "churned")
    assert result.exit_code == 1
    assert result.stderr.strip() == (
        f"error: {three_values}: target 'churned' must have two values, found 3: "
        "'no', 'yes', 'unknown' (first 'unknown' at row 17). Give --positive or drop those rows."
    )
    assert "✓" not in result.output
    assert artifacts(folder) == before
    assert lr_pipeline.load("spector/test_set", home=folder / ".dagster_home").num_rows == 7


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("no.csv", "--target", "y"), "no.csv: no such file. Check the path."),
        ((SAMPLES / "spector.csv", "--target", "GRADES"), "Did you mean 'GRADE'?"),
        ((SAMPLES / "spector.csv",), "Give --target."),
        ((SAMPLES, "--target", "GRADE"), "the files differ in their columns: "),
        (("--l2", "2"), "give both or neither"),
        (("--target", "y"), "--target describes a table: name its FILE."),
        (("--seed", "5"), "--seed describes a table: name its FILE."),
        (("--name", "a/b c"), "letters, digits and underscores only, such as"),
        ((SAMPLES / "spector.csv", "--target", "GRADE", "--feature", "GRADE"), "Give it one role."),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_1(run, arguments, message) -> None:
    """There is no traceback."""
    result = run("run", *arguments)
    assert result.exit_code == 1
    assert message in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert "Traceback" not in result.output


def test_one_positive_row_is_refused_with_the_file(run, tmp_path) -> None:
    """A split by class needs two rows of each class."""
    path = tmp_path / "rare.csv"
    path.write_text("x,y\n" + "".join(f"{i},{int(i == 7)}\n" for i in range(30)))
    result = run("run", path, "--target", "y")
    assert "✓" not in result.output
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: {path}: a stratified split needs 2 rows of each class")


def test_verbose_shows_the_traceback(folder) -> None:
    """Dagster's log has the frames that led to the error; without it there is only the line."""
    program = Path(sys.executable).parent / "lr-pipeline"
    outputs = []
    for options in ([], ["--verbose"]):
        command = [program, "run", "no.csv", "--target", "y", *options]
        result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert result.returncode == 1
        outputs.append(result.stdout + result.stderr)
    quiet, loud = outputs
    assert "Stack Trace" in loud
    assert "source_look.py" in loud
    assert "Stack Trace" not in quiet


def test_a_separated_table_without_penalty_is_refused(run) -> None:
    """The message has the remedy, and nothing is trained."""
    result = run("run", SAMPLES / "breast_cancer.csv", "--target", "malignant", "--penalty", "none")
    assert result.exit_code == 1
    assert "Use penalty auto or firth" in result.stderr
    assert "✓ breast_cancer/numpy_model" not in result.output


def test_the_strength_of_log_f_without_that_penalty_is_refused(run) -> None:
    """The option would have no effect."""
    result = run("run", SAMPLES / "spector.csv", "--target", "GRADE", "--log-f", "2")
    assert result.exit_code == 1
    assert result.stderr == "Error: --log-f is the strength of --penalty log-f: give that too.\n"


def test_a_scheduler_without_the_dask_engine_is_refused(run) -> None:
    """The option would have no effect."""
    result = run("run", "--scheduler", "tcp://127.0.0.1:8786")
    assert result.exit_code == 1
    assert "--scheduler is for --engine dask: give both or neither." in result.output
