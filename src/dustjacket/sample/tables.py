"""Write books as tables with a header: JSON Lines, Parquet, Excel and OpenDocument."""

import itertools
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pyarrow as pa
import pyarrow.parquet as pq

COLUMNS = ("title", "author", "genre", "isbn", "language", "description", "keywords", "image")
MAX_SHEET_ROWS = 1_048_575
"""Rows of a sheet of Excel and OpenDocument below its header."""
_BATCH = 10_000

_MANIFEST = (
    '<?xml version="1.0" encoding="UTF-8"?><manifest:manifest manifest:version="1.2" '
    'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    '<manifest:file-entry manifest:full-path="/" manifest:media-type="{type}"/>'
    '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
    "</manifest:manifest>"
)
_ODS = "application/vnd.oasis.opendocument.spreadsheet"
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><office:document-content office:version="1.2" '
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">'
    '<office:body><office:spreadsheet><table:table table:name="Books">'
)
_TAIL = "</table:table></office:spreadsheet></office:body></office:document-content>"


def write_json_lines(file: Path, books: Iterable[Mapping[str, Any]]) -> None:
    """Write an object a line; what a book lacks is left out."""
    with file.open("w", encoding="utf-8") as stream:
        for row in _rows(books):
            known = {name: value for name, value in row.items() if value}
            stream.write(json.dumps(known, ensure_ascii=False) + "\n")


def write_parquet(file: Path, books: Iterable[Mapping[str, Any]]) -> None:
    """Write columns of text."""
    schema = pa.schema([(name, pa.string()) for name in COLUMNS])
    rows = _rows(books)
    with pq.ParquetWriter(file, schema) as writer:
        while batch := list(itertools.islice(rows, _BATCH)):
            writer.write_table(pa.Table.from_pylist(batch, schema))


def write_xlsx(file: Path, books: Iterable[Mapping[str, Any]]) -> None:
    """Write a sheet of text."""
    from openpyxl import Workbook

    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("Books")
    sheet.append(COLUMNS)
    for row in _rows(books):
        sheet.append(tuple(row.values()))
    workbook.save(file)


def write_ods(file: Path, books: Iterable[Mapping[str, Any]]) -> None:
    """Write a sheet of text; a line break in a text begins a paragraph of its cell."""
    with zipfile.ZipFile(file, "w") as archive:
        # The type comes first and uncompressed. Without a time of their own, members have 1980.
        archive.writestr(zipfile.ZipInfo("mimetype"), _ODS)
        archive.writestr(zipfile.ZipInfo("META-INF/manifest.xml"), _MANIFEST.format(type=_ODS))
        member = zipfile.ZipInfo("content.xml")
        member.compress_type = zipfile.ZIP_DEFLATED
        with archive.open(member, "w", force_zip64=True) as content:
            content.write(_HEAD.encode())
            rows = (tuple(row.values()) for row in _rows(books))
            for row in itertools.chain([COLUMNS], rows):
                cells = "".join(map(_cell, row))
                content.write(f"<table:table-row>{cells}</table:table-row>".encode())
            content.write(_TAIL.encode())


def _cell(text: str | None) -> str:
    if not text:
        return "<table:table-cell/>"
    paragraphs = "".join(f"<text:p>{escape(line)}</text:p>" for line in text.splitlines())
    return f'<table:table-cell office:value-type="string">{paragraphs}</table:table-cell>'


def _rows(books: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, str | None]]:
    """Yield the cells of each book by ``COLUMNS``; of a list, the parts joined by semicolons."""
    for book in books:
        subjects = book.get("subjects", [])
        own = [subject["heading"] for subject in subjects if subject["scheme"] == "own"]
        keywords = [subject["heading"] for subject in subjects if subject["scheme"] == "keywords"]
        found = {
            "title": book.get("title"),
            "author": "; ".join(person["name"] for person in book.get("contributors", [])),
            "genre": next(iter(own), None),
            "isbn": next(iter(book.get("isbn", [])), None),
            "language": book.get("language"),
            "description": book.get("description"),
            "keywords": "; ".join(keywords),
            "image": book.get("image"),
        }
        yield {name: found[name] or None for name in COLUMNS}
