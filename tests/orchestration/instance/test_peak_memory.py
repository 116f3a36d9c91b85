import sys

import numpy as np
import pytest

from lr_pipeline.orchestration.instance.peak_memory import peak_since_last_call


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux forgets a peak")
def test_a_peak_is_that_since_the_last_call():
    """Eighty megabytes that were freed are in the first answer and not in the second."""
    peak_since_last_call()
    before = peak_since_last_call()
    np.ones(10_000_000).sum()
    during, after = peak_since_last_call(), peak_since_last_call()
    assert during > before + 60
    assert after < during - 60
