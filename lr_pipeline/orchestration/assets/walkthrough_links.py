"""Links to the sections of docs/walkthrough.en.md and docs/walkthrough.zh.md for each asset."""

import os
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg

DOCS = Path(__file__).parents[3] / "docs"
DOCS_URL = "LR_PIPELINE_DOCS_URL"
PAGES = {"English": "walkthrough.en.md", "中文": "walkthrough.zh.md"}


def walkthrough(section: str) -> dict[str, Any]:
    """Return metadata that link an asset in the web UI to its ``section`` of both pages.

    They lead to the address that the environment variable LR_PIPELINE_DOCS_URL names, for a browser
    on any machine; else they open this machine's files in an editor. The result is empty where
    neither is there.
    """
    address = os.environ.get(DOCS_URL, "").rstrip("/")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        references: list[dg.LocalFileCodeReference | dg.UrlCodeReference] = [
            dg.UrlCodeReference(url=f"{address}/{page}#{section}", label=f"Walkthrough, {language}")
            if address
            else dg.LocalFileCodeReference(
                file_path=str(DOCS / page),
                line_number=_section_lines(page).get(section, 1),
                label=f"Walkthrough, {language}",
            )
            for language, page in PAGES.items()
            if address or (DOCS / page).exists()
        ]
        if not references:
            return {}
        value = dg.CodeReferencesMetadataValue(code_references=references)
    return {"dagster/code_references": value}


@cache
def _section_lines(page: str) -> dict[str, int]:
    """Return anchor → its line, from 1."""
    lines = (DOCS / page).read_text(encoding="utf-8").splitlines()
    start, end = '<a id="', '"></a>'
    return {
        line.removeprefix(start).removesuffix(end): number
        for number, line in enumerate(lines, 1)
        if line.startswith(start)
    }
