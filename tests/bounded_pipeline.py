"""Runs every asset and check on a Parquet file in a process with limited memory.

``python -m tests.bounded_pipeline FILE ROOT ENGINE MEGABYTES`` limits its address space to
MEGABYTES more than it has after the libraries are loaded, and prints the rise of its memory in MB.
"""

import resource
import sys
from pathlib import Path

import dagster as dg
import torch

from lr_pipeline.orchestration.instance.io_manager import ArtifactIOManager
from lr_pipeline.orchestration.pipeline import build_definitions
from lr_pipeline.orchestration.resources.engine_resource import Engine
from lr_pipeline.tables.sources.declared_tables import FileTable, SyntheticTable
from lr_pipeline.tables.split.split_table import SplitPolicy


def run(source: FileTable | SyntheticTable, root: str, engine: str) -> bool:
    """Materialize every asset; return whether that succeeded."""
    definitions = build_definitions(
        source,
        engine=Engine(kind=engine),
        resources={"io_manager": ArtifactIOManager(root=root)},
    )
    job = definitions.resolve_job_def("training_job")
    with dg.DagsterInstance.ephemeral() as instance:
        return job.execute_in_process(instance=instance, raise_on_error=False).success


def address_space() -> int:
    """Bytes of virtual memory of this process (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def peak() -> float:
    """Largest resident memory so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    file, root, engine, megabytes = sys.argv[1:]
    torch.set_num_threads(1)
    assert run(SyntheticTable(), f"{root}/warm", engine)  # load now what would be loaded late
    before, limit = peak(), address_space() + int(float(megabytes) * 1e6)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    ended_well = run(FileTable(file, "y", split=SplitPolicy(kind="sticky")), root, engine)
    sys.stdout.write(f"{peak() - before:.0f}\n")
    sys.exit(0 if ended_well else 1)
