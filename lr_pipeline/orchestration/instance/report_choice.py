"""Find the latest report of a table: by the table's name, its file, or the report itself."""

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lr_pipeline.core.listed_names import listed
from lr_pipeline.orchestration.asset_names import DATASET, REPORT
from lr_pipeline.orchestration.instance.catalogue import (
    latest_materialization,
    load_recorded,
    recorded,
    recorded_file,
    stored_assets,
)
from lr_pipeline.orchestration.instance.home import opened_home
from lr_pipeline.orchestration.metadata.source_names import SOURCE, source_identity
from lr_pipeline.orchestration.table_names import TUTORIAL_TABLE, TableNames
from lr_pipeline.storage.formats import format_named
from lr_pipeline.storage.storage_error import ArtifactError

if TYPE_CHECKING:
    from dagster import DagsterInstance

TABLES_SHOWN = 12
PAGES = (".html", ".json")


@dataclass(frozen=True)
class StoredReport:
    """The report of the table ``name`` (its assets' key prefix): the page's file, all numbers.

    The file of a report in an object store is a copy on this machine.
    """

    name: str
    page: Path
    numbers: dict[str, Any]


def find_report(table: str | None, home: str | Path | None = None) -> StoredReport:
    """Return the latest report of a table.

    ``table`` is the name of its assets, or the file or URL that it was read from, or the HTML or
    JSON file of a report; None stands for the tutorial's table, whose assets have no prefix.

    Raises
    ------
    ArtifactError
        There is no such home, table or report; the message lists the tables that have one.
    """
    if table is not None and (path := _report_file(table)) is not None:
        numbers = _numbers_in(path)
        return StoredReport(str(numbers.get("table", "")), path, numbers)
    with opened_home(home) as instance:
        name = _name_of(table, instance)
        key = TableNames(name or None).key(REPORT)
        found = latest_materialization(instance, key)
        assert found is not None  # it is among the stored assets
        return StoredReport(name, recorded_file(key, found), load_recorded(key, found).numbers)


def _report_file(table: str) -> Path | None:
    """Return the page of a report that is named by its file, else None."""
    path = Path(table)
    if path.suffix not in PAGES or not path.is_file():
        return None
    return path.with_suffix(".html") if path.with_suffix(".html").is_file() else None


def _numbers_in(page: Path) -> dict[str, Any]:
    """Return the numbers of a report that is given as a file."""
    try:
        numbers: dict[str, Any] = format_named("report").read(page).numbers
    except (ValueError, TypeError) as error:  # it is not JSON, or no object
        raise ArtifactError(
            f"{page}: expected a report as the pipeline wrote it; {error}. Name an unchanged "
            "report.html or report.json, or a table."
        ) from None
    return numbers


def _name_of(table: str | None, instance: "DagsterInstance") -> str:
    """Return the name of the table that is meant, empty for the tutorial's."""
    names = [
        name.removesuffix(REPORT).rstrip("/")
        for name in stored_assets(instance)
        if name == REPORT or name.endswith(f"/{REPORT}")
    ]
    wanted = "" if table is None else table.removesuffix(f"/{REPORT}").rstrip("/")
    if wanted in names:
        return wanted
    of_file = [
        name
        for name in names
        if table and source_of_table(name, instance) == source_identity(table)
    ]
    if len(of_file) == 1:
        return of_file[0]
    if of_file:
        raise ArtifactError(
            f"{table}: several tables were read from it: {', '.join(of_file)}. Name one of them."
        )
    close = difflib.get_close_matches(wanted, names, n=1)
    hint = f" Did you mean {close[0]!r}?" if close and close[0] else ""
    found = listed((name or TUTORIAL_TABLE for name in names), TABLES_SHOWN)
    raise ArtifactError(
        f"{instance.root_directory}: expected a report of {table or TUTORIAL_TABLE}, found reports "
        f"of: {found or 'none'}.{hint} Name one of these, or run the pipeline on the table."
    )


def source_of_table(name: str, instance: "DagsterInstance") -> str | None:
    """Return the source from which the table of this name was last read; "" is the tutorial's."""
    entry = latest_materialization(instance, TableNames(name or None).key(DATASET))
    return None if entry is None else recorded(entry, SOURCE)
