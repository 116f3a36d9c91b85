"""Recognises files that are neither text nor Parquet by their first bytes or their names."""

import re

from lr_pipeline.tables.errors import TableError, cut, table_error

START_BYTES = 512
GZIP_MAGIC = b"\x1f\x8b"
PARQUET_MAGIC = b"PAR1"
AS_TABLE = "Save it as CSV UTF-8, or as Parquet"
FEATHER = "Write it as Parquet: pyarrow.feather.read_table, then pyarrow.parquet.write_table"
# Compression formats, by the first bytes and by the ends of names.
PACKERS = {
    b"BZh": "bz2",
    b"\xfd7zXZ\0": "xz",
    b"\x28\xb5\x2f\xfd": "zst",
    b"7z\xbc\xaf\x27\x1c": "7z",
}
PACKED_SUFFIXES = (".zip", ".bz2", ".xz", ".zst", ".7z", ".tar.gz", ".tgz")
BINARY = {
    b"PK\x03\x04": ("an archive, such as an Excel workbook is", AS_TABLE),
    b"\xd0\xcf\x11\xe0": ("an Excel workbook of the old kind (.xls)", AS_TABLE),
    b"ARROW1": ("an Arrow file (Feather)", FEATHER),
    b"FEA1": ("a Feather file of version 1", FEATHER),
    b"\xff\xff\xff\xff": ("an Arrow stream", AS_TABLE),
    b"SQLite format 3\0": ("a SQLite database", "Read it with SqlTable, or write the rows as CSV"),
    b"\x89HDF": ("an HDF5 file", AS_TABLE),
    b"Obj\x01": ("an Avro file", AS_TABLE),
    b"ORC": ("an ORC file", AS_TABLE),
    b"\x93NUMPY": ("a numpy array", AS_TABLE),
    b"\x80\x04\x95": ("a Python pickle", AS_TABLE),
    b"\x80\x05\x95": ("a Python pickle", AS_TABLE),
    b"%PDF": ("a PDF document", AS_TABLE),
}
GIT_LFS = b"version https://git-lfs"
WEB_PAGE = re.compile(rb"\s*<(!doctype\s+html|html|head|body|\?xml)", re.IGNORECASE)


def require_table(start: bytes, name: str) -> None:
    """Raise ``TableError`` where the first bytes, or the name, show neither text nor Parquet.

    ``start`` holds the first bytes as they are stored, packed or not; messages call the file
    ``name``.
    """
    lower = name.lower()
    by_name = [one.rpartition(".")[2] for one in PACKED_SUFFIXES if lower.endswith(one)]
    for packer in by_name or [one for magic, one in PACKERS.items() if start.startswith(magic)]:
        remedy = "Unpack it, or give .csv.gz"
        raise table_error(f"{packer} is not unpacked here", remedy, source=name)
    for magic, (kind, remedy) in BINARY.items():
        # A text may begin with "ORC".
        if start.startswith(magic) and (len(magic) > 3 or not _is_text(start)):
            raise table_error(f"the file is no text but {kind}", remedy, source=name)
    text = start.removeprefix(b"\xef\xbb\xbf")
    if text.startswith(GIT_LFS):
        raise table_error(
            "the file is a pointer of git-lfs, not the table itself",
            "Fetch the table with git lfs pull",
            source=name,
        )
    if WEB_PAGE.match(text):
        raise table_error(
            "the file is a web page or XML, no table",
            "Download the file that the page shows, or save the table as CSV",
            source=name,
        )


def no_parquet(start: bytes, name: str) -> TableError | None:
    """The error of a file named like Parquet that has another known format; None if unknown."""
    if start.startswith((PARQUET_MAGIC, b"PARE")):
        return None
    try:
        require_table(start, name)
    except TableError as error:
        return error
    if not start:
        found = "not a readable Parquet file: it is empty"
        return table_error(found, "Write it again", source=name)
    if not _is_text(start):
        return None
    first = start.decode("utf-8", errors="replace").splitlines()[0]
    return table_error(
        f"not a readable Parquet file: it holds text that begins with {cut(first)!r}",
        "Name it .csv, if it is CSV",
        source=name,
    )


def _is_text(start: bytes) -> bool:
    """Whether the bytes can be text; the last character may be cut."""
    try:
        start[:-4].decode("utf-8")
    except UnicodeDecodeError as error:
        return len(start) - error.start <= 8
    return b"\0" not in start
