"""The files of a source of covers: a table, or a folder of tables and images."""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO

from dustjacket.covers.packs import Packs
from dustjacket.errors import BadInputError
from dustjacket.sources.archives import is_archive, members
from dustjacket.sources.csv import WHOLE, ByteRange
from dustjacket.sources.files import SourceFile, stage
from dustjacket.sources.formats import HEAD_BYTES, format_of, is_table_name, problem_of
from dustjacket.sources.streams import corrupt_as_bad_input, decompressed, opened
from dustjacket.storage.store import Store

_IMAGE_ENDINGS = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif",
    ".heic", ".heif",
)  # fmt: skip
_HIDDEN = re.compile(
    r"(?:.*/)?(?:\.[^./][^/]*|\._.*|Thumbs\.db|desktop\.ini)|(?:.*/)?(?:\.[^./][^/]*|__MACOSX)/.*",
    re.IGNORECASE | re.DOTALL,
)
_IMAGE_HEADS = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_FTYP = re.compile(rb"....ftyp(?:avi[fs]|he[iv][cxms]|mif1|msf1)|RIFF....WEBP", re.DOTALL)
_ARCHIVE = "archive"
_MAX_MEMBER = 1 << 30
"""Bytes of a table in an archive."""


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

    @contextmanager
    def open(self, entry: SourceEntry) -> Iterator[BinaryIO]:
        """Open a file for the block, decompressed; damage is a BadInputError that names it."""
        with (
            corrupt_as_bad_input(entry.file),
            decompressed(opened(entry.file, self.store, entry.part)) as stream,
        ):
            yield stream


@dataclass
class Files:
    """The files of a source by what they are.

    Attributes:
        images: image files, or files that only a row can tell to be one, by name.
        named: names of those that are images by their ending or content.
        tables: files that a format matches.
        passed_over: why other files are not used, by name.
    """

    images: dict[str, SourceEntry] = field(default_factory=dict)
    named: list[str] = field(default_factory=list)
    tables: list[SourceEntry] = field(default_factory=list)
    passed_over: dict[str, str] = field(default_factory=dict)

    def add_image(self, entry: SourceEntry) -> None:
        """Add a file that is an image."""
        self.named.append(entry.name)
        self.images[entry.name] = entry


def stage_covers(address: str, store: Store) -> CoverSource:
    """Copy the files of a source to S3, unless they are there; hidden files are left out.

    See :func:`dustjacket.sources.files.stage`.

    Raises:
        BadInputError: the source does not exist, or is empty.
    """
    files = stage(address, store, lambda name: not _HIDDEN.fullmatch(name))
    return CoverSource(address, store, tuple(files))


def sorted_files(source: CoverSource, packs: Packs, max_bytes: int) -> Files:
    """Return the files of a source by what they are; of an archive, the files in it.

    Files without a known ending are told by their content.

    Args:
        packs: take the files of archives.
        max_bytes: of an image; more is not kept of the files of archives.

    Raises:
        BadInputError: a file is named like a table, or is the only one, and is none.
    """
    files = Files()
    is_single = len(source.files) == 1
    for entry in map(SourceEntry, source.files):
        kind = _add(files, source, entry, is_single=is_single)
        if kind != _ARCHIVE:
            continue
        folder = "" if is_single else f"{entry.name}/"
        members = list(_members(files, source, entry, folder, packs, max_bytes))
        packs.flush()
        for member in members:
            if _add(files, source, member, is_single=False) == _ARCHIVE:
                files.passed_over[member.name] = "an archive inside an archive: unpack it"
    return files


def _add(files: Files, source: CoverSource, entry: SourceEntry, *, is_single: bool) -> str | None:
    """Add a file to those of its kind, unless it is an archive; return ``_ARCHIVE`` then."""
    name = entry.name
    if name.lower().endswith(_IMAGE_ENDINGS):
        files.add_image(entry)
        return None
    try:
        with source.open(entry) as stream:
            head = stream.read(HEAD_BYTES)
    except (OSError, BadInputError) as error:
        files.passed_over[name] = str(error)
        return None
    problem = problem_of(head)
    if is_image_head(head):
        files.add_image(entry)
    elif not head.strip():
        files.passed_over[name] = "empty"
    elif is_table_name(name) or is_single or "." not in name.rpartition("/")[2]:
        try:
            format_of(head, name)
        except BadInputError as error:
            if is_archive(head):
                return _ARCHIVE
            if is_table_name(name) or is_single:
                raise BadInputError(f"covers {source.address!r}: {error}") from None
        else:
            files.tables.append(entry)
            return None
    if name not in files.passed_over and entry.name not in files.images:
        # A row may name it: its content then gives the reason.
        files.passed_over[name] = problem or "neither a table nor an image"
        files.images[name] = entry
    return None


def _members(
    files: Files,
    source: CoverSource,
    archive: SourceEntry,
    folder: str,
    packs: Packs,
    max_bytes: int,
) -> Iterator[SourceEntry]:
    with source.open(archive) as stream:
        for member in members(stream, shown_name(archive.name)):
            name = f"{folder}{member.name}"
            if member.problem or _HIDDEN.fullmatch(member.name):
                if member.problem:
                    files.passed_over[name] = member.problem
                continue
            is_image = name.lower().endswith(_IMAGE_ENDINGS)
            body = member.body.read(max_bytes + 1 if is_image else _MAX_MEMBER)
            key, offset, size = packs.add(body)
            file = SourceFile(name, packs.prefix.bucket, key, size)
            yield SourceEntry(file, ByteRange(offset, offset + size))


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
