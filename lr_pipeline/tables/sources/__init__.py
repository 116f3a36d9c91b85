"""Where tables come from: files, SQL queries, and the tutorial's synthetic rows.

``declared_tables`` has the sources that users declare; ``locations`` finds their files;
``delimited`` and ``sql`` write the rows to Parquet, which ``tables/files`` reads.
"""

from typing import TYPE_CHECKING

from lr_pipeline import deferred

if TYPE_CHECKING:
    from lr_pipeline.tables.sources.declared_tables import FileTable, SqlTable, SyntheticTable

__all__ = ["FileTable", "SqlTable", "SyntheticTable"]

__getattr__ = deferred(
    __name__,
    {
        "FileTable": "lr_pipeline.tables.sources.declared_tables",
        "SqlTable": "lr_pipeline.tables.sources.declared_tables",
        "SyntheticTable": "lr_pipeline.tables.sources.declared_tables",
    },
)
