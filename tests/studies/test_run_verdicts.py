"""Every verdict on a descent, computed by hand."""

import numpy as np
import pytest

from lr_pipeline.studies.run_verdicts import run_verdict


@pytest.mark.parametrize(
    ("loss", "reversal", "verdict"),
    [
        ([4.0, 3, 2, 1, 1, 1, 1, 1], [0.0] * 8, "monotone"),
        ([4.0, 5, 2, 1, 1, 1, 1, 1], [0.0] * 8, "oscillating"),
        ([4.0, 3, 2, 1, 1, 1, 1, 1], [0, 0.5, 0.1, 0, 0, 0, 0, 0.0], "oscillating"),
        ([4.0, 1, 1, 1, 1, 1, 1, 1], [0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5], "cycling"),
        ([4.0, 9, 2, 1, 1, 1, 1, 1], [0, 0.5, 0.4, 0.3, 0.1, 0.1, 0.02, 0.01], "oscillating"),
        ([4.0, 3, 2, 1, 1, 1, 1, 1], [0, 1e-9, 1e-9, 1e-9, 1e-9, 1e-9, 1e-9, 1e-9], "monotone"),
        ([4.0, 3, np.inf, 1, 1, 1, 1, 1], [0.0] * 8, "overflow"),
    ],
)
def test_verdicts_by_hand(loss, reversal, verdict) -> None:
    """Two points with equal loss can be a cycle, too; rounding is not one."""
    assert run_verdict(np.array(loss), np.array(reversal)) == verdict
