"""Templates of the files that start the service, and how text enters them."""

import json
import re
import shlex
from typing import Any


def rendered(template: str, **values: Any) -> str:
    """Return a template's text with these values; one that is missing is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("lr_pipeline.orchestration.service"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    return environment.get_template(template).render(
        **values,
        join=shlex.join,
        json=lambda value: json.dumps(value, ensure_ascii=False),
        compose=lambda value: json.dumps(value, ensure_ascii=False).replace("$", "$$"),
        label=lambda text: re.sub("[^a-z0-9]+", "-", text.lower()).strip("-"),
        list=list,
        ini=lambda text: str(text).replace("%", "%%"),
        systemd=_systemd,
        systemd_command=lambda command: " ".join(map(_systemd, command)),
    )


def _systemd(value: object) -> str:
    """Return a value quoted for a unit: ``%`` and ``$`` are its own signs, as in a C string."""
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + text.replace("%", "%%").replace("$", "$$") + '"'
