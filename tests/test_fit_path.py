"""A plain fit enters few files, so a reader can follow it."""

import gc
import sys
from pathlib import Path

import numpy as np

import lr_pipeline
from lr_pipeline.estimators import fit_logistic

PACKAGE = Path(lr_pipeline.__file__).parent
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


def test_a_plain_fit_enters_at_most_14_files_of_1500_lines():
    """These are all files from the public function to the certified result of an ordinary table."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 3))
    y = (rng.random(200) < 1 / (1 + np.exp(-X[:, 0]))) * 1.0
    fits = []
    entered = entered_by(lambda: fits.append(fit_logistic(X, y, acceleration=False)))
    assert fits[0].certificate.standard_errors < 1e-9
    assert len(entered) <= MOST_FILES, entered
    assert sum(entered.values()) <= MOST_LINES, entered
