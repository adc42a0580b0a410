"""Corpora of Annif: texts with their subjects, read as a listing, and written from a catalogue.

Annif has two forms. Short texts are lines ``text<TAB><uri> <uri>`` of a file, which may be
compressed by gzip. Full texts are a folder with a file ``name.txt`` for each, and beside it
``name.tsv``, lines ``<uri><TAB>label``, or ``name.key``, a label a line.
https://github.com/NatLibFi/Annif/wiki/Document-corpus-formats
"""

import csv
import gzip
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dustjacket.errors import BadInputError
from dustjacket.genres.subject_labels import SubjectNames
from dustjacket.records.vocabulary import Vocabulary

MAX_TITLE, MAX_TEXT = 300, 1_000_000
_MAX_LINE = 20_000_000
_URI = re.compile(r"<([^<>\s]{1,2000})>")


@dataclass(frozen=True)
class Document:
    """A text and its subjects.

    Attributes:
        subjects: URI and label of each; one of the two may be empty.
    """

    text: str
    subjects: Sequence[tuple[str, str]]


def read_corpus(path: Path) -> Iterator[Document]:
    """Yield the documents of a file of short texts or a folder of full texts, in their order.

    Of a text at most 1,000,000 characters are read. A full text without a file of subjects has
    none.

    Raises:
        BadInputError: there is no document, or a line is too long or has no subjects' column.
    """
    found = _full_texts(path) if path.is_dir() else _short_texts(path)
    nothing = True
    for document in found:
        nothing = False
        yield document
    if nothing:
        raise BadInputError(
            f"{path} has no document: give a file of lines 'text<TAB><uri> <uri>', or a folder of "
            ".txt files with .tsv or .key files beside them"
        )


def _short_texts(path: Path) -> Iterator[Document]:
    for number, line in enumerate(_lines(path), start=1):
        text, tab, subjects = line.rpartition("\t")
        if not line.strip():
            continue
        if not tab:
            raise BadInputError(f"{path}, line {number}: no tab between the text and its subjects")
        yield Document(text.strip()[:MAX_TEXT], [(uri, "") for uri in _URI.findall(subjects)])


def _full_texts(folder: Path) -> Iterator[Document]:
    for file in sorted(folder.glob("*.txt")):
        with file.open(encoding="utf-8-sig", errors="replace") as stream:
            text = stream.read(MAX_TEXT).strip()
        table, keys = file.with_suffix(".tsv"), file.with_suffix(".key")
        subjects: list[tuple[str, str]] = []
        if table.is_file():
            for line in _lines(table):
                uri, _, label = line.partition("\t")
                if match := _URI.match(uri.strip()):
                    subjects.append((match[1], label.strip()))
        elif keys.is_file():
            subjects = [("", line.strip()) for line in _lines(keys) if line.strip()]
        yield Document(text, subjects)


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open("rb") as raw:
            is_gzip = raw.read(2) == b"\x1f\x8b"
        opened = gzip.open(path) if is_gzip else path.open("rb")  # noqa: SIM115  # closed below
        with opened as stream:
            for number, line in enumerate(iter(lambda: stream.readline(_MAX_LINE), b""), start=1):
                if len(line) == _MAX_LINE:
                    raise BadInputError(
                        f"{path}, line {number} is longer than {_MAX_LINE // 1_000_000} MB"
                    )
                yield line.decode("utf-8-sig" if number == 1 else "utf-8", "replace").rstrip("\r\n")
    except (OSError, EOFError) as error:
        raise BadInputError(f"{path} cannot be read: {error}") from None


