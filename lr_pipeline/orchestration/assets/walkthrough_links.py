"""Links to the sections of docs/walkthrough.en.md and docs/walkthrough.zh.md for each asset."""

import warnings
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg

DOCS = Path(__file__).parents[3] / "docs"
PAGES = {"English": "walkthrough.en.md", "中文": "walkthrough.zh.md"}


def walkthrough(section: str) -> dict[str, Any]:
    """Return metadata that link an asset in the web UI to its ``section`` of both pages.

    The result is empty where the package is installed without its docs.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)  # links that open a file in an editor
        references: list[dg.LocalFileCodeReference | dg.UrlCodeReference] = [
            dg.LocalFileCodeReference(
                file_path=str(DOCS / page),
                line_number=_section_lines(page).get(section, 1),
                label=f"Walkthrough, {language}",
            )
            for language, page in PAGES.items()
            if (DOCS / page).exists()
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
