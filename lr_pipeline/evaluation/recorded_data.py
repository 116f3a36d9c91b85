"""Which data a report is about: what a later reader compares, and a replay reads again."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from lr_pipeline.tables.sources.secrets import without_secrets
from lr_pipeline.tables.sources.source_content import CONTENT
from lr_pipeline.tables.table import Table

SHORT = 12  # digits of a hash that a reader compares by eye


def recorded_data(test_set: Table) -> dict[str, Any]:
    """Return source, declaration, content hash and split as plain values, without secrets.

    ``declaration`` is None for a table that was made in memory.
    """
    provenance = test_set.provenance
    split = provenance["split"]
    found = {
        "source": provenance.get("source", "generated"),
        "declaration": provenance.get("declaration"),
        "content": provenance.get(CONTENT),
        "fingerprint": split["dataset"],
        "split": split["policy"] | ({"unit": split["unit"]} if "unit" in split else {}),
    }
    plain: dict[str, Any] = without_secrets(found)
    return plain


def key_of_test_rows(data: Mapping[str, Any]) -> str:
    """Return a key that two test sets share if they are the same rows of the same source.

    Which columns of these rows are features makes no difference to it, as it does to a table's
    fingerprint: who leaves out a column and looks at the same rows again has looked twice.
    """
    declared = data.get("declaration") or {}
    deciding = [declared.get(role) for role in ("target", "id", "group", "time", "weight")]
    rows = data.get("content") or data.get("fingerprint")
    text = json.dumps([rows, data.get("split"), deciding], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def short_hash(data: Mapping[str, Any]) -> str:
    """Return the first digits of the hash of the source's content, else of the table's rows."""
    content = data.get("content") or {}
    whole = content.get("sha256") or content.get("version") or data.get("fingerprint") or ""
    return str(whole).removeprefix("sha256:")[:SHORT]
