"""The formats in which a sample library can be written."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dustjacket.sample.marc import write_marc, write_marcxml
from dustjacket.sample.onix import write_onix
from dustjacket.sample.opf import write_package_files
from dustjacket.sample.tables import (
    MAX_SHEET_ROWS,
    write_json_lines,
    write_ods,
    write_parquet,
    write_xlsx,
)


@dataclass(frozen=True)
class SampleFormat:
    """One format.

    Attributes:
        ending: of its files; empty if it is a folder.
        write: writes books, by canonical name, into a file or folder.
        max_books: that a file can hold.
    """

    ending: str
    write: Callable[[Path, Iterable[Mapping[str, Any]]], None]
    max_books: int | None = None


FORMATS: Mapping[str, SampleFormat] = {
    "xlsx": SampleFormat(".xlsx", write_xlsx, MAX_SHEET_ROWS),
    "ods": SampleFormat(".ods", write_ods, MAX_SHEET_ROWS),
    "jsonl": SampleFormat(".jsonl", write_json_lines),
    "parquet": SampleFormat(".parquet", write_parquet),
    "onix": SampleFormat(".xml", write_onix),
    "marc": SampleFormat(".mrc", write_marc),
    "marcxml": SampleFormat(".xml", write_marcxml),
    "opf": SampleFormat("", write_package_files),
}
"""By name. CSV, the format of the real sources, is not one of them: it has writers of its own."""
