"""Check that the workers of a Dask cluster have the same versions as the driver."""

import asyncio
import platform
from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from lr_pipeline.versions import source_digest

if TYPE_CHECKING:
    from distributed import Client

# Functions are sent by name, and other versions may round differently.
LIBRARIES = ("lr-pipeline", "numpy")


class VersionMismatchError(RuntimeError):
    """A worker has another version of Python, numpy or lr_pipeline than the driver."""

    def __init__(self, worker: str, name: str, expected: str, found: str) -> None:
        super().__init__(
            f"expected {name} {expected} on every worker, as here, found {found} on {worker}. "
            "Install the same version there, and start the worker again"
        )
        self.parts = worker, name, expected, found

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what was found, since a worker raises the error and the driver catches it."""
        return VersionMismatchError, self.parts


@cache
def versions_here() -> dict[str, str]:
    """Return library → version in this process; lr_pipeline's has a hash of its source files."""
    found = {"Python": _minor(platform.python_version())}
    found |= {name: version(name) for name in LIBRARIES}
    return found | {"lr-pipeline source": source_digest()}


def require_versions(expected: dict[str, str], worker: str) -> None:
    """Raise ``VersionMismatchError`` where this process, on ``worker``, has other versions."""
    for name, found in versions_here().items():
        if found != expected[name]:
            raise VersionMismatchError(worker, name, expected[name], found)


def require_same_versions(
    client: "Client", seconds: float, workers: Sequence[str] | None = None
) -> None:
    """Compare the versions of some workers, or all, even where lr_pipeline is very different.

    Raises
    ------
    VersionMismatchError
        Naming the first worker that differs, and both versions.
    TimeoutError
        A worker has not answered within ``seconds``.
    """
    expected = versions_here()
    questions: dict[str, tuple[Callable[..., str], list[str]]] = {
        "Python": (platform.python_version, []),
        **{name: (version, [name]) for name in LIBRARIES},
        "lr-pipeline source": (source_digest, []),
    }

    async def ask() -> list[dict[str, Any]]:
        asked = [
            client.run(function, *arguments, workers=workers, on_error="return")
            for function, arguments in questions.values()
        ]
        answers: list[dict[str, Any]] = await asyncio.gather(*asked)
        return answers

    found = client.sync(ask, callback_timeout=seconds)
    for name, answers in zip(questions, found, strict=True):
        for worker, answer in sorted(answers.items()):
            _require_version(worker, name, expected[name], answer)


def _require_version(worker: str, name: str, expected: str, answer: Any) -> None:
    if isinstance(answer, OSError):  # the worker has ended; others take over
        return
    found = _minor(answer) if name == "Python" and isinstance(answer, str) else answer
    if isinstance(answer, ImportError):  # includes PackageNotFoundError
        found = "none"
    if found != expected:
        raise VersionMismatchError(worker, name, expected, str(found))


def _minor(python: str) -> str:
    """Return major and minor version, which decide whether functions can be sent."""
    return ".".join(python.split(".")[:2])