def listing_rows(
    documents: Iterable[Document], vocabulary: Vocabulary | None
) -> Iterator[dict[str, Any]]:
    """Yield a record of a listing for each document that has a text.

    The title is the first line, or its first words where it is longer than 300 characters; then the
    whole text is the description. The genre is the first subject.

    Args:
        vocabulary: gives labels to URIs, and URIs to labels; None: they are as the corpus has them.
    """
    for number, document in enumerate(documents):
        if not document.text:
            continue
        first, _, rest = document.text.partition("\n")
        title = first.strip()
        if len(title) > MAX_TITLE:
            title, rest = title[:MAX_TITLE].rpartition(" ")[0] or title[:MAX_TITLE], document.text
        subjects = [_subject(uri, label, vocabulary) for uri, label in document.subjects]
        main = subjects[0]["heading"] or subjects[0]["code"] if subjects else None
        yield {
            "id": str(number), "title": title, "description": rest.strip() or None, "genre": main,
            "subjects": subjects,
        }  # fmt: skip


def _subject(uri: str, label: str, vocabulary: Vocabulary | None) -> dict[str, str]:
    code = vocabulary.find(uri, label) if vocabulary else None
    if vocabulary is None or code is None:
        return {"scheme": "annif", "code": uri, "heading": label}
    return {"scheme": vocabulary.name.casefold(), "code": code, "heading": vocabulary.label(code)}


class SubjectUris:
    """The URI and label of each subject's name: those of a vocabulary, or made of the name."""

    def __init__(self, by: SubjectNames) -> None:
        self._terms = {
            by.name(term.code): (term.uri, by.vocabulary.label(term.code))
            for term in (by.vocabulary.terms.values() if by.vocabulary else ())
            if by.vocabulary
        }

    def of(self, name: str) -> tuple[str, str]:
        """Return the URI and the label of a subject."""
        uri, label = self._terms.get(name, ("", ""))
        return uri or f"urn:dustjacket:subject:{quote(name, safe='')}", label or _label_of(name)


def _label_of(name: str) -> str:
    return name.partition(":")[2] or name


def write_corpus(
    folder: Path, parts: Mapping[str, Iterable[Document]], *, full: bool
) -> dict[str, int]:
    """Write each part as Annif's full texts (a folder) or short texts (a file).

    Also writes ``vocabulary.csv``, the subjects of all documents.

    Returns:
        The number of documents of each part.

    Raises:
        BadInputError: the folder has something in it.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInputError(f"{folder} exists and is not empty: name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    labels: dict[str, str] = {}
    counts = {}
    for name, documents in parts.items():
        write = _write_full if full else _write_short
        counts[name] = write(folder / (name if full else f"{name}.tsv"), documents, labels)
    write_vocabulary(folder / "vocabulary.csv", labels.items())
    return counts


def write_vocabulary(path: Path, subjects: Iterable[tuple[str, str]]) -> None:
    """Write URIs and labels as Annif's CSV vocabulary."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["uri", "label_en"])
        rows.writerows(sorted(subjects))


def _write_short(path: Path, documents: Iterable[Document], labels: dict[str, str]) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        for document in documents:
            labels.update(document.subjects)
            uris = " ".join(f"<{uri}>" for uri, _ in document.subjects)
            stream.write(f"{' '.join(document.text.split())}\t{uris}\n")
            count += 1
    return count


def _write_full(folder: Path, documents: Iterable[Document], labels: dict[str, str]) -> int:
    folder.mkdir()
    count = 0
    for document in documents:
        labels.update(document.subjects)
        file = folder / f"{count:07}.txt"
        file.write_text(f"{document.text.strip()}\n", encoding="utf-8")
        lines = (f"<{uri}>\t{' '.join(label.split())}\n" for uri, label in document.subjects)
        file.with_suffix(".tsv").write_text("".join(lines), encoding="utf-8")
        count += 1
    return count


def catalog_documents(
    books: Iterable[Mapping[str, Any]], by: SubjectNames, uris: SubjectUris
) -> Iterator[Document]:
    """Yield a document for each book that has a subject: title, author and description.

    Args:
        books: with title, author, description and subjects, as the catalogue has them.
    """
    for book in books:
        if names := by.of(book["subjects"]):
            lines = (book[field] for field in ("title", "author", "description"))
            text = "\n".join(line for line in lines if isinstance(line, str) and line)
            yield Document(text, [uris.of(name) for name in names])
