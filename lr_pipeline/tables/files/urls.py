"""Files behind URLs: how they are opened, the time limits, and the errors of the network."""

from typing import Any

from lr_pipeline.tables.errors import Problem, TableError, table_error

CONNECT_SECONDS = 20  # for a web server to accept a connection
SILENT_SECONDS = 60  # for the next bytes of an answer
NETWORK_PACKAGES = {"aiohttp", "yarl", "fsspec", "s3fs", "botocore", "aiobotocore", "gcsfs"}
NETWORK_PACKAGES |= {"google", "adlfs", "azure", "paramiko", "requests", "urllib3", "ftplib"}
NOT_THERE = (404, 410)
CHECK = "Check the URL, the network and who may read it"


def url_filesystem(location: str) -> tuple[Any, str]:
    """Return fsspec's file system, with our time limits for the web, and its name for the file.

    Raises
    ------
    TableError
        The scheme is unknown, or its package is missing.
    """
    from fsspec.core import url_to_fs

    settings: dict[str, Any] = {}
    if location.lower().startswith(("http://", "https://")):
        try:
            from aiohttp import ClientTimeout
        except ImportError:
            raise table_error("a URL of the web needs aiohttp", "Install it") from None
        limits = {"sock_connect": CONNECT_SECONDS, "sock_read": SILENT_SECONDS}
        settings["client_kwargs"] = {"timeout": ClientTimeout(total=None, **limits)}
    try:
        found: tuple[Any, str] = url_to_fs(location, **settings)
    except (ValueError, ImportError) as error:
        raise table_error(
            f"the location cannot be opened: {str(error).rstrip('.')}",
            "Give a path, or a URL whose scheme fsspec knows",
        ) from None
    return found


def is_web(filesystem: Any) -> bool:
    """Whether the file system is fsspec's of http and https."""
    return "http" in filesystem.protocol


def require_answer(filesystem: Any, url: str) -> None:
    """Raise ``TableError`` unless a web server answers; "no such file" is an answer too."""
    try:
        filesystem.info(url)
    except FileNotFoundError as error:
        cause = error.__cause__
        answered = cause is None or isinstance(cause, FileNotFoundError)
        if not answered and getattr(cause, "status", None) not in NOT_THERE:
            raise TableError(network_problem(cause or error)) from None


def is_of_network(error: BaseException) -> bool:
    """Whether an error comes from a network, or from a package that reads from one."""
    package = type(error).__module__.partition(".")[0]
    return isinstance(error, OSError) or package in NETWORK_PACKAGES


def network_problem(error: BaseException) -> Problem:
    """Return the problem: no answer in time, an answer that refuses, or no connection."""
    if isinstance(error, TimeoutError):
        return Problem(
            f"the server did not answer in time: at most {CONNECT_SECONDS} s for a connection, "
            f"{SILENT_SECONDS} s for each part of the answer",
            "Check the URL, or try again later",
        )
    if (status := getattr(error, "status", None)) is not None:
        return Problem(f"the server answers {status} ({getattr(error, 'message', '')})", CHECK)
    reason = " ".join(str(error).split()) or type(error).__name__
    return Problem(f"cannot be reached: {reason.rstrip('.')}", CHECK)
