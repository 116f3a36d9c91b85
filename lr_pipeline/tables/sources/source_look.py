"""Tell without reading its rows whether a source has the content of an earlier reading."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from lr_pipeline.tables.files.refusals import naming
from lr_pipeline.tables.sources.declared_places import naming_place
from lr_pipeline.tables.sources.declared_tables import FileTable, SqlTable, TableSource
from lr_pipeline.tables.sources.locations import DataFile, find_files
from lr_pipeline.tables.sources.source_content import CONTENT, content_of
from lr_pipeline.tables.sources.sql import database_url, query_rows
from lr_pipeline.tables.table import Table


@dataclass(frozen=True)
class SourceLook:
    """What can be told of a source's content without its rows.

    ``state`` is cheap: two looks of one state had one content before them, unless it was ``young``,
    written just before the look; None where there is no such state. ``content`` identifies the
    content itself, whenever it comes back, and may have to read whole files (``local``); it returns
    None where the source does not tell.
    """

    content: Callable[[], str | None]
    state: str | None = None
    young: bool = False
    of_files: bool = False
    local: bool = False

    @property
    def proof(self) -> str | None:
        """The state if a later look of the same state proves that the content is the same."""
        return None if self.young else self.state

    def content_of_reading(self, table: Table) -> str | None:
        """Return the content of the reading that followed this look, and made ``table``."""
        if not self.local:
            return self.content()
        return _name_of_hash(table.provenance[CONTENT])


def look_at(source: TableSource) -> SourceLook:
    """Look at a source: at its files' sizes and times, or by its ``version_query``.

    Raises
    ------
    TableError
        The source is not there, or the query fails.
    """
    if isinstance(source, FileTable):
        with naming_place(str(source.path)):
            return _look_at_files(find_files(source.path))
    if isinstance(source, SqlTable):
        return SourceLook(partial(_answer_of, source))
    return SourceLook(lambda: "generated", "generated")


def _look_at_files(files: list[DataFile]) -> SourceLook:
    looks = [(file.name, file.watch.first) for file in files]
    if any(one.version is None and one.modified is None for _, one in looks):
        return SourceLook(lambda: None, of_files=True)  # the server tells sizes alone
    return SourceLook(
        content=lambda: _name_of_hash(content_of(files)),
        state=_hash(repr(looks)),
        young=any(file.watch.young for file in files),
        of_files=True,
        local=all(file.local is not None for file in files),
    )


def _name_of_hash(content: Mapping[str, Any]) -> str:
    """Return the hash of the files' content, or of what servers tell of it, after its kind."""
    kind = "sha256" if "sha256" in content else "version"
    return f"{kind}:{content[kind]}"


def _answer_of(source: SqlTable) -> str | None:
    """Return the hash of what the declared query answers; its values may be personal."""
    if source.version_query is None:
        return None
    place = database_url(source.url).render_as_string(hide_password=True)
    with naming(f"{place} (version_query)"):
        rows: list[Any] = []
        with query_rows(source.url, source.version_query) as (_, portions):
            for portion in portions:
                rows += map(tuple, portion)
    return f"answer:{_hash(repr(rows))}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
