"""Take passwords and tokens out of addresses before they are written anywhere."""

import re
from typing import Any

HIDDEN = "***"
_LOGIN = re.compile(r"(?<=://)[^/?#\s@]*(?:@[^/?#\s@]*)*(?=@)")
_SECRET = r"[\w.%-]*(?:token|key|sig|secret|pass|pwd|auth|cred|session|code|jwt|sas)[\w.%-]*"
_END = r"[&#\s\"'<>]|;[\w.%-]+="  # of a value; it may hold a semicolon
_PARAMETER = re.compile(rf"(?<=[?&;#])({_SECRET})=(?:(?!{_END}).)*", re.IGNORECASE)


def without_secrets(value: Any) -> Any:
    """Return the value with ``***`` for what may be secret in each URL inside it.

    It hides the user and password before ``@``, and each parameter whose name speaks of a token,
    a key, a signature, a password or the like. Lists and dictionaries are searched.
    """
    if isinstance(value, str):
        return _without(value) if "://" in value else value
    if isinstance(value, dict):
        return {name: without_secrets(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [without_secrets(one) for one in value]
    return value


def has_hidden_parts(address: str) -> bool:
    """Tell whether something was taken out of an address, so that it leads nowhere."""
    return f"://{HIDDEN}@" in address or f"={HIDDEN}" in address


def has_secret_parameters(address: str) -> bool:
    """Tell whether a parameter of the address, after ``?``, has a name that speaks of a secret."""
    return _PARAMETER.search(address) is not None


def last_name(address: str) -> str:
    """Return the last part of the path of a file or a URL, without what follows the path."""
    path = re.split(r"[?#]", address)[0] if "://" in address else address
    return path.rstrip("/").rsplit("/", 1)[-1]


def _without(text: str) -> str:
    return _PARAMETER.sub(rf"\1={HIDDEN}", _LOGIN.sub(HIDDEN, text))
