"""Small values that outlive runs, in the Dagster instance's own store of keys and values.

It is a table of the run storage, in SQLite and in PostgreSQL alike; Dagster's daemons keep their
cursors there.
"""

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dagster import DagsterInstance

PREFIX = "lr_pipeline/"


def kept_value(instance: "DagsterInstance", name: str, default: Any = None) -> Any:
    """Return the value kept under this name, or ``default``."""
    key = PREFIX + name
    found = instance.run_storage.get_cursor_values({key})
    return json.loads(found[key]) if key in found else default


def keep_value(instance: "DagsterInstance", name: str, value: Any) -> None:
    """Keep plain data under a name, in place of what was kept there; whole, or not at all."""
    instance.run_storage.set_cursor_values({PREFIX + name: json.dumps(value)})
