"""Label a file, and write it as it came: the same format, columns, order and bytes, with labels."""

import bz2
import csv
import gzip
import io
import lzma
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from dustjacket.errors import BadInputError
from dustjacket.labelling.json_lines import JsonLines
from dustjacket.labelling.label import COLUMNS, Label, Labeller
from dustjacket.labelling.marc import Marc21, MarcNote, MarcText, MarcXml
from dustjacket.labelling.onix import Onix
from dustjacket.labelling.parquet import write_parquet
from dustjacket.labelling.sheet import write_sheet
from dustjacket.labelling.source import LabelOptions, Source
from dustjacket.labelling.spans import Patch, write_spans
from dustjacket.labelling.text_table import TextTable, new_columns
from dustjacket.records.record import BookRecord
from dustjacket.sources.charsets import WESTERN
from dustjacket.storage.host import new_file

Write = Callable[[Source, BinaryIO, Labeller], Iterator[Label]]
_KEYS = ("position", "record_reference", "isbn", "title", "author")
_COMPRESSED: dict[bytes, tuple[str, Callable[[BinaryIO], Any]]] = {
    b"\x1f\x8b": (".gz", lambda out: gzip.GzipFile("", "wb", fileobj=out, mtime=0)),
    b"BZh": (".bz2", partial(bz2.BZ2File, mode="wb")),
    b"\xfd7zXZ\0": (".xz", partial(lzma.LZMAFile, mode="wb")),
    b"\x28\xb5\x2f\xfd": (".zst", lambda out: pa.CompressedOutputStream(out, "zstd")),
}


@dataclass(frozen=True)
class Labelled:
    """What became of the records of a file.

    Attributes:
        subjects: records by subject.
        not_sure: records of which the classifier is not sure.
        rejected: records without an answer, by reason.
    """

    out: Path
    format: str
    subjects: Counter[str]
    not_sure: int
    rejected: Counter[str]


def label_file(
    path: Path,
    out: Path | None,
    labeller: Labeller,
    options: LabelOptions,
    progress: Callable[[int], None] = lambda _: None,
) -> Labelled:
    """Label a file of any format that is read, and write it with its labels.

    Memory is bounded by a batch of records. The result appears under its name when it is complete.
    A format that cannot be written as it came gives a table of labels (CSV), with the position,
    the identifiers and the title of each record.

    Args:
        out: None: beside the file. A name that ends in ``.csv`` asks for a table of labels.
        progress: is called with the number of records that are labelled.

    Raises:
        BadInputError: the file cannot be read, or cannot hold the labels.
    """
    source = Source.of(path, options)
    write = _writer(source, options)
    is_table = write is None or (
        out is not None and source.shape.format != "csv" and out.name.lower().endswith(".csv")
    )
    if source.shape.format == "csv":
        _check_encoding(source, labeller)
    out = out or path.with_name(_name_beside(path, is_table=is_table))
    if out.exists() and out.samefile(path):
        raise BadInputError(f"{str(out)!r} is the file itself: name another with --out")
    subjects, rejected, not_sure, done = Counter[str](), Counter[str](), 0, 0
    with new_file(out) as file, _compressing(path, file, as_it_is=is_table) as body:
        chosen: Write = _write_table if is_table or write is None else write
        for label in chosen(source, body, labeller):
            done += 1
            progress(done)
            if label.answer is None:
                rejected[label.reason] += 1
            elif label.subject:
                subjects[label.subject] += 1
            else:
                not_sure += 1
    written = "table of labels" if is_table else source.shape.format
    return Labelled(out, written, subjects, not_sure, rejected)


def _writer(source: Source, options: LabelOptions) -> Write | None:
    """Return what writes a file as it came; None if its format cannot be written so."""
    note = MarcNote(options.marc_tag, options.source_code)
    format_, shape = source.shape.format, source.shape
    if format_ in {"csv", "json_lines", "parquet", "xlsx"}:
        new_columns(shape.columns)
    if format_ == "csv":
        table = TextTable(shape)
        return partial(write_spans, patch=table.record, head=table.head)
    patches: dict[str, Patch] = {
        "json_lines": JsonLines(shape).record,
        "onix": Onix(options.scheme).record,
        "marc21": Marc21(note).record,
        "marcxml": MarcXml(note).record,
        "marc_text": MarcText(note).record,
    }
    if format_ in patches:
        return partial(write_spans, patch=patches[format_])
    return {"parquet": write_parquet, "xlsx": write_sheet}.get(format_)


def _check_encoding(source: Source, labeller: Labeller) -> None:
    encoding = "cp1252" if source.shape.encoding == WESTERN else source.shape.encoding
    for subject in labeller.subjects:
        try:
            subject.encode(encoding)
        except UnicodeEncodeError:
            raise BadInputError(
                f"subject {subject!r} cannot be written in {encoding}, the encoding of "
                f"{source.path.name!r}: save the file as UTF-8"
            ) from None


def _name_beside(path: Path, *, is_table: bool) -> str:
    """Return the name of the result.

    >>> _name_beside(Path("books.csv.gz"), is_table=False)
    'books.labelled.csv.gz'
    >>> _name_beside(Path("books.ods"), is_table=True)
    'books.labels.csv'
    """
    suffixes = path.suffixes[-2:] if path.suffix in {e for e, _ in _COMPRESSED.values()} else None
    ending = "".join(suffixes or [path.suffix])
    stem = path.name.removesuffix(ending)
    return f"{stem}.labels.csv" if is_table else f"{stem}.labelled{ending}"


@contextmanager
def _compressing(path: Path, out: BinaryIO, *, as_it_is: bool) -> Iterator[BinaryIO]:
    """Yield a stream that compresses as the file at ``path`` is compressed."""
    with path.open("rb") as file:
        head = file.read(6)
    kinds = (open_ for mark, (_, open_) in _COMPRESSED.items() if head.startswith(mark))
    open_ = None if as_it_is else next(kinds, None)
    if open_ is None:
        yield out
        return
    with open_(out) as body:
        yield body


def _write_table(source: Source, out: BinaryIO, labeller: Labeller) -> Iterator[Label]:
    """Write a table of labels (CSV in UTF-8), a line for each record, and yield each label."""
    text = io.TextIOWrapper(out, "utf-8", newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_KEYS, *COLUMNS])
    items = (((row.position, book), book, len(row.raw)) for row, book in source.rows())
    for (position, book), label in labeller.labelled(items):
        writer.writerow([position, *_identity(book), *label.cells])
        yield label
    text.detach()


def _identity(book: BookRecord | str) -> list[str]:
    if isinstance(book, str):
        return ["", "", "", ""]
    isbn = book.isbn13 or book.identifier
    return [book.record_id or "", isbn, book.title, book.author]
