"""A worker's libraries compute with one thread, whenever and however they were loaded."""

import json
import os
import subprocess
import sys

import pytest

TASK = """
import json, sys, threading
{before}
from lr_pipeline.engines.cluster.worker_process import keep_to_one_thread

def threads(found):
    keep_to_one_thread()
    import numpy, scipy.linalg, torch
    from threadpoolctl import threadpool_info
    torch.ones(10).sum()  # torch sets up a thread when it is first used in it
    found += [library["num_threads"] for library in threadpool_info()]
    found.append(torch.get_num_threads())

here, there = [], []
threads(here)
other = threading.Thread(target=threads, args=(there,))
other.start()
other.join()
print(json.dumps([here, there]))
"""


@pytest.mark.parametrize("before", ["", "import numpy", "import numpy, scipy.linalg, torch"])
def test_libraries_loaded_before_or_after_the_first_task_have_one_thread(before):
    """The limit holds in the first task's thread and in another thread of the process."""
    variables = {"OMP_NUM_THREADS": "3", "OPENBLAS_NUM_THREADS": "3", "MKL_NUM_THREADS": "3"}
    outcome = subprocess.run(
        [sys.executable, "-c", TASK.format(before=before)],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    for found in json.loads(outcome.stdout):
        assert len(found) > 2
        assert set(found) == {1}
