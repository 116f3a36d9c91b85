"""The libraries that do the arithmetic of this process, and their threads."""

from typing import Any

from threadpoolctl import threadpool_info

NAMED = ("internal_api", "version", "architecture", "threading_layer", "num_threads")


def numeric_libraries() -> list[dict[str, Any]]:
    """Return name, version, processor kind and threads of each BLAS and OpenMP that is loaded.

    A library that is loaded twice (by numpy and by scipy) is listed once.
    """
    found = [{name: one.get(name) for name in NAMED} for one in threadpool_info()]
    distinct = {tuple(one.values()): one for one in found}
    return sorted(distinct.values(), key=lambda one: str(tuple(one.values())))


def describe_libraries(libraries: list[dict[str, Any]]) -> str:
    """Return them in a line: openblas 0.3.30 (SkylakeX, pthreads), 2 threads."""
    return "; ".join(map(_described, libraries))


def _described(library: dict[str, Any]) -> str:
    threads = library["num_threads"]
    name = " ".join(str(library[one]) for one in ("internal_api", "version") if library[one])
    kinds = [str(library[one]) for one in ("architecture", "threading_layer") if library[one]]
    of_kind = f" ({', '.join(kinds)})" if kinds else ""
    return f"{name}{of_kind}, {threads} thread{'' if threads == 1 else 's'}"
