"""A plain fit enters few files, so a reader can follow it."""

import gc
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lr_pipeline
from lr_pipeline.estimators import fit_logistic

PACKAGE = Path(lr_pipeline.__file__).parent
README = PACKAGE.parent / "README.md"
MOST_FILES, MOST_LINES = 14, 1_500


def entered_by(call):
    """File of the package whose functions the call runs → its number of lines."""
    files = set()

    def trace(frame, event, argument):
        files.add(frame.f_code.co_filename)

    gc.collect()  # so that nothing that other tests left is finalized meanwhile
    before = sys.getprofile()
    sys.setprofile(trace)
    try:
        call()
    finally:
        sys.setprofile(before)
    own = sorted(path for path in map(Path, files) if path.is_relative_to(PACKAGE))
    return {
        str(path.relative_to(PACKAGE)): len(path.read_text(encoding="utf-8").splitlines())
        for path in own
    }


def table(rows, columns):
    """Columns of other means and units, and labels that depend on the first."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((rows, columns))
    y = (rng.random(rows) < 1 / (1 + np.exp(-X[:, 0]))) * 1.0
    return X * np.arange(1.0, columns + 1.0) + 5.0, y


@pytest.mark.parametrize("shape", [(200, 3), (5_000, 10), (10_000, 5)])
def test_a_plain_fit_enters_at_most_14_files_of_1500_lines(shape):
    """These are all files from the public function to the certified result of an ordinary table."""
    X, y = table(*shape)
    fits = []
    entered = entered_by(lambda: fits.append(fit_logistic(X, y, acceleration=False)))
    assert fits[0].certificate.standard_errors < 1e-6
    assert len(entered) <= MOST_FILES, entered
    assert sum(entered.values()) <= MOST_LINES, entered


def test_a_data_frame_adds_three_files():
    """They find its columns by name, and name them in the result; the README counts them."""
    X, y = table(200, 3)
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    entered = entered_by(lambda: fit_logistic(frame, y, acceleration=False))
    assert len(entered) == MOST_FILES + 3, entered
    assert f"in {len(entered)} short files" in README.read_text(encoding="utf-8")


def test_many_rows_add_three_files():
    """Several threads go over their blocks."""
    X, y = table(200_000, 20)
    entered = entered_by(lambda: fit_logistic(X, y, acceleration=False))
    assert len(entered) <= MOST_FILES + 3, entered


def test_with_a_tolerance_the_longer_path_certifies_where_the_short_one_is_coarser():
    """Its bound on the rounding of these rows is closer, and below the tolerance."""
    X, y = table(200_000, 20)
    without = fit_logistic(X, y, acceleration=False)
    fit = fit_logistic(X, y, tolerance=1e-7, acceleration=False)
    assert fit.certificate.standard_errors <= 1e-7 < without.certificate.standard_errors
