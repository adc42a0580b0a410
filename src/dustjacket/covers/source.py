"""The files of a source of covers: a table, or a folder of tables and images."""

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import BinaryIO

from dustjacket.covers.locate import has_isbn
from dustjacket.covers.packs import Packs
from dustjacket.errors import BadInputError
from dustjacket.settings import Settings
from dustjacket.sources.beside import fingerprint_with_beside, stage_beside
from dustjacket.sources.csv import WHOLE, ByteRange
from dustjacket.sources.files import SourceFile, names_in, stage
from dustjacket.sources.find import SourceTable, is_hidden, look_at, may_be_table
from dustjacket.sources.formats import is_table_name, problem_of
from dustjacket.sources.tables import ReadOptions
from dustjacket.storage.store import Store

_IMAGE_ENDINGS = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif",
    ".heic", ".heif",
)  # fmt: skip
_IMAGE_HEADS = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_FTYP = re.compile(rb"....ftyp(?:avi[fs]|he[iv][cxms]|mif1|msf1)|RIFF....WEBP", re.DOTALL)


@dataclass(frozen=True)
class SourceEntry:
    """A file of the source, or a part of a file that holds several.

    Attributes:
        part: the bytes of ``file`` that are this entry.
    """

    file: SourceFile
    part: ByteRange = WHOLE

    @property
    def name(self) -> str:
        """Its path below the folder of the source."""
        return self.file.name


@dataclass(frozen=True)
class CoverSource:
    """The files of a source, as objects that every machine of a cluster can read.

    Attributes:
        address: as the user gave it, for error messages.
        files: sorted by name.
    """

    address: str
    store: Store
    files: tuple[SourceFile, ...]

    @property
    def bucket(self) -> str:
        """The bucket of all files."""
        return self.files[0].bucket if self.files else self.store.bucket


@dataclass
class Files:
    """The files of a source by what they are.

    Attributes:
        images: image files, or files that only a row can tell to be one, by name.
        named: names of those that are images by their ending or content.
        tables: with their shapes.
        refused: why files that should be tables are none, by name.
        passed_over: why other files are not used, by name.
        beside: yields the images beside a table that is the whole source, which its rows may name.
    """

    images: dict[str, SourceEntry] = field(default_factory=dict)
    named: list[str] = field(default_factory=list)
    tables: list[SourceTable] = field(default_factory=list)
    refused: dict[str, BadInputError] = field(default_factory=dict)
    passed_over: dict[str, str] = field(default_factory=dict)
    beside: Callable[[], Iterable[SourceEntry]] = tuple

    def add_image(self, entry: SourceEntry) -> None:
        """Add a file that is an image."""
        self.named.append(entry.name)
        self.images[entry.name] = entry

    def nameable(self) -> Iterator[str]:
        """Yield the names of the files that a row may name; those beside are found then."""
        self.images |= {entry.name: entry for entry in self.beside()}
        yield from self.images


def stage_covers(address: str, store: Store) -> CoverSource:
    """Copy the files of a source to S3, unless they are there; hidden files are left out.

    See :func:`dustjacket.sources.files.stage`.

    Raises:
        BadInputError: the source does not exist, or is empty.
    """
    files = stage(address, store, lambda name: not is_hidden(name))
    return CoverSource(address, store, tuple(files))


def fingerprint_of_covers(address: str, store: Store) -> str:
    """Return a digest of the content of a source, and of the images beside a single table."""
    return fingerprint_with_beside(address, store, is_image_name)


def is_named_by_isbn(address: str, settings: Settings) -> bool:
    """Return whether most images of a folder are named by ISBN, and no table is beside them.

    Raises:
        BadInputError: the source does not exist, or may not be read.
    """
    names = [name for name in names_in(address, settings) if not is_hidden(name)]
    images = [name for name in names if is_image_name(name)]
    by_isbn = sum(map(has_isbn, images))
    return 2 * by_isbn > len(images) and not any(map(is_table_name, names))


def sorted_files(source: CoverSource, options: ReadOptions, packs: Packs, max_bytes: int) -> Files:
    """Return the files of a source by what they are; of an archive, the files in it.

    Files without a known ending are told by their content.

    Args:
        options: of all tables.
        packs: take the images of archives.
        max_bytes: of an image; more is not kept of the files of archives.
    """
    files = Files()
    is_single = len(source.files) == 1
    others = []
    for file in source.files:
        if is_image_name(file.name):
            files.add_image(SourceEntry(file))
        else:
            others.append(file)

    # The files of an archive that is the whole source are named as those of a folder are.
    archive = f"{source.files[0].name}/" if is_single else ""

    def take(file: SourceFile, head: bytes, body: BinaryIO) -> bool:
        entry = SourceEntry(replace(file, name=file.name.removeprefix(archive)))
        is_image = is_image_name(entry.name) or is_image_head(head)
        if not is_image and (
            may_be_table(entry.name) or is_table_name(entry.name) or (is_single and not file.member)
        ):
            return False
        if file.member:
            entry = _packed(entry, body, packs, max_bytes)
        if is_image:
            files.add_image(entry)
        else:
            # A row may name it: its content then gives the reason.
            files.images[entry.name] = entry
            files.passed_over[entry.name] = problem_of(head) or "neither a table nor an image"
        return True

    found = look_at(others, source.address, source.store, options, take)
    packs.flush()
    files.tables = [
        replace(table, file=replace(table.file, name=table.file.name.removeprefix(archive)))
        for table in found.tables
    ]
    files.refused = found.refused
    files.passed_over |= {
        name.removeprefix(archive): reason for name, reason in found.passed_over.items()
    }
    for file in others:
        if file.name in found.passed_over:
            files.images[file.name] = SourceEntry(file)
    if is_single and files.tables and not files.named:
        beside = partial(stage_beside, source.address, source.store, is_image_name)
        files.beside = lambda: map(SourceEntry, beside())
    return files


def _packed(entry: SourceEntry, body: BinaryIO, packs: Packs, max_bytes: int) -> SourceEntry:
    key, offset, size = packs.add(body.read(max_bytes + 1))
    file = SourceFile(entry.name, packs.prefix.bucket, key, size)
    return SourceEntry(file, ByteRange(offset, offset + size))


def is_image_name(name: str) -> bool:
    """Return whether a file's ending is that of an image."""
    return name.lower().endswith(_IMAGE_ENDINGS)


def is_image_head(head: bytes) -> bool:
    """Return whether a file is an image of a known format, by its first bytes."""
    return head.startswith(_IMAGE_HEADS) or bool(_FTYP.match(head))


def shown_name(name: str) -> str:
    """Return the name of a file as text: bytes that are not UTF-8 become escapes."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def cache_prefix(address: str) -> str:
    """Return the key prefix, ending in a slash, under which a source's downloads are cached.

    It depends on the address alone, so a source keeps its cache when its content changes.
    """
    return f"fetched/{hashlib.sha256(os.fsencode(address)).hexdigest()[:16]}/"
